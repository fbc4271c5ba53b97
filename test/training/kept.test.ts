import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { tensor } from "../../src/autodiff/index.ts";
import { type Device, openDevice } from "../../src/runtime/index.ts";
import { silent } from "../../src/support/work/progress.ts";
import { readStored } from "../../src/training/checkpoint.ts";
import {
  fileOf,
  historyOf,
  type JobKind,
  type KeptAround,
  type KeptJob,
  keptTensor,
  runKept,
  runKeptLoop,
  tensorStore,
} from "../../src/training/kept.ts";
import { quadraticLoop, recording, traceQuadratic } from "./quadratic.ts";

let device: Device;
let folder: string;
beforeAll(async () => {
  device = await openDevice("cpu", { threads: 1 });
  folder = await mkdtemp(join(tmpdir(), "distillery-kept-"));
});
afterAll(async () => {
  await device.close();
  await rm(folder, { recursive: true });
});

const small = (): number => 1;

/** Where jobs are done, one at a time. */
const around = (name: string, over: Partial<KeptAround> = {}): KeptAround => ({
  folder: join(folder, name),
  device,
  progress: silent,
  jobs: 1,
  ...over,
});

/** A kind whose jobs store their numbers, and tell when they are done; `opened` counts how often it was opened. */
const numbers = (made: number[], opened: string[] = []): JobKind<KeptAround> => ({
  kind: "number",
  store: tensorStore,
  open: async ({ folder: where }) => {
    opened.push(where);
    return async ({ spec, cost }, _worker, { progress }) => {
      const number = Number(spec);
      const bar = progress.task("own", cost);
      for (let i = 1; i <= cost; i++) bar.update(i);
      made.push(number);
      return { tensors: { number: tensor(Float32Array.of(number), [1]) }, metadata: { said: `${number}` } };
    };
  },
});

const numbered = (number: number, cost: number, key = `key ${number}`): KeptJob => ({
  kind: "number",
  name: `${number}`,
  spec: number,
  key,
  cost,
});

test("works share one bar, come back in order, and are done once", async () => {
  const made: number[] = [];
  const opened: string[] = [];
  const seen: number[] = [];
  const jobs = [numbered(0, 2), numbered(1, 3), numbered(2, 1)];
  const kind = numbers(made, opened);
  const recorded = around("numbers", { progress: recording((done) => seen.push(done)) });
  const kept = await runKept("numbers", kind, jobs, small, recorded);
  expect(kept.map(({ metadata }) => metadata.said)).toEqual(["0", "1", "2"]);
  // The longest first.
  expect(made).toEqual([1, 0, 2]);
  expect(seen).toEqual([1, 2, 3, 4, 5, 6]);
  expect((await readStored(kept[1]!.file))!.tensors.number!.data).toEqual(Float32Array.of(1));

  expect((await keptTensor(kept[1]!, "number")).data).toEqual(Float32Array.of(1));
  // What they share is prepared once.
  expect(opened).toEqual([join(folder, "numbers")]);

  const again = [numbered(0, 2), numbered(1, 3, "another key"), numbered(2, 1)];
  expect(await runKept("numbers", kind, again, small, around("numbers"))).toHaveLength(3);
  expect(made).toEqual([1, 0, 2, 1]);
  // Nothing is prepared where nothing is left to do.
  await runKept("numbers", kind, again, small, around("numbers"));
  expect(opened).toHaveLength(2);
});

test("a job goes through JSON, and its kind makes the same file of it in another folder", async () => {
  const job: KeptJob = { ...numbered(3, 2), spec: 3 };
  const kind = numbers([]);
  const [kept] = await runKept("numbers", kind, [job], small, around("here"));
  const sent = JSON.parse(JSON.stringify(job)) as KeptJob;
  expect(sent).toEqual(job);
  const other = around("there");
  const file = fileOf(other.folder, sent);
  await runKept("numbers", numbers([]), [sent], small, other);
  expect(await readFile(file)).toEqual(await readFile(kept!.file));
});

test("a tensor that has gone is told of by the file's name", async () => {
  const [kept] = await runKept("gone", numbers([]), [numbered(4, 1)], small, around("gone"));
  await expect(keptTensor(kept!, "letter")).rejects.toMatchObject({
    code: "CHECKPOINT",
    message: `${kept!.file}: expected its tensor letter, it is missing`,
  });
  await rm(kept!.file);
  await expect(keptTensor(kept!, "number")).rejects.toMatchObject({ code: "CHECKPOINT" });
});

test("a loop keeps what it says of its state, and its history; its checkpoint goes away", async () => {
  const steps = 30;
  const job: KeptJob = { kind: "loop", name: "0", spec: null, key: "loop", cost: steps };
  const loops: JobKind<KeptAround> = {
    kind: "loop",
    store: tensorStore,
    open:
      async ({ folder: where }) =>
      async (given, worker, context) => {
        const stepper = await worker.stepper("quadratic", traceQuadratic);
        return runKeptLoop(where, given, { ...quadraticLoop(stepper, { steps }), keep: ({ x }) => ({ x }) }, context);
      },
  };
  const stop = new AbortController();
  const progress = recording((done) => done === 9 && stop.abort());
  const stopped = around("loops", { progress, signal: stop.signal });
  await expect(runKept("loops", loops, [job], small, stopped)).rejects.toMatchObject({ code: "INTERRUPTED" });
  expect(await readdir(join(folder, "loops"))).toEqual(["0.partial"]);
  const [kept] = await runKept("loops", loops, [job], small, around("loops"));
  expect(await readdir(join(folder, "loops"))).toEqual(["0.safetensors"]);
  expect(historyOf(kept!).steps).toEqual(Array.from({ length: steps }, (_, i) => i + 1));
  const stored = await readStored(join(folder, "loops", "0.safetensors"));
  expect(Object.keys(stored!.tensors)).toEqual(["x"]);
  expect(stored!.metadata.key).toBe("loop");
});

test("a result or checkpoint that rotted is made anew, with a line that names its file", async () => {
  const made: number[] = [];
  const file = join(folder, "rot", "7.safetensors");
  const notes: string[] = [];
  const progress = { ...silent, note: (line: string) => notes.push(line) };
  const run = () => runKept("rot", numbers(made), [numbered(7, 1)], small, around("rot", { progress }));
  await run();
  const whole = await readFile(file);
  expect(made).toEqual([7]);
  // Every byte counts, but for those that other programs may write otherwise: they leave no file of ours.
  const places = Array.from({ length: 24 }, (_, i) => Math.floor((i * (whole.length - 1)) / 23));
  for (const place of places) {
    const bytes = Buffer.from(whole);
    bytes[place]! ^= 1;
    await writeFile(file, bytes);
    await run();
    expect(await readFile(file)).toEqual(whole);
  }
  expect(made).toHaveLength(1 + places.length);
  expect(new Set(notes)).toEqual(new Set([`${file} is damaged: it is made anew`]));
  await run();
  expect(made).toHaveLength(1 + places.length);
  expect((await readStored(file))!.metadata).toEqual({ key: "key 7", said: "7" });
});
