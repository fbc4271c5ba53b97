import { describe, expect, test } from "vitest";
import { hasSwiftShader, throughSwiftShader } from "./swiftshader.ts";
import type { Difference } from "./webgpu-operators.ts";
import type { Trained } from "./webgpu-state.ts";

/** WGSL promises sines to 2^-11 only. */
const coarse = new Set(["sin", "cos"]);

describe.skipIf(!hasSwiftShader)(
  "webgpu on SwiftShader (skipped where chromium's driver or libvulkan1 is missing)",
  () => {
    test("agrees with the CPU on every operator and its derivatives", { timeout: 300_000 }, async () => {
      const all = await throughSwiftShader<Difference[]>("webgpu-operators.ts");
      expect(all.length).toBeGreaterThan(90);
      const limit = (operator: string): number => (coarse.has(operator) ? 2 ** -11 : 1e-5);
      expect(all.filter(({ operator, worst }) => worst === null || worst > limit(operator))).toEqual([]);
    });

    test("trains as the CPU does, keeps the state in GPU buffers and frees them", { timeout: 60_000 }, async () => {
      const { tensors, worst, living, left } = await throughSwiftShader<Trained>("webgpu-state.ts");
      expect(worst).toBeLessThan(1e-5);
      expect(living).toEqual([tensors]);
      expect(left).toBe(0);
    });

    test("is refused with channels last, where a layer of six to four channels is wrong", {
      timeout: 120_000,
    }, async () => {
      expect(await throughSwiftShader("webgpu-layout.ts")).toEqual({
        opened: "webgpu",
        channelsLast: expect.stringMatching(
          /^(Error|WrongResult): the (loss|(gradient|update) of \w+) is off by 0\.\d+ of its size$/,
        ),
      });
    });
  },
);
