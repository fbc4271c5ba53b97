import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { differenceOf, resultsIn } from "../results.ts";
import { type Input, mustBeRefused, type Place, type Trial } from "./input.ts";
import { withHeader, withTeachers } from "./teachers.ts";

const deep = 100_000;

const yaml =
  (text: string | Uint8Array) =>
  async ({ folder, out }: Place) => {
    const file = join(folder, "recipe.yaml");
    await writeFile(file, text);
    return ["run", "--recipe", file, "--out", out];
  };

/** Nine levels of ten references each. */
const laughs = [
  "a0: &a0 [ha]",
  ...Array.from(
    { length: 9 },
    (_, i) => `a${i + 1}: &a${i + 1} [${Array.from({ length: 10 }, () => `*a${i}`).join(", ")}]`,
  ),
  "data: *a9",
].join("\n");

const manifest =
  (change: (text: string) => string) =>
  async ({ folder, ground }: Place) => {
    const set = join(folder, "set");
    await cp(join(ground.run, "4-set"), set, { recursive: true });
    const file = join(set, "manifest.json");
    await writeFile(file, change(await readFile(file, "utf8")));
    return ["verify", set];
  };

/** A safetensors file of this header, whether JSON or not, and of so many zeros. */
const safetensors = (header: string, body = 0): Buffer => withHeader(Buffer.from(header), Buffer.alloc(body));

const weights =
  (bytes: () => Buffer, prefix = "convnet8x1=") =>
  async ({ folder }: Place) => {
    const file = join(folder, "weights.safetensors");
    await writeFile(file, bytes());
    return withTeachers(folder, `${prefix}${file}`);
  };

const entry = (shape: string, end: number): string =>
  `{"a":{"dtype":"F32","shape":${shape},"data_offsets":[0,${end}]}}`;

const teacher = (card: string) => weights(() => safetensors(JSON.stringify({ __metadata__: { teacher: card } })), "");

/** A finished run in which one file says something else. */
const run =
  (path: string, content: string) =>
  async ({ out, ground }: Place) => {
    await cp(ground.run, out, { recursive: true });
    await writeFile(join(out, path), content);
    return ["run", "--recipe", "run.yaml", "--out", out];
  };

const open = "[".repeat(deep);
const objects = '{"a":'.repeat(deep);
const student = "5-students/infer-static-convnet8x1-0.json";

const refused: Readonly<Record<string, (place: Place) => Promise<readonly string[]>>> = {
  "yaml-brackets": yaml(open),
  "yaml-braces": yaml("{a: ".repeat(20_000)),
  "yaml-dashes": yaml("- ".repeat(20_000)),
  "yaml-itself": yaml("data: &a [*a]\n"),
  "yaml-itself-in-map": yaml("data: &a {b: *a}\n"),
  "yaml-itself-at-root": yaml("&a\ndata: *a\n"),
  "yaml-itself-as-key": yaml("data: demo\nteacher: &a {? *a : 1}\n"),
  "yaml-itself-merged": yaml("data: demo\nteacher: &a {<<: *a}\n"),
  "yaml-itself-in-list-of-options": yaml("data: demo\nteachers: &a [convnet, *a]\n"),
  "yaml-laughs": yaml(laughs),
  "yaml-tag": yaml("data: !!js/function 'function () {}'\n"),
  "yaml-set": yaml("data: !!set {a, b}\n"),
  "yaml-map-key": yaml("data: demo\n? [a, b]\n: 1\n"),
  "yaml-proto": yaml("data: demo\n__proto__: {ipc: 3}\n"),
  "yaml-nul": yaml("data: demo\0\nipc: 1\n"),
  "yaml-bytes": yaml(Buffer.from([0xff, 0xfe, 0xfd, 0x80, 0x0a])),
  "yaml-two-documents": yaml("data: demo\n---\ndata: demo\n"),
  "yaml-huge-text": yaml(`data: "${"x".repeat(5_000_000)}"\n`),
  "manifest-brackets": manifest(() => open),
  "manifest-objects": manifest(() => objects),
  "manifest-deep-recipe": manifest((text) =>
    text.replace(/"recipe": \{/, `"recipe": {"deep": ${"[".repeat(5000)}${"]".repeat(5000)},`),
  ),
  "manifest-proto": manifest((text) => text.replace('"parts": {', '"parts": {"__proto__": {"holds": "bases"},')),
  "header-brackets": weights(() => safetensors(open)),
  "header-too-long": weights(() => Buffer.concat([Buffer.alloc(8, 0xff), Buffer.alloc(64)])),
  "header-negative": weights(() => safetensors(entry("[-1]", -4))),
  "header-huge-shape": weights(() => safetensors(entry("[4294967296,4294967296]", 0))),
  "header-infinite-shape": weights(() => safetensors(entry(`[${Array(40).fill(2 ** 53 - 1)}]`, 0))),
  "header-empty-shape": weights(() => safetensors(entry("[4294967296,0]", 0))),
  "header-proto": weights(() => safetensors('{"__proto__":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', 4)),
  "card-brackets": teacher(open),
  "card-null": teacher("null"),
  "card-number": teacher("7"),
  "card-list": teacher("[]"),
  "card-empty": teacher("{}"),
  "card-not-json": teacher("{"),
  "card-classes-of-null": teacher('{"architecture":"convnet8x1","classes":null,"image":null,"normalisation":null}'),
};

/** What can be made again, or is refused; never a result of its own. */
const either: typeof refused = {
  "run-recipe-bracket": run("recipe.yaml", "["),
  "run-recipe-empty": run("recipe.yaml", ""),
  "run-recipe-itself": run("recipe.yaml", "data: &a [*a]\n"),
  "run-recipe-number": run("recipe.yaml", "7\n"),
  "run-student-null": run(student, "null"),
  "run-student-deep": run(student, open),
  "run-dataset-deep": run("1-dataset.json", open),
  "run-curves-null": run("curves.json", "null"),
  "run-curves-number": run("curves.json", "7"),
  "run-seconds-null": run("seconds.json", "null"),
  "run-seconds-text": run("seconds.json", '{"data":"x"}'),
  "run-manifest-half": run("4-set/manifest.json", '{"format": "distillery-set"'),
};

/** Text that nests without end, refers to itself, or gives what no one asked for. */
export const nesting: Input = {
  name: "nesting",
  attempts: [...Object.keys(refused), ...Object.keys(either)],
  lay: async (place, name): Promise<Trial> =>
    Object.hasOwn(refused, name)
      ? { args: await refused[name]!(place), how: name, accepted: mustBeRefused }
      : {
          args: await either[name]!(place),
          how: name,
          accepted: async () => differenceOf(await resultsIn(place.out), await resultsIn(place.ground.run)),
        },
};
