import { join } from "node:path";
import { expect, it } from "vitest";
import { present } from "../../src/cli/present.ts";
import { commands } from "../../src/pipeline/pipeline.ts";
import {
  type DistilledSet,
  labelAxes,
  layoutOf,
  leastLabelBytes,
  readManifest,
  readSet,
  setBytes,
} from "../../src/sets/index.ts";
import { filesIn, quietly, temporaryFolder, timesIn, tinyRecipe, writePictures } from "./tiny.ts";

it("a set of at most so many bytes has the most faithful labels that fit, and is taken up again", async () => {
  const folder = await temporaryFolder();
  const data = await writePictures(join(folder, "pictures"), { classes: 8, train: 8, test: 1 });
  const out = join(folder, "out");
  const make = async (where: string, over: Record<string, unknown> = {}): Promise<string> => {
    const fields = { iterations: 3, validation: 0, teacher: { epochs: 1 }, labels: ["static"], ...over };
    return (await present(commands).distill(tinyRecipe(data, fields), quietly(where), { colour: false, width: 100 }))
      .text;
  };
  const read = async (where: string): Promise<{ readonly set: DistilledSet; readonly total: number }> => {
    const set = await readSet(join(where, "4-set"));
    const { total } = setBytes(set.manifest, (await readManifest(join(where, "4-set"))).bytes);
    return { set, total };
  };
  expect(await make(out)).toMatch(/\nlabels [\d.]+ \w+: logits as half floats$/);
  const usual = await read(out);

  const target = usual.total - 150;
  const small = join(folder, "small");
  expect(await make(small, { setBytes: target })).toMatch(/: the \d largest of 8 logits as half floats/);
  const { set, total } = await read(small);
  expect(total).toBeLessThanOrEqual(target);
  expect(set.manifest.labels.kind).toBe("top-k");
  expect(set.bases).toEqual(usual.set.bases);
  // One more of 8 logits takes 3 bytes of each of 48 rows.
  expect(total + 48 * 3).toBeGreaterThan(target);
  const times = await timesIn(join(small, "4-set"));
  await make(small, { setBytes: target });
  expect(await timesIn(join(small, "4-set"))).toEqual(times);

  const refusal = async (where: string, over: Record<string, unknown>): Promise<string> => {
    const failure = await make(where, over).catch((error: unknown) => error as Error);
    expect(failure).toMatchObject({ code: "BUDGET", message: expect.stringMatching(/no set of .* can be made /) });
    return (failure as Error).message;
  };
  // What is known ahead costs nobody a teacher.
  const none = join(folder, "none");
  const ahead =
    /^no set of .*: bases weigh .*, compensators .*, labels at least .*; give a --set-bytes of more than (\d+) \(the manifest comes on top\), /;
  const known = Number(ahead.exec(await refusal(none, { setBytes: 1000 }))![1]);
  await expect(filesIn(none)).rejects.toThrow("ENOENT");
  const { bases, compensators } = setBytes(usual.set.manifest, 0);
  expect(known).toBe(bases + compensators + leastLabelBytes(labelAxes(layoutOf(usual.set.manifest)), 8, 30));

  const late = /4-set: no set of .*, the manifest .*; give a --set-bytes of (\d+) or more, /;
  const least = Number(late.exec(await refusal(none, { setBytes: known + 1 }))![1]);
  expect((await filesIn(none)).filter((file) => file.startsWith("4-set"))).toEqual([]);
  await make(join(folder, "least"), { setBytes: least + 60 });
  const tightest = await read(join(folder, "least"));
  expect(tightest.set.manifest.labels).toMatchObject({ kind: "top-k", k: 1 });
  expect(Math.abs(tightest.total - least)).toBeLessThanOrEqual(60);
}, 30_000);
