import { describe, expect, it } from "vitest";
import { trainingImages } from "../../src/sets/training-images.ts";
import { exampleSet } from "./example-set.ts";

describe("trainingImages", () => {
  const set = { ...exampleSet(), manifest: { ...exampleSet().manifest, parts: {} } };
  const { length, classes, read } = trainingImages(set);
  const images = read(Array.from({ length }, (_, row) => row));
  const [K, M, C, plane] = [2, 2, 3, 20];
  const { mean, std } = set.manifest.normalisation;

  it("is clip(P_k + u_kj) in the order of the labels", () => {
    expect(images).toHaveLength((M + 1) * K * C * 3 * plane);
    let row = 0;
    for (let v = 0; v <= M; v++) {
      for (let k = 0; k < K; k++) {
        for (let c = 0; c < C; c++, row++) {
          expect(classes[row]).toBe(c);
          for (let channel = 0; channel < 3; channel++) {
            for (let i = 0; i < plane; i++) {
              const pixel = set.bases[((k * C + c) * 3 + channel) * plane + i]!;
              const u = v === 0 ? 0 : set.compensators[((k * M + v - 1) * 3 + channel) * plane + i]!;
              const value = (pixel / 255 - mean[channel]!) / std[channel]! + u;
              const clipped = Math.min(
                (1 - mean[channel]!) / std[channel]!,
                Math.max((0 - mean[channel]!) / std[channel]!, value),
              );
              expect(images[(row * 3 + channel) * plane + i]).toBeCloseTo(clipped, 5);
            }
          }
        }
      }
    }
  });

  it("leaves base images exactly as they are", () => {
    const still = trainingImages({ ...set, compensators: set.compensators.map(() => 0) });
    const rows = Array.from({ length: K * C }, (_, row) => row);
    expect(still.read(rows.map((row) => row + K * C))).toEqual(still.read(rows));
  });

  it("reads any rows in any order", () => {
    const size = 3 * plane;
    const row = (at: number): Float32Array => images.subarray(at * size, (at + 1) * size);
    expect(read([7, 0, 7])).toEqual(Float32Array.of(...row(7), ...row(0), ...row(7)));
  });
});
