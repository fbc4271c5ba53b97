import { expect, test } from "vitest";
import { agreementOf, doubtfulLabels } from "../../src/teachers/agreement.ts";

/** Rows [n, 3] whose highest logit is that of the class given for each. */
const rows = (...named: readonly number[]): Float32Array =>
  Float32Array.from({ length: 3 * named.length }, (_, i) => (i % 3 === named[Math.floor(i / 3)] ? 2 : -1));

test("a row agrees where no class is above its image's own", () => {
  expect(agreementOf(rows(0, 1, 2, 0, 1, 2), 3)).toBe(100);
  expect(agreementOf(rows(0, 1, 1, 0, 2, 1), 3)).toBe(50);
  expect(agreementOf(new Float32Array(9), 3)).toBe(100);
});

test("labels of images that teachers do not know again are said, with a way out", () => {
  const teachers = [{ accuracy: 90 }, { accuracy: 70 }];
  expect(doubtfulLabels(rows(0, 1, 1, 0, 2, 1), 3, teachers)).toBeUndefined();
  expect(doubtfulLabels(rows(0, 0, 1, 1, 2, 2), 3, teachers)).toMatch(
    /^labels: the teachers name 33\.3 % of the set's 6 images by their class, and 80\.0 % of the test images.*--labels hard/,
  );
});
