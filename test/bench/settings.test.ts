import { expect, test } from "vitest";
import { settingsOf, turned } from "../../bench/settings.ts";
import { processorWorks } from "../../bench/works.ts";

const infer = processorWorks.find(({ name }) => name.startsWith("INFER"))!;
const train = processorWorks.find(({ name }) => name.startsWith("train"))!;
const names = (...given: Parameters<typeof settingsOf>): string[] => settingsOf(...given).map(({ name }) => name);

test("every layout without and with huge pages", () => {
  expect(names(train, ["default", "channels_last", "compile"], ["plain", "huge"])).toEqual([
    "default",
    "hugepages",
    "channels_last",
    "channels_last, hugepages",
    "compile",
    "compile, hugepages",
  ]);
});

test("the INFER step's default takes hooks, and the variant without them comes beside it", () => {
  const settings = settingsOf(infer, ["default", "compile+channels_last"], ["plain"]);
  expect(settings.map(({ name, args }) => [name, ...args])).toEqual([
    ["default", "--hooks"],
    ["compile+channels_last", "--hooks", "--compile", "--channels-last"],
    ["no hooks"],
    ["compile+channels_last, no hooks", "--compile", "--channels-last"],
  ]);
});

test("an unknown setting is refused with the known ones", () => {
  expect(() => settingsOf(train, ["chanels_last"], ["plain"])).toThrow(/channels_last/);
  expect(() => settingsOf(train, ["default"], ["big"])).toThrow(/--pages: unknown "big".*plain, huge/);
});

test("each round starts with another setting", () => {
  expect(turned([1, 2, 3], 1)).toEqual([2, 3, 1]);
  expect(turned([1, 2, 3], 3)).toEqual([1, 2, 3]);
});
