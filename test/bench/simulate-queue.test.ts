import { expect, test } from "vitest";
import { simulate } from "../../bench/simulate-queue.ts";

const free = { redis: 0, coordinator: 0, worker: 0 };

test("without costs one worker is never idle, and many wait only at the ends of stages", () => {
  expect(simulate(1, 1_000, 1, free).efficiency).toBeCloseTo(1);
  const { efficiency, seconds } = simulate(10, 10_000, 2, free);
  expect(efficiency).toBeGreaterThan(0.99);
  expect(seconds).toBeGreaterThan(2_000 / 1.01);
});

test("whatever serves all jobs one after the other sets the pace once workers are many", () => {
  const { seconds, busy } = simulate(1_000, 10_000, 1, { ...free, coordinator: 0.01 });
  expect(seconds).toBeGreaterThan(100);
  expect(seconds).toBeLessThan(115);
  expect(busy.coordinator).toBeGreaterThan(0.9);
  expect(simulate(1_000, 10_000, 1, { ...free, redis: 0.03 }).busy.redis).toBeGreaterThan(0.9);
});

test("what a worker needs besides the work is lost time of the worker alone", () => {
  expect(simulate(4, 1_000, 1, { ...free, worker: 1 }).efficiency).toBeCloseTo(0.5, 1);
});
