// Sorting text by Unicode code points.

const isSurrogate = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdfff;

/**
 * Compares texts by Unicode code points, as Python sorts them, for use with `sort`. Without it, JavaScript sorts by UTF-16 code
 * units, which puts characters beyond U+FFFF before those from U+E000.
 */
export const codePointOrder = (a: string, b: string): number => {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)];
    if (x === y) continue;
    if (isSurrogate(x) !== isSurrogate(y)) return isSurrogate(x) ? 1 : -1;
    return x - y;
  }
  return a.length - b.length;
};
