import { expect, it } from "vitest";
import { type PeakMemory, watchMemory } from "../../src/support/peak-memory.ts";

const peakOf = async (work: () => Promise<number>): Promise<PeakMemory> => {
  let seen: PeakMemory | undefined;
  await watchMemory(work, async (peak) => {
    seen = peak;
  });
  return seen!;
};

it("tells the most memory that was held while some work was done, not what was held before", async () => {
  const before = process.memoryUsage.rss();
  const large = await peakOf(async () => {
    const pages = Buffer.alloc(200e6, 1);
    await new Promise((done) => setTimeout(done, 120));
    return pages.length;
  });
  expect(large.bytes).toBeGreaterThan(before + 150e6);
  expect(["VmHWM", "sampled"]).toContain(large.by);
});

it("tells it of work that failed as well, and passes the failure on", async () => {
  let told = false;
  const work = async (): Promise<never> => {
    throw new Error("the work failed");
  };
  const seen = async (): Promise<void> => {
    told = true;
    throw new Error("the telling failed");
  };
  await expect(watchMemory(work, seen)).rejects.toThrow("the work failed");
  expect(told).toBe(true);
});
