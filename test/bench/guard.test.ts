import { describe, expect, test } from "vitest";
import { busyTime, type CpuTimes, isQuiet, processTime, readCpuTimes, takeGuarded } from "../../bench/guard.ts";

describe("/proc", () => {
  test("busy time leaves out idle, iowait and guests", () => {
    const stat = "cpu  100 20 30 99999 888 4 5 6 77 7\ncpu0 50 10 15 0 0 0 0 0 0 0\n";
    expect(busyTime(stat)).toBe((100 + 20 + 30 + 4 + 5 + 6) * 10);
  });

  test("a process's name may hold spaces and brackets", () => {
    const stat = "42 (a (b) c) S 7 42 42 0 -1 4194560 1 2 3 4 15 6 99 98 20 0 1 0 100";
    expect(processTime(stat)).toEqual({ parent: 7, time: 210 });
  });

  test("own time grows with own work", () => {
    const before = readCpuTimes();
    if (before === undefined) return;
    // By the processor's clock: on a busy machine the wall's says nothing.
    const start = process.cpuUsage();
    while (process.cpuUsage(start).user < 120_000);
    expect(readCpuTimes()!.own - before.own).toBeGreaterThan(50);
  });
});

describe("quiet", () => {
  const at = (machine: number, own: number): CpuTimes => ({ machine, own });

  test("others may use a share of one core and a tick", () => {
    expect(isQuiet(1000, at(0, 0), at(1892, 1800), 0.08)).toBe(true);
    expect(isQuiet(1000, at(0, 0), at(1893, 1800), 0.08)).toBe(false);
    expect(isQuiet(1000, at(500, 70), at(2400, 70 + 1900), 0.08)).toBe(true);
  });
});

describe("guarded samples", () => {
  /** A machine on which time passes only in samples of 100 ms; others use `others(i)` ms during sample i. */
  const machine = (others: (sample: number) => number) => {
    let [clock, stolen, taken] = [0, 0, 0];
    return {
      sample: () => {
        clock += 100;
        stolen += others(taken++);
        return Promise.resolve(taken);
      },
      read: (): CpuTimes => ({ machine: 2 * clock + stolen, own: 2 * clock }),
      now: () => clock,
      rest: () => Promise.resolve(),
    };
  };

  test("come in groups of at least 250 ms, and a disturbed group goes as a whole", async () => {
    const { sample, ...world } = machine((i) => (i === 4 ? 60 : 0));
    const result = await takeGuarded(sample, { runs: 5, share: 0.08, limit: 60_000, ...world });
    expect(result).toEqual({ samples: [1, 2, 3, 7, 8, 9], dropped: 3, guarded: true });
  });

  test("give up after the limit, having tried as many as were wanted", async () => {
    const busy = machine(() => 50);
    const { sample, ...world } = busy;
    const result = await takeGuarded(sample, { runs: 7, share: 0.08, limit: 1, ...world });
    expect(result).toEqual({ samples: [], dropped: 9, guarded: true });
  });

  test("are all kept, and said to be unguarded, without /proc/stat", async () => {
    const { sample, ...world } = machine(() => 50);
    const result = await takeGuarded(sample, { runs: 3, share: 0.08, limit: 1000, ...world, read: () => undefined });
    expect(result).toEqual({ samples: [1, 2, 3], dropped: 0, guarded: false });
  });
});
