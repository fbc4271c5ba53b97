import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Tensor } from "../../src/autodiff/index.ts";
import { decodeSafetensors, encodeSafetensors, type SafeTensor } from "../../src/codecs/safetensors.ts";
import { freshWeights } from "../../src/models/model.ts";
import { buildModel } from "../../src/models/registry.ts";
import { DistilleryError } from "../../src/support/errors.ts";
import { type Random, stream } from "../../src/support/random.ts";
import { readTeacher, writeTeacher } from "../../src/teachers/teacher.ts";
import { prepared } from "../distill/methods/workshop.ts";
import { temporaryFolder } from "../pipeline/tiny.ts";

type Card = Record<string, unknown>;

/** A teacher's file, written anew by `change` of its tensors and its card. */
const teacherFile = async () => {
  const data = await prepared({ classes: 3, side: 8, images: 4 });
  const file = join(await temporaryFolder(), "teacher.safetensors");
  const model = buildModel("convnet4x1", data.task);
  const weights = freshWeights(model, stream(1, "teacher file"));
  const history = { steps: [1, 2], series: { loss: [1.5, 1.25] } };
  const trained = { accuracy: 80, validationAccuracy: Number.NaN, epochs: 3, history };
  const teacher = await writeTeacher(file, "a key", data, { model, weights }, trained);
  const whole = decodeSafetensors(await readFile(file), file);
  const card = JSON.parse(whole.metadata.teacher!) as Card;
  const messageOf = async (text: string, tensors: Readonly<Record<string, SafeTensor>>): Promise<string> => {
    await writeFile(file, encodeSafetensors(tensors, { teacher: text }));
    try {
      await readTeacher(file, data);
    } catch (error) {
      expect(error).toMatchObject({ code: "CHECKPOINT", message: expect.stringContaining(file) });
      return (error as Error).message.slice((error as Error).message.indexOf(file) + file.length);
    }
    throw new Error("expected an error");
  };
  return {
    data,
    file,
    teacher,
    card,
    tensors: whole.tensors,
    ofText: (text: string) => messageOf(text, whole.tensors),
    ofCard: (change: Card) => messageOf(JSON.stringify({ ...card, ...change }), whole.tensors),
    ofTensors: (change: (tensors: Record<string, SafeTensor>) => void) => {
      const tensors = { ...whole.tensors };
      change(tensors);
      return messageOf(JSON.stringify(card), tensors);
    },
  };
};

describe("a teacher's file", () => {
  it("gives back what was written", async () => {
    const { data, file, teacher } = await teacherFile();
    const { model, ...rest } = teacher;
    expect(await readTeacher(file, data)).toMatchObject(rest);
    expect(await readTeacher(file, data, "another key")).toBeUndefined();
  });

  it("whose card is none is refused", async () => {
    const { ofText } = await teacherFile();
    for (const text of ["", "{", "nonsense", '{"key": 1, "key": 2}', "[".repeat(1000)]) {
      expect(await ofText(text)).toMatch(
        /^: its metadata "teacher" (is not JSON|holds the key "key" twice .*); the file is/,
      );
    }
    for (const text of ["null", "3", '"text"', "[]"]) {
      expect(await ofText(text)).toMatch(/^: its metadata "teacher": expected the fields key, architecture, .*, got /);
    }
    expect(await ofText("{}")).toMatch(
      /"teacher": key: expected text of 1 to 200 characters, got nothing; the file is damaged/,
    );
  });

  it.each<[string, Card, RegExp]>([
    ["no normalisation", { normalisation: undefined }, /normalisation: expected the fields mean, std, got nothing/],
    [
      "a mean of text",
      { normalisation: { mean: "dark", std: [1, 1, 1] } },
      /normalisation\.mean: expected three numbers/,
    ],
    [
      "a deviation of 0",
      { normalisation: { mean: [0, 0, 0], std: [1, 0, 1] } },
      /std\.1: expected a number from 0\.001/,
    ],
    ["no image", { image: undefined }, /image: expected the fields height, width, got nothing/],
    [
      "an image of 0",
      { image: { height: 0, width: 8 } },
      /image\.height: expected a whole number from 1 to 4096, got 0/,
    ],
    [
      "a number for an architecture",
      { architecture: 18 },
      /architecture: expected text of 1 to 200 characters, got 18/,
    ],
    [
      "no such architecture",
      { architecture: "resnet81" },
      /architecture: expected a network that is known here, got "res/,
    ],
    ["an architecture too deep", { architecture: "convnet4x9" }, /architecture: expected a network that is known here/],
    ["a width beyond numbers", { architecture: `convnet${"9".repeat(150)}` }, /of another shape or type: blocks\.0/],
    ["classes of numbers", { classes: [1, 2, 3] }, /classes\.0: expected text of 1 to 1000 characters, got 1/],
    [
      "classes twice",
      { classes: ["a", "a", "b"] },
      /classes: expected different names, got "a" for class 1 as for class 0/,
    ],
    ["a class list of text", { classes: "cat" }, /classes: expected a list of 1 to 65536, got "cat"/],
    ["accuracy in words", { accuracy: "high" }, /accuracy: expected a number from 0 to 100, got "high"/],
    ["too much accuracy", { accuracy: 999 }, /accuracy: expected a number from 0 to 100, got 999/],
    ["accuracy below 0", { accuracy: -1 }, /accuracy: expected a number from 0 to 100, got -1/],
    ["no accuracy", { accuracy: null }, /accuracy: expected a number from 0 to 100, got nothing/],
    ["views of text", { accuracyViews: "six" }, /accuracyViews: expected a number from 0 to 100, got "six"/],
    [
      "validation of text",
      { validationAccuracy: "x" },
      /validationAccuracy: expected a number from 0 to 100, or null, got "x"/,
    ],
    ["half an epoch", { epochs: 0.5 }, /epochs: expected a whole number from 0 to 1000000000, got 0\.5/],
    ["no history", { history: undefined }, /history: expected the fields steps, series, got nothing/],
    [
      "a history of text",
      { history: { steps: "1", series: {} } },
      /history\.steps: expected a list of numbers, got "1"/,
    ],
    [
      "an uneven history",
      { history: { steps: [1], series: { loss: [] } } },
      /history: expected as many values in each/,
    ],
    ["a field more", { colour: "blue" }, /colour: unknown field/],
  ])("with %s names the field", async (_, change, message) => {
    const { ofCard } = await teacherFile();
    expect(await ofCard(change)).toMatch(message);
  });

  it.each<[string, (tensors: Record<string, SafeTensor>) => void, RegExp]>([
    ["a tensor missing", (t) => delete t["fc.bias"], /does not hold the weights of convnet4x1 .* 1 missing: fc\.bias;/],
    ["a tensor more", (t) => Object.assign(t, { extra: t["fc.bias"] }), /1 left over: extra;/],
    [
      "a tensor of another shape",
      (t) => Object.assign(t, { "fc.bias": { dtype: "F32", shape: [1, 3], data: new Float32Array(3) } }),
      /fc\.bias is F32 \[1,3\], expected F32 or F16 \[3\]; the file is damaged/,
    ],
    [
      "a tensor of whole numbers",
      (t) => Object.assign(t, { "fc.bias": { dtype: "I64", shape: [3], data: new BigInt64Array(3) } }),
      /fc\.bias is I64 \[3\], expected F32 or F16 \[3\]/,
    ],
    [
      "a tensor of bytes",
      (t) => Object.assign(t, { "fc.bias": { dtype: "U8", shape: [3], data: new Uint8Array(3) } }),
      /fc\.bias is U8, expected F32 or I64/,
    ],
    [
      "values that are no numbers",
      (t) => Object.assign(t, { "fc.bias": { dtype: "F32", shape: [3], data: Float32Array.of(0, Number.NaN, 1 / 0) } }),
      /: of the tensors of convnet4x1, 1 with NaN or infinite values, or variances below 0: fc\.bias \(2 of 3\); train it/,
    ],
    [
      "negative variances",
      (t) => {
        const name = "blocks.0.norm.running_var";
        Object.assign(t, { [name]: { dtype: "F32", shape: [4], data: Float32Array.of(1, -1, 0, -1e-7) } });
      },
      /variances below 0: blocks\.0\.norm\.running_var \(1 of 4\)/,
    ],
  ])("with %s names it", async (_, change, message) => {
    const { ofTensors } = await teacherFile();
    expect(await ofTensors(change)).toMatch(message);
  });
});

const odd: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1e308,
  "",
  "x",
  [],
  {},
  [null],
  { a: {} },
  "\u0000",
  "9".repeat(99),
];

/** One value somewhere inside a card, replaced, removed or put in another place. */
const mutateCard = (value: unknown, random: Random): unknown => {
  if (typeof value !== "object" || value === null || random.int(4) === 0) return odd[random.int(odd.length)];
  const keys = Object.keys(value);
  const key = keys[random.int(keys.length)];
  if (key === undefined) return odd[random.int(odd.length)];
  const copy = (Array.isArray(value) ? [...value] : { ...value }) as Card;
  if (random.int(6) === 0) delete copy[key];
  else copy[key] = mutateCard(copy[key], random);
  return copy;
};

const mutateBytes = (bytes: Uint8Array, random: Random): Uint8Array => {
  // Most of a file is tensors, in which nothing is out of place.
  const at = random.int(random.int(2) === 0 ? bytes.length : 1200);
  switch (random.int(5)) {
    case 0:
      return bytes.with(at, bytes[at]! ^ (1 << random.int(8)));
    case 1:
      return bytes.with(at, random.int(256));
    case 2:
      return bytes.subarray(0, at);
    case 3:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + random.int(20))]);
    default:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at, at + random.int(50)), bytes.subarray(at)]);
  }
};

it("whatever is changed in a teacher's file, it is read or refused as CHECKPOINT", async () => {
  const { data, file, card, tensors } = await teacherFile();
  const whole = await readFile(file);
  const random = stream(7, "mutations");
  const model = buildModel("convnet4x1", data.task);
  let refused = 0;
  for (let i = 0; i < 500; i++) {
    const bytes =
      i % 2 === 0
        ? mutateBytes(whole, random)
        : encodeSafetensors(tensors, { teacher: JSON.stringify(mutateCard(card, random)) });
    await writeFile(file, bytes);
    try {
      const teacher = await readTeacher(file, data);
      // One that is taken can be used and reported.
      expect(Object.keys(teacher!.weights.parameters)).toEqual(Object.keys(model.parameters));
      for (const t of Object.values<Tensor>(teacher!.weights.parameters)) {
        expect((t.data as Float32Array).every(Number.isFinite)).toBe(true);
      }
      expect(teacher!.accuracy).toBeGreaterThanOrEqual(0);
      expect(teacher!.accuracy).toBeLessThanOrEqual(100);
      for (const values of Object.values(teacher!.history.series))
        expect(values).toHaveLength(teacher!.history.steps.length);
    } catch (error) {
      expect(error, String(i)).toBeInstanceOf(DistilleryError);
      expect(error).toMatchObject({ code: "CHECKPOINT", message: expect.stringContaining("teacher.safetensors") });
      refused++;
    }
  }
  expect(refused).toBeGreaterThan(300);
});
