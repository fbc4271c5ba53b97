import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { startRedis, withoutRedis } from "../distributed/queue/redis-server.ts";
import { until } from "../distributed/queue/world.ts";
import { hashesIn, temporaryFolder, writePictures } from "../pipeline/tiny.ts";
import { distillery } from "./command.ts";
import { start, writeRecipe } from "./processes.ts";

const fields = { labels: ["static", "hard"], seeds: 1, iterations: 10, teacher: { epochs: 2, batch: 16 } };

describe.skipIf(withoutRedis !== undefined)(`the command line with a real Redis (${withoutRedis ?? "found"})`, () => {
  it("runs on two workers to the bytes of one process, and says how the queue stands", async () => {
    const [folder, server] = await Promise.all([temporaryFolder(), startRedis("--requirepass", "secret")]);
    try {
      await writePictures(join(folder, "pictures"));
      await writeRecipe(folder, fields);
      const queue = ["--queue", `redis://:secret@127.0.0.1:${server.port}`];
      const workers = [1, 2].map(() => start("main", folder, ["work", ...queue, "--jobs", "1"]));
      const run = (out: string, ...more: readonly string[]) =>
        distillery(folder, "run", "--recipe", join(folder, "recipe.yaml"), "--out", join(folder, out), ...more);
      const data = ["--data", join(folder, "pictures")];
      expect(await run("many", ...data, ...queue)).toMatchObject({ exit: 0 });
      // Workers show themselves every other second, also how many jobs they have done.
      await until(async () => {
        const { stdout } = await distillery(folder, "work", ...queue, "--status", "--json");
        const { runs, workers: seen } = JSON.parse(stdout) as { runs: unknown[]; workers: { done: number }[] };
        return runs.length === 0 && seen.length === 2 && seen.every(({ done }) => done > 0);
      }, "two workers that have done jobs, and no run");
      for (const { child } of workers) child.kill("SIGINT");
      for (const { exit, stderr } of await Promise.all(workers.map(({ ended }) => ended))) {
        expect({ exit, hides: !stderr.includes("secret") }).toEqual({ exit: 130, hides: true });
      }
      expect(await run("one", ...data, "--threads", "1")).toMatchObject({ exit: 0 });
      for (const part of ["2-teachers", "3-distil", "4-set", "5-students"]) {
        expect(await hashesIn(join(folder, "many", part))).toEqual(await hashesIn(join(folder, "one", part)));
      }
    } finally {
      await server.close();
    }
  });
});
