import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clear, type Ground, layGround } from "./ground.ts";
import { faultsOf, tryPart } from "./lanes.ts";
import { parts } from "./parts.ts";

/** A twentieth, and of kills, which are the slowest and which test/e2e/resume.test.ts tries too, two in a hundred. */
const scaleOf = (name: string): number => (name === "kills" ? 0.02 : 0.05);

/** The attempts are the same every time; `npm run faults` makes all of them, and one alone by its name. */
describe("a twentieth of the attempts to disturb the program finds no fault", () => {
  let ground: Ground;
  beforeAll(async () => {
    ground = await layGround(0);
  }, 120_000);
  afterAll(() => clear(ground));

  it.each(parts.map((part) => [part.name, part] as const))("%s", { timeout: 300_000 }, async (name, part) => {
    const tried = await tryPart(part, scaleOf(name), ground);
    expect(tried.attempts.length).toBeGreaterThan(0);
    const faults = faultsOf(tried);
    expect({ faults: faults.length, first: faults.slice(0, 5) }).toEqual({ faults: 0, first: [] });
    const leftOut = tried.attempts.find(({ ending }) => ending === "left out");
    if (leftOut !== undefined) process.stderr.write(`left out: ${name}: ${leftOut.what}\n`);
  });
});
