import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import type { Method, MethodStage } from "../../src/distill/method.ts";
import { cim } from "../../src/distill/methods/cim.ts";
import { curriculum } from "../../src/distill/methods/curriculum.ts";
import { dm } from "../../src/distill/methods/dm.ts";
import { dsdm } from "../../src/distill/methods/dsdm.ts";
import { dwa } from "../../src/distill/methods/dwa.ts";
import { gvbsm } from "../../src/distill/methods/gvbsm.ts";
import { idc } from "../../src/distill/methods/idc.ts";
import { infer } from "../../src/distill/methods/infer.ts";
import { inferMatch } from "../../src/distill/methods/infer-match.ts";
import { inferRded } from "../../src/distill/methods/infer-rded.ts";
import { match } from "../../src/distill/methods/match.ts";
import { mtt } from "../../src/distill/methods/mtt.ts";
import { ncfm } from "../../src/distill/methods/ncfm.ts";
import { sre2l } from "../../src/distill/methods/sre2l.ts";
import { herding } from "../../src/distill/select/herding.ts";
import { rded } from "../../src/distill/select/rded.ts";
import type { Prepared } from "../../src/recipe/prepare.ts";
import { type Device, openDevice } from "../../src/runtime/index.ts";
import { readStored } from "../../src/training/checkpoint.ts";
import { fileOf, type KeptJob, makeKept } from "../../src/training/kept.ts";
import { filesIn, hashesIn, temporaryFolder } from "../pipeline/tiny.ts";
import { make, prepared, stageOf, workerOn } from "./methods/workshop.ts";

/** Every job that was asked for. */
const asked = vi.hoisted((): unknown[] => []);

vi.mock("../../src/training/kept.ts", async (original) => {
  const kept = await original<typeof import("../../src/training/kept.ts")>();
  const runKept: typeof kept.runKept = (title, kind, jobs, bytes, around) => {
    asked.push(...jobs);
    return kept.runKept(title, kind, jobs, bytes, around);
  };
  return { ...kept, runKept };
});

let device: Device;
let data: Prepared;
beforeAll(async () => {
  device = await openDevice("cpu", { threads: 1 });
  data = await prepared();
});
afterAll(() => device.close());
beforeEach(() => void asked.splice(0));

const networks = { architecture: "convnet8x2", networks: 1, epochs: 2, moments: 2, iterations: 5 };
const pool = { ...networks, views: 2 };

const cases: readonly (readonly [name: string, method: Method, options: Record<string, unknown>, kinds: string[]])[] = [
  ["infer", infer, { bases: "confidence" }, ["optimise", "confidence"]],
  ["herding", herding, {}, ["herding"]],
  ["rded", rded, {}, ["rded"]],
  ["infer-rded", inferRded, {}, ["optimise", "rded"]],
  ["gvbsm", gvbsm, {}, ["optimise", "convolution statistics"]],
  ["sre2l", sre2l, {}, ["optimise"]],
  ["dwa", dwa, {}, ["optimise"]],
  ["dm", dm, {}, ["optimise"]],
  ["cim", cim, {}, ["cim", "optimise"]],
  ["dsdm", dsdm, networks, ["pool", "optimise"]],
  ["ncfm", ncfm, pool, ["pool", "pairs", "optimise"]],
  ["match", match, pool, ["pool", "pairs", "optimise"]],
  ["match of clusters", match, { ...pool, realImages: "clusters" }, ["pool", "clusters", "pairs", "optimise"]],
  ["curriculum", curriculum, pool, ["pool", "easy-to-hard", "pairs", "optimise"]],
  ["infer-match", inferMatch, { ...pool, compensators: 1 }, ["pool", "pairs", "optimise"]],
  ["idc", idc, networks, ["pool", "optimise"]],
  ["mtt", mtt, { architecture: "convnet8x2", experts: 1, starts: 2, steps: 2, iterations: 5 }, ["pool", "optimise"]],
];

/** Where jobs of a kind lie: networks and their pairs serve several methods. */
const placeOf = (stage: MethodStage, { kind }: { readonly kind: string }): string =>
  kind === "pool" || kind === "pairs" ? stage.shared : stage.folder;

test.each(cases)(
  "jobs of %s, sent as JSON, are made elsewhere as they are here",
  async (_name, method, options, names) => {
    const folder = await temporaryFolder();
    const here = stageOf(method, device, data, join(folder, "here"), { options });
    const made = await make(method, here);
    const jobs = [...asked] as KeptJob[];
    const kinds = method.kinds!(here.recipe.method);
    expect(kinds.map(({ kind }) => kind)).toEqual(names);
    expect(new Set(jobs.map(({ kind }) => kind))).toEqual(new Set(names));
    // Every file is that of a job, and no job was asked for twice.
    expect((await filesIn(here.folder)).sort()).toEqual(
      jobs.map((job) => fileOf(placeOf(here, job), job).slice(here.folder.length + 1)).sort(),
    );

    for (const one of kinds) {
      const { kind, open } = one;
      const own = jobs.filter((job) => job.kind === kind);
      // The last alone: it leans on no other job of its kind.
      const job = own.at(-1)!;
      const sent = JSON.parse(JSON.stringify(job)) as KeptJob;
      expect(sent).toEqual(job);
      const there = stageOf(method, device, await prepared(), join(folder, "there", kind), { options });
      const kept = await makeKept(one, await open(there), placeOf(there, job), sent, workerOn(device), there);
      expect(kept.file).toBe(fileOf(placeOf(there, job), job));
      const [expected, actual] = [await readStored(fileOf(placeOf(here, job), job)), await readStored(kept.file)];
      expect(Object.keys(expected!.tensors).length).toBeGreaterThan(0);
      expect(actual!.tensors).toEqual(expected!.tensors);
      expect(actual!.metadata).toEqual(expected!.metadata);
      expect(await readdir(placeOf(there, job))).not.toContain(`${job.name}.partial`);
    }

    // A folder that was filled by others' hands is finished work.
    const filled = stageOf(method, device, data, join(folder, "filled"), { options });
    // Those first that others stand on.
    for (const one of kinds.some(({ kind }) => kind === "pool") ? kinds : kinds.toReversed()) {
      const maker = await one.open(filled);
      for (const job of jobs.filter((job) => job.kind === one.kind)) {
        await makeKept(
          one,
          maker,
          placeOf(filled, job),
          JSON.parse(JSON.stringify(job)) as KeptJob,
          workerOn(device),
          filled,
        );
      }
    }
    expect(await hashesIn(filled.folder)).toEqual(await hashesIn(here.folder));
    expect(await make(method, filled)).toEqual(made);
  },
);
