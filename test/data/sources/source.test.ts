import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { expect, test } from "vitest";
import { defaultCache, listSources, openDataset } from "../../../src/data/sources/source.ts";
import { silent } from "../../../src/support/work/progress.ts";
import { failureOf, temporaryFolder } from "../fixtures.ts";

const options = { seed: 0, skipUnreadable: false, download: false, progress: silent } as const;

test("opens the demo by name and a folder by its path", async () => {
  expect((await openDataset("demo", options)).name).toBe("demo");
  const folder = await temporaryFolder();
  for (const part of ["train/a", "train/b", "test/a", "test/b"]) {
    await mkdir(join(folder, part), { recursive: true });
    await sharp({ create: { width: 9, height: 6, channels: 3, background: "red" } }).toFile(
      join(folder, part, "1.png"),
    );
  }
  const data = await openDataset(folder, { ...options, resize: 4 });
  expect(data.classes).toEqual(["a", "b"]);
  expect(data.image).toEqual({ height: 4, width: 4 });
});

test("a misspelt name suggests the right one", async () => {
  const { code, message } = await failureOf(openDataset("cifar-10", options));
  expect(code).toBe("DATA");
  expect(message).toContain('"cifar-10" is neither a known data set nor a folder (did you mean "cifar10"?)');
  expect((await failureOf(openDataset("", options))).code).toBe("DATA");
});

test("a path that does not exist is spoken of as a path", async () => {
  expect((await failureOf(openDataset("./photographs", options))).message).toContain("./photographs: no such folder");
});

test.each([
  ["tiny-imagenet-200", "http://cs231n.stanford.edu/tiny-imagenet-200.zip"],
  ["/nowhere/TinyImageNet", "http://cs231n.stanford.edu/tiny-imagenet-200.zip"],
  ["imagenet", "ImageNet-1k needs an account at https://image-net.org"],
  ["./ILSVRC2012/", "ImageNet-1k needs an account at https://image-net.org"],
])("published data that is not there says how to get it: %s", async (source, advice) => {
  const { code, message } = await failureOf(openDataset(source, options));
  expect(code).toBe("DATA");
  expect(message).toContain(advice);
});

test("CIFAR without an archive says how to get it", async () => {
  const cache = await temporaryFolder();
  expect((await failureOf(openDataset("cifar100", { ...options, cache }))).message).toContain(cache);
});

test("every source has a line of description", () => {
  const names = ["demo", "cifar10", "cifar100", "<tiny-imagenet>", "<imagenet>", "<folder>"];
  expect(listSources().map(({ name }) => name)).toEqual(names);
  for (const { description } of listSources()) expect(description).toMatch(/^\S.{20,110}$/);
});

test("downloads go to the user's cache folder", () => {
  expect(defaultCache().endsWith("distillery")).toBe(true);
});
