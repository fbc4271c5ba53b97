import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseJson } from "../../src/support/json.ts";

describe("parseJson", () => {
  it("reads whatever JSON.stringify writes", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), fc.constantFrom(0, 2), (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        if (!text.includes('"__proto__"')) expect(parseJson(text)).toEqual(JSON.parse(text));
      }),
    );
  });

  it.each([
    ["", "is not JSON"],
    ['{"a": 1', "is not JSON"],
    ['{"a": 1, "b": 2, "a": 1}', 'holds the key "a" twice in one object'],
    ['[{"x": {"a": 1, "\\u0061": 2}}]', 'holds the key "a" twice in one object'],
    ['{"__proto__": 1}', 'holds the key "__proto__"'],
    [`${"[".repeat(101)}${"]".repeat(101)}`, "is nested more than 100 deep"],
  ])("refuses %j: it %s", (text, message) => {
    expect(() => parseJson(text)).toThrow(new Error(message));
  });

  it.each([
    '{"a": {"a": "a"}, "b": [{"a": 1}, {"a": 2}]}',
    '{"a": "\\"a\\": {", "b": "}", "c": "\\\\"}',
    "3",
    '"x: y"',
  ])("tells keys from other text: %s", (text) => {
    expect(parseJson(text)).toEqual(JSON.parse(text));
  });

  it("reads a string of millions of letters", () => {
    const text = JSON.stringify({ a: '"x\\'.repeat(3_000_000) });
    expect(parseJson(text)).toEqual(JSON.parse(text));
  });
});
