import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clear, type Ground, layGround } from "./ground.ts";
import { faultsOf, tryPart } from "./lanes.ts";
import type { Part } from "./part.ts";

/** Tests that a tenth of some parts finds no fault. The attempts are the same every time. */
export const testTenth = (parts: readonly Part[]): void => {
  describe("a tenth of the attempts to disturb the program", () => {
    let ground: Ground;
    beforeAll(async () => {
      ground = await layGround(0);
    }, 120_000);
    afterAll(() => clear(ground));
    for (const part of parts) {
      it(part.title, { timeout: 180_000 }, async () => {
        const tried = await tryPart(part, 0.1, ground);
        expect(faultsOf(tried)).toEqual([]);
        expect(tried.attempts.length).toBeGreaterThan(0);
        for (const { id, what } of tried.attempts.filter(({ ending }) => ending === "left out")) {
          process.stderr.write(`left out: ${part.name}:${id}: ${what}\n`);
        }
      });
    }
  });
};
