// Packing and unpacking stored logits.
import { decodeFloat16, encodeFloat16 } from "../../codecs/float16.ts";
import type { SafeTensor } from "../../codecs/safetensors.ts";
import { dataOf, type FileTensors } from "../../codecs/tensor-layout.ts";
import { DistilleryError } from "../../support/errors.ts";
import { type LabelChoice, labelLayout } from "./choose.ts";

/** Values by tensor name, to be given dtypes and shapes by the layout. */
type Values = Readonly<Record<string, SafeTensor["data"]>>;

const packBytes = (logits: Float32Array, rows: number, classes: number): Values => {
  const row = (i: number): Float32Array => logits.subarray(i * classes, (i + 1) * classes);
  const offsets = encodeFloat16(Float32Array.from({ length: rows }, (_, i) => Math.min(...row(i))));
  const lowest = decodeFloat16(offsets);
  // The offset was rounded, so it can lie above all of a row whose logits are alike.
  const scales = encodeFloat16(lowest.map((low, i) => Math.max(0, (Math.max(...row(i)) - low) / 255)));
  const step = decodeFloat16(scales);
  const levels = new Uint8Array(logits.length);
  for (let at = 0; at < logits.length; at++) {
    const i = Math.floor(at / classes);
    const level = step[i] === 0 ? 0 : Math.round((logits[at]! - lowest[i]!) / step[i]!);
    levels[at] = Math.max(0, Math.min(255, level));
  }
  return { logits: levels, logit_offsets: offsets, logit_scales: scales };
};

/** Classes of the k largest logits, largest first; of equal ones the first class first. */
const largest = (row: Float32Array, k: number): number[] => {
  const bar = row.toSorted()[row.length - k]!;
  const above: number[] = [];
  const level: number[] = [];
  row.forEach((z, c) => {
    if (z > bar) above.push(c);
    else if (z === bar) level.push(c);
  });
  return [...above, ...level.slice(0, k - above.length)].sort((a, b) => row[b]! - row[a]! || a - b);
};

/** r = T (logsumexp(z / T) - log n) of the n logits that are not kept: n classes of logit r weigh what they weigh. */
const restOf = (row: Float32Array, kept: ReadonlySet<number>, temperature: number): number => {
  const others = row.filter((_, c) => !kept.has(c));
  const top = Math.max(...others);
  const sum = others.reduce((total, z) => total + Math.exp((z - top) / temperature), 0);
  return top + temperature * Math.log(sum / others.length);
};

const packLargest = (logits: Float32Array, classes: number, k: number, temperature: number): Values => {
  const rows = logits.length / classes;
  const indices = classes <= 256 ? new Uint8Array(rows * k) : new Uint16Array(rows * k);
  const kept = new Float32Array(rows * k);
  const rest = new Float32Array(rows);
  for (let i = 0; i < rows; i++) {
    const row = logits.subarray(i * classes, (i + 1) * classes);
    const top = largest(row, k);
    indices.set(top, i * k);
    kept.set(
      top.map((c) => row[c]!),
      i * k,
    );
    rest[i] = restOf(row, new Set(top), temperature);
  }
  return { top_classes: indices, logits: encodeFloat16(kept), rest: encodeFloat16(rest) };
};

const valuesOf = (choice: LabelChoice, logits: Float32Array, classes: number): Values => {
  if (choice.kind === "none") return {};
  if (choice.kind === "top-k") return packLargest(logits, classes, choice.k, choice.temperature);
  return choice.dtype === "F16"
    ? { logits: encodeFloat16(logits) }
    : packBytes(logits, logits.length / classes, classes);
};

/**
 * Logits [rows, C] as the tensors that a set stores.
 * @throws DistilleryError NOT_FINITE for a logit that is no finite half float (NaN, infinite, or beyond 65504).
 */
export const packLabels = (choice: LabelChoice, logits: Float32Array, classes: number): FileTensors => {
  // From 65520 on a half is infinite; the comparison is false for NaN.
  const bad = logits.findIndex((z) => !(Math.abs(z) < 65520));
  if (bad >= 0) {
    throw new DistilleryError(
      "NOT_FINITE",
      `labels: the logit of image ${Math.floor(bad / classes)}, class ${bad % classes} is ${logits[bad]}, expected a finite value up to 65504, the largest half float; check the teachers`,
    );
  }
  const values = valuesOf(choice, logits, classes);
  const layout = labelLayout(choice, logits.length / classes, classes);
  return Object.fromEntries(
    Object.entries(layout).map(([name, type]) => [name, { ...type, data: values[name]! } as SafeTensor]),
  );
};

const indicesOf = (labels: FileTensors, classes: number): Uint8Array | Uint16Array =>
  classes <= 256 ? dataOf(labels, "top_classes", "U8") : dataOf(labels, "top_classes", "U16");

/** Says what is wrong with labels of the right layout, as "its ..."; undefined when they can be read. */
export const labelProblem = (choice: LabelChoice, labels: FileTensors, classes: number): string | undefined => {
  if (choice.kind !== "top-k") return undefined;
  const indices = indicesOf(labels, classes);
  const { k } = choice;
  for (let from = 0; from < indices.length; from += k) {
    const row = indices.subarray(from, from + k);
    const beyond = row.find((c) => c >= classes);
    if (beyond !== undefined) return `its row ${from / k} names class ${beyond}, there are ${classes}`;
    if (new Set(row).size < k) return `its row ${from / k} names a class twice`;
  }
  return undefined;
};

/** Puts row `row` of the logits into `out` at `at`, C values. */
type WriteRow = (row: number, out: Float32Array, at: number) => void;

/** Reads rows of packed labels, of the right layout and without problems, one at a time: nothing is expanded before. */
export const unpackLabels = (
  choice: Exclude<LabelChoice, { readonly kind: "none" }>,
  labels: FileTensors,
  classes: number,
): WriteRow => {
  if (choice.kind === "top-k") {
    const { k } = choice;
    const indices = indicesOf(labels, classes);
    const logits = dataOf(labels, "logits", "F16");
    const rest = decodeFloat16(dataOf(labels, "rest", "F16"));
    return (row, out, at) => {
      out.fill(rest[row]!, at, at + classes);
      const kept = decodeFloat16(logits.subarray(row * k, (row + 1) * k));
      for (let i = 0; i < k; i++) out[at + indices[row * k + i]!] = kept[i]!;
    };
  }
  if (choice.dtype === "F16") {
    const logits = dataOf(labels, "logits", "F16");
    return (row, out, at) => out.set(decodeFloat16(logits.subarray(row * classes, (row + 1) * classes)), at);
  }
  const levels = dataOf(labels, "logits", "U8");
  const offsets = decodeFloat16(dataOf(labels, "logit_offsets", "F16"));
  const scales = decodeFloat16(dataOf(labels, "logit_scales", "F16"));
  return (row, out, at) => {
    for (let c = 0; c < classes; c++) out[at + c] = offsets[row]! + scales[row]! * levels[row * classes + c]!;
  };
};
