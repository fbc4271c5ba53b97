import { describe, expect, it } from "vitest";
import { didYouMean, nearest } from "../../src/support/suggest.ts";

describe("nearest", () => {
  it.each([
    ["convent", "convnet"],
    ["ResNet18", "resnet18"],
    ["resnet", "resnet18"],
    ["transformer", undefined],
    ["", undefined],
  ])("%s -> %s", (given, word) => {
    expect(nearest(given, ["convnet", "resnet18"])).toBe(word);
  });

  it("adds a question to a message, or nothing", () => {
    expect(didYouMean("convent", ["convnet"])).toBe(' (did you mean "convnet"?)');
    expect(didYouMean("x", [])).toBe("");
  });
});
