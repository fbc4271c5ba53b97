import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { tensor } from "../../src/autodiff/index.ts";
import { type Device, openDevice } from "../../src/runtime/index.ts";
import { silent } from "../../src/support/progress.ts";
import { readStored } from "../../src/training/checkpoint.ts";
import { machineOf } from "../../src/training/jobs.ts";
import { historyOf, type KeptWork, keptLoop, runKept } from "../../src/training/kept.ts";
import { type QuadraticStepper, quadraticLoop, recording, traceQuadratic } from "./quadratic.ts";

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

/** Work that stores its number, and tells when it is done. */
const numbered = (number: number, units: number, made: number[], key = `key ${number}`): KeptWork => ({
  file: join(folder, "numbers", `${number}.safetensors`),
  key,
  units,
  make: async (_lane, { progress }) => {
    const bar = progress.task("own", units);
    for (let i = 1; i <= units; i++) bar.update(i);
    made.push(number);
    return { tensors: { number: tensor(Float32Array.of(number), [1]) }, metadata: { said: `${number}` } };
  },
});

test("works share one bar, come back in order, and are done once", async () => {
  const made: number[] = [];
  const seen: number[] = [];
  const works = [numbered(0, 2, made), numbered(1, 3, made), numbered(2, 1, made)];
  const around = { progress: recording((done) => seen.push(done)), jobs: 1 };
  const kept = await runKept("numbers", machineOf(device), works, small, around);
  expect(kept.map(({ metadata }) => metadata.said)).toEqual(["0", "1", "2"]);
  // The longest first.
  expect(made).toEqual([1, 0, 2]);
  expect(seen).toEqual([1, 2, 3, 4, 5, 6]);
  expect((await readStored(kept[1]!.file))!.tensors.number!.data).toEqual(Float32Array.of(1));

  const again = [numbered(0, 2, made), numbered(1, 3, made, "another key"), numbered(2, 1, made)];
  expect(await runKept("numbers", machineOf(device), again, small, { progress: silent, jobs: 1 })).toHaveLength(3);
  expect(made).toEqual([1, 0, 2, 1]);
});

test("a loop keeps what it says of its state, and its history; its checkpoint goes away", async () => {
  const file = join(folder, "loops", "0.safetensors");
  const steps = 30;
  const loopOf = (stepper: Omit<QuadraticStepper, "types">) => quadraticLoop(stepper, { steps });
  const { types } = loopOf(undefined as never);
  const work = keptLoop({ file, key: "loop", steps, types }, async (lane) => ({
    ...loopOf(await lane.stepper("quadratic", traceQuadratic)),
    keep: ({ x }) => ({ x }),
  }));
  const stop = new AbortController();
  const progress = recording((done) => done === 9 && stop.abort());
  const around = { progress, signal: stop.signal, jobs: 1 };
  await expect(runKept("loops", machineOf(device), [work], small, around)).rejects.toMatchObject({
    code: "INTERRUPTED",
  });
  expect(await readdir(join(folder, "loops"))).toEqual(["0.partial"]);
  const [kept] = await runKept("loops", machineOf(device), [work], small, { progress: silent, jobs: 1 });
  expect(await readdir(join(folder, "loops"))).toEqual(["0.safetensors"]);
  expect(historyOf(kept!).steps).toEqual(Array.from({ length: steps }, (_, i) => i + 1));
  const stored = await readStored(file);
  expect(Object.keys(stored!.tensors)).toEqual(["x"]);
  expect(stored!.metadata.key).toBe("loop");
});

test("a result or checkpoint that rotted is made anew, with a line that names its file", async () => {
  const made: number[] = [];
  const work = { ...numbered(7, 1, made), file: join(folder, "rot", "7.safetensors") };
  const notes: string[] = [];
  const progress = { ...silent, note: (line: string) => notes.push(line) };
  const run = () => runKept("rot", machineOf(device), [work], small, { progress, jobs: 1 });
  await run();
  const whole = await readFile(work.file);
  expect(made).toEqual([7]);
  // Every byte counts, but for those that other programs may write otherwise: they leave no file of ours.
  const places = Array.from({ length: 24 }, (_, i) => Math.floor((i * (whole.length - 1)) / 23));
  for (const place of places) {
    const bytes = Buffer.from(whole);
    bytes[place]! ^= 1;
    await writeFile(work.file, bytes);
    await run();
    expect(await readFile(work.file)).toEqual(whole);
  }
  expect(made).toHaveLength(1 + places.length);
  expect(new Set(notes)).toEqual(new Set([`${work.file} is damaged: it is made anew`]));
  await run();
  expect(made).toHaveLength(1 + places.length);
  expect((await readStored(work.file))!.metadata).toEqual({ key: "key 7", said: "7" });
});
