import { describe, expect, it } from "vitest";
import { expectedParts, isSetFile, manifestName, parseManifest } from "../../../src/sets/manifest/manifest.ts";
import { sealManifest } from "../../../src/sets/manifest/seal.ts";
import type { Unlisted } from "../../../src/sets/set.ts";
import { sha256 } from "../../../src/support/files.ts";
import { exampleSet, hardSet } from "../example-set.ts";

type Fields = Record<string, unknown>;

const part = (holds: string) => ({ holds, bytes: 300, sha256: "c".repeat(64) });

/** The example's manifest, its own hash left out, with parts that nobody looks at here. */
const example = (): Fields => ({
  ...structuredClone(exampleSet().manifest),
  parts: {
    "bases/0.png": part("bases"),
    "bases/1.png": part("bases"),
    "compensators.safetensors": part("compensators"),
    "labels.safetensors": part("labels"),
    "decode.onnx": part("decoder"),
  },
});

/** The same as a manifest of an earlier version. */
const older = (version: 1 | 2 | 3 | 4 | 5): Fields => {
  if (version === 5) return { ...example(), version };
  const { budget: all, ...rest } = example();
  const { perBase: _, perClass: __, ...budget } = all as Fields;
  if (version === 4) return { ...rest, version, budget };
  const { pixels: ___, storage: ____, decoding: _____, parts, ...fields } = rest;
  const { "decode.onnx": ______, ...others } = parts as Fields;
  return { ...fields, version, budget, parts: others };
};

/** What is read of it. */
const upgraded = (): Fields => ({
  ...example(),
  decoding: "",
  undecoded: true,
  unnamedAxes: true,
  parts: older(3).parts,
});

const messageOf = (text: string | Uint8Array): string => {
  try {
    parseManifest(Buffer.from(text as string), manifestName);
  } catch (error) {
    expect(error).toMatchObject({ code: "SET" });
    return (error as Error).message;
  }
  throw new Error("expected an error");
};

/** Puts a value at a path such as `budget.ipc`, by a text that JSON.stringify may not be able to make. */
const withValue = (path: string, value: string): string => {
  const fields = example();
  const steps = path.split(".");
  const last = steps.pop()!;
  const at = steps.reduce((object, step) => object[step] as Fields, fields);
  at[last] = "the value";
  const text = sealManifest(fields).replace('"the value"', () => value);
  // The hash fits, so that only the value is wrong.
  const body = text.slice(0, text.lastIndexOf('  "sha256"'));
  return `${body}  "sha256": "${sha256(body)}"\n}\n`;
};

describe("the hash of a manifest", () => {
  const text = sealManifest(example());

  it("is that of all bytes before its line", () => {
    const lines = text.split("\n");
    const before = `${lines.slice(0, -3).join("\n")}\n`;
    expect(lines.slice(-3)).toEqual([`  "sha256": "${sha256(before)}"`, "}", ""]);
    expect(parseManifest(Buffer.from(text), manifestName)).toEqual({ ...example(), sha256: sha256(before) });
  });

  it.each<[string, (text: string) => string]>([
    ["white space behind", (t) => `${t}\n`],
    ["no last line break", (t) => t.slice(0, -1)],
    ["another indentation", (t) => `${JSON.stringify(JSON.parse(t), null, 1)}\n`],
    [
      "another order",
      (t) => JSON.stringify(Object.fromEntries(Object.entries(JSON.parse(t) as Fields).reverse()), null, 2),
    ],
    ["one number", (t) => t.replace("85.25", "85.26")],
    ["an escape", (t) => t.replace('"cat"', '"\\u0063at"')],
    ["Windows' line breaks", (t) => t.replaceAll("\n", "\r\n")],
  ])("tells of %s", (_, change) => {
    expect(change(text)).not.toBe(text);
    expect(messageOf(change(text))).toMatch(
      /^manifest.json: it is not as it was written: .*; make or fetch the set again$/,
    );
  });

  it("belongs to versions 3 to 6, and to no other", () => {
    const without = JSON.stringify(older(2), null, 2);
    expect(parseManifest(Buffer.from(without), manifestName)).toEqual(upgraded());
    for (const fields of [older(3), older(4), older(5), example()]) {
      expect(messageOf(JSON.stringify(fields, null, 2))).toMatch(/sha256: expected 64 hexadecimal digits, got not/);
      expect(parseManifest(Buffer.from(sealManifest(fields)), manifestName)).toMatchObject({ version: 6 });
    }
    for (const version of [1, 2] as const) {
      expect(messageOf(sealManifest(older(version)))).toMatch(/: sha256: unknown field;/);
    }
  });
});

describe("what is no manifest", () => {
  it.each<[string, string | Uint8Array, RegExp]>([
    ["nothing", "", /it is not JSON: it was cut short or edited/],
    ["a part of one", sealManifest(example()).slice(0, 100), /it is not JSON/],
    ["of something else", '{"name": "web app", "icons": []}', /it is not the manifest of a distilled set/],
    ["a list", "[]", /it is not the manifest of a distilled set/],
    [
      "a newer one",
      '{"format":"distillery-set","version":7}',
      /version 7, this program reads versions 1 to 6; update disti/,
    ],
    ["of no version", '{"format":"distillery-set","version":0}', /version: expected 1 to 6, got 0/],
    ["no text", Uint8Array.of(0x7b, 0xff, 0x7d), /it is not text in UTF-8/],
    [
      "a pointer",
      "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n",
      /it is a Git-LFS pointer; fetch/,
    ],
    ["a page", "<!doctype html><title>Not found</title>", /it is an HTML page/],
    ["a key twice", '{"format":"distillery-set","seed":1,"seed":2}', /it holds the key "seed" twice in one object/],
    ["deep", `{"recipe":${"[".repeat(5000)}${"]".repeat(5000)}}`, /it is nested more than 100 deep/],
    ["__proto__", '{"parts":{"__proto__":{}}}', /it holds the key "__proto__"/],
  ])("%s", (_, text, message) => {
    expect(messageOf(text)).toMatch(message);
  });
});

describe("a manifest that cannot be right is refused, naming field, expectation and value", () => {
  const long = JSON.stringify("x".repeat(100_000));
  it.each<[string, string, string | RegExp]>([
    ["colour", '"blue"', "colour: unknown field"],
    ["image.depth", "3", "image.depth: unknown field"],
    ["data", '""', 'data: expected text of 1 to 4096 characters, got ""'],
    ["data", long, /^data: expected text of 1 to 4096 characters, got "x{70,80}\.\.\.$/],
    ["method", '""', 'method: expected text of 1 to 200 characters, got ""'],
    ["method", long, /^method: expected text of 1 to 200 characters, got "xxx/],
    ["pixels", '"painted"', 'pixels: expected one of natural, crops, from-natural, from-noise, got "painted"'],
    ["storage.height", "2", "storage: expected 4x5 for images of 4x5, got 2x5"],
    ["storage.width", "0", "storage.width: expected a whole number from 1 to 4096, got 0"],
    ["storage.kind", "3", "storage.kind: expected text of 1 to 200 characters, got 3"],
    ["decoding", long, /^decoding: expected text of 0 to 10000 characters, got "xxx/],
    ["undecoded", "false", "undecoded: expected true, or nothing, got false"],
    ["undecoded", "true", 'parts lists "decode.onnx", which does not belong to a set'],
    ["classes", "[]", "classes: expected a list of 1 to 65536, got []"],
    ["classes", '["cat", "dog", "cat"]', 'classes: expected different names, got "cat" for class 2 as for class 0'],
    [
      "classes",
      '["caf\\u00e9", "dog", "cafe\\u0301"]',
      /^classes: expected different names, got "cafe\u0301" for class 2/,
    ],
    ["classes", '["cat", "", "dog"]', 'classes.1: expected text of 1 to 1000 characters, got ""'],
    ["classes", `[${'"c",'.repeat(70_000)}"c"]`, /^classes: expected a list of 1 to 65536, got /],
    ["classes", '["cat", "dog"]', "budget.trainingImages: expected 12 or a multiple of it up to 1001 times, got 18"],
    ["words", '["cat"]', "words: expected 3, one a class, got 1"],
    ["image.height", "0", "image.height: expected a whole number from 1 to 4096, got 0"],
    ["image.height", "5000", "image.height: expected a whole number from 1 to 4096, got 5000"],
    ["image.height", '"32"', 'image.height: expected a whole number from 1 to 4096, got "32"'],
    ["image.width", "4.5", "image.width: expected a whole number from 1 to 4096, got 4.5"],
    ...["0", "-0.25", "1e-300", "9e9"].map((std): [string, string, string] => [
      "normalisation.std.1",
      std,
      `normalisation.std.1: expected a number from 0.001 to 1, got ${Number(std)}`,
    ]),
    ["normalisation.std.0", "1e999", "normalisation.std.0: expected a number from 0.001 to 1, got Infinity"],
    ["normalisation.std.0", "null", "normalisation.std.0: expected a number from 0.001 to 1, got nothing"],
    ["normalisation.std.0", "NaN", /^it is not JSON/],
    ["normalisation.std", "[0.2, 0.2]", "normalisation.std: expected three numbers, got [0.2,0.2]"],
    ["normalisation.mean.2", "9e9", "normalisation.mean.2: expected a number from 0 to 1, got 9000000000"],
    ["budget.ipc", "400", "recipe.ipc: expected budget.ipc, 400, got 4"],
    ["budget.ipc", "3", "budget.ipc: expected at least 4 for what is stored, got 3"],
    [
      "budget.bases",
      "4",
      "budget.compensators: expected 8, 2 of each of 4 base sets and 0 of each of 3 classes, got 4",
    ],
    ["budget.bases", "0", "budget.bases: expected a whole number from 1 to 100000000, got 0"],
    ["budget.compensators", "5", "budget.compensators: expected 4, 2 of each of 2 base sets and 0 of each of 3 c"],
    ["budget.perClass", "2", "budget.compensators: expected 10, 2 of each of 2 base sets and 2 of each of 3 c"],
    ["budget.perClass", "-1", "budget.perClass: expected a whole number from 0 to 100000000, got -1"],
    ["budget.perBase", "0.5", "budget.perBase: expected a whole number from 0 to 100000000, got 0.5"],
    ["budget.trainingImages", "35", "budget.trainingImages: expected 18 or a multiple of it up to 1001 times, got 35"],
    ["budget.trainingImages", "18036", /^budget.trainingImages: expected 18 or .* up to 1001 times, got 18036$/],
    ["compensators.dtype", '"none"', 'compensators.dtype: expected F32, F16, I8, I4 for compensators, got "none"'],
    ["labels", '{ "kind": "votes" }', "labels.kind: expected the kind none, logits or top-k, and its fields"],
    ["labels", '{ "kind": "none" }', 'parts lists "labels.safetensors", which does not belong to a set'],
    ["labels.dtype", '"F99"', 'labels.dtype: expected one of F16, U8, got "F99"'],
    [
      "labels",
      '{ "kind": "top-k", "k": 3, "temperature": 30, "dtype": "F16" }',
      "labels.k: expected less than 3 classes, got 3",
    ],
    [
      "labels",
      '{ "kind": "top-k", "k": 1, "temperature": 0, "dtype": "F16" }',
      "labels.temperature: expected a number above 0, got 0",
    ],
    ["teachers", "[]", "teachers: expected those that made the labels, got 0"],
    ["teachers.0.accuracy", "100.5", "teachers.0.accuracy: expected a number from 0 to 100, got 100.5"],
    ["teachers.1.sha256", '"abc"', 'teachers.1.sha256: expected 64 hexadecimal digits, got "abc"'],
    ["teachers.1.sha256", `"${"A".repeat(64)}"`, /^teachers.1.sha256: expected 64 hexadecimal digits/],
    ["teachers.0.architecture", long, /^teachers.0.architecture: expected text of 1 to 200 characters, got "xxx/],
    ["recipe", "{}", "recipe.data: expected text of 1 to 4096 characters, got nothing"],
    ["recipe", "[]", "recipe: expected a recipe, got []"],
    ["recipe.ipc", "5", "recipe.ipc: expected budget.ipc, 4, got 5"],
    ["recipe.seed", "7", "recipe.seed: expected the set's, 1, got 7"],
    ["seed", "-1", "seed: expected a whole number from 0 to 9007199254740991, got -1"],
    ["seed", "1e300", /^seed: expected a whole number from 0 to 9007199254740991, got 1e\+300$/],
    ["notice", long, /^notice: expected text of 0 to 10000 characters, got "xxx/],
    [
      "parts",
      '{ "../../etc/passwd": { "holds": "bases" } }',
      /^parts\.\.\.\/\.\.\/etc\/passwd\.bytes: expected a whole/,
    ],
    ["parts", "{}", "parts: expected a file for each of 2 sheets of bases, got 0"],
    ["parts", '{ "__proto__": {} }', 'it holds the key "__proto__": it was cut short or edited'],
  ])("%s, case %#", (path, value, message) => {
    const problem = messageOf(withValue(path, value)).replace(/^manifest.json: /, "");
    expect(problem).toMatch(/; make or fetch the set again$/);
    const said = problem.replace(/; make or fetch the set again$/, "");
    if (typeof message === "string") expect(said.slice(0, message.length)).toBe(message);
    else expect(said).toMatch(message);
    expect(problem.length).toBeLessThan(400);
  });

  it("files of others, and what they hold", () => {
    const parts = example().parts as Fields;
    const of = (changed: Fields): string => messageOf(sealManifest({ ...example(), parts: { ...parts, ...changed } }));
    expect(of({ "../../x": part("bases") })).toMatch(/parts lists "..\/..\/x", which does not belong to a set/);
    expect(of({ "compensators.safetensors": undefined })).toMatch(/: parts does not list compensators\.safetensors;/);
    const { manifest } = exampleSet();
    const budget = {
      ipc: 99_999_999,
      bases: 59_999_999,
      compensators: 119_999_998,
      perBase: 2,
      perClass: 0,
      trainingImages: 539_999_991,
    };
    const huge = { ...manifest, budget, recipe: { data: "x", ipc: budget.ipc }, parts };
    expect(messageOf(sealManifest(huge))).toMatch(/budget.compensators: expected a whole number from 0 to 100000000/);
    const many = {
      ipc: 10_000_000,
      bases: 6_000_000,
      compensators: 12_000_000,
      perBase: 2,
      perClass: 0,
      trainingImages: 54_000_000,
    };
    expect(messageOf(sealManifest({ ...huge, budget: many, recipe: { data: "x", ipc: many.ipc } }))).toMatch(
      /parts: expected a file for each of 6000000 sheets of bases, got 5/,
    );
    expect(of({ "bases/0.png": part("labels") })).toMatch(/parts.bases\/0.png.holds: expected bases, got labels/);
    expect(of({ "bases/0.png": { ...part("bases"), bytes: 0 } })).toMatch(
      /bases\/0.png.bytes: expected a whole number from 1/,
    );
  });

  it("a way to store images that is not known, with what rebuilds them all the same", () => {
    expect(messageOf(withValue("storage.kind", '"holograms"'))).toBe(
      'manifest.json: its images are stored as "holograms", which this program does not know (it knows images, formation2, formation3, formation4); ' +
        "update distillery, or rebuild them by the set's decode.onnx in any ONNX runtime",
    );
  });

  it("but any name of a method is right, as long as it can be read", () => {
    const named = { ...example(), method: "somebody's own" };
    expect(parseManifest(Buffer.from(sealManifest(named)), manifestName)).toMatchObject(named);
  });

  it("but sets without compensators, labels or teachers are right", () => {
    const { manifest } = hardSet();
    const parts = {
      "bases/0.png": part("bases"),
      "bases/1.png": part("bases"),
      "decode.onnx": part("decoder"),
    };
    expect(parseManifest(Buffer.from(sealManifest({ ...manifest, parts })), manifestName)).toMatchObject(manifest);
  });
});

it("files of sets are told by their names", () => {
  const { manifest } = exampleSet();
  const own = [...expectedParts(manifest as Unlisted).keys(), manifestName, "bases/10.png"];
  expect(own.filter((path) => !isSetFile(path))).toEqual([]);
  const others = [
    "README.md",
    "bases",
    "bases/.png",
    "bases/0.png/0",
    "bases/01.png",
    "0/bases/0.png",
    "sets/manifest.json",
  ];
  expect(others.filter(isSetFile)).toEqual([]);
});
