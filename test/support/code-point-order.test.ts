import { expect, it } from "vitest";
import { codePointOrder } from "../../src/support/code-point-order.ts";

it("sorts as UTF-8 bytes do, also beyond U+FFFF", () => {
  const names = [
    "\u{20bb7}",
    "\uff76",
    "b",
    "a\u{1f600}",
    "a\uff76",
    "a",
    "",
    "\u{1f600}",
    "\u{1f601}",
    "é",
    "Z",
    "ab",
  ];
  const byBytes = [...names].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  expect([...names].sort(codePointOrder)).toEqual(byBytes);
  expect([...names].sort()).not.toEqual(byBytes);
  expect(codePointOrder("a", "a")).toBe(0);
});
