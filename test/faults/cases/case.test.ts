import { describe, expect, it } from "vitest";
import { allOf, done, doneWith, oneOf, provided, refused } from "./case.ts";

const answer = (exit: number, stdout: string, stderr: string, late = false) => ({
  exit,
  signal: null,
  stdout,
  stderr,
  late,
});
const zip = answer(3, "", "error: photos.zip: is an archive; unpack it first\ncode DATA, exit status 3\n");
const cats = answer(0, '{"cats": 6}\n', "a note\n");

describe("the outcome of a case", () => {
  it("is good for a refusal in all the words, and only for one of docs/errors.md", () => {
    const good = [refused(/archive/, /unpack/)];
    expect(oneOf(zip, good)).toEqual({ good: true, said: "3 error: photos.zip: is an archive; unpack it first" });
    expect(oneOf(zip, [refused(/archive/, /convert/)]).good).toBe(false);
    expect(oneOf(zip, good, [/first/]).good).toBe(false);
    expect(oneOf({ ...zip, late: true }, good)).toEqual({ good: false, said: "still at it after 20 s" });
    expect(oneOf(answer(1, "", "Error: archive, unpack\n    at x"), good).good).toBe(false);
    expect(oneOf(cats, good).good).toBe(false);
  });

  it("is good for work that was done, with the right output", () => {
    expect(oneOf(cats, [refused(/x/), done(/a note/, /6/)])).toEqual({ good: true, said: "0 a note" });
    expect(oneOf(cats, [doneWith<{ cats: number }>(({ cats }) => cats === 6)]).good).toBe(true);
    expect(oneOf(cats, [doneWith<{ cats: number }>(({ cats }) => cats === 5)]).good).toBe(false);
    expect(oneOf(answer(0, "not JSON", ""), [doneWith(() => true)]).good).toBe(false);
    expect(oneOf(zip, [done(/archive/)]).good).toBe(false);
  });

  it("is that of all its commands", () => {
    const [well, ill] = [{ good: true, said: "0" } as const, { good: false, said: "1" } as const];
    expect(allOf(well, ill, well)).toBe(ill);
    expect(allOf(well, well)).toBe(well);
    expect(provided(well, false, "but")).toEqual({ good: false, said: "0 - but" });
  });
});
