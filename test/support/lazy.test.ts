import { expect, it } from "vitest";
import { lazy } from "../../src/support/lazy.ts";

it("opens once for all who ask, again after a failure, and hands over what is open", async () => {
  let tries = 0;
  const { get, take } = lazy(async () => {
    if (++tries === 1) throw new Error("no");
    return tries;
  });
  expect(await take()).toBeUndefined();
  const first = [get(), get()];
  for (const one of first) await expect(one).rejects.toThrow("no");
  expect(await take()).toBeUndefined();
  expect(await Promise.all([get(), get()])).toEqual([2, 2]);
  expect(await take()).toBe(2);
  expect([await take(), await get(), tries]).toEqual([undefined, 3, 3]);
});
