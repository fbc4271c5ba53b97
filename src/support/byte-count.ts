// Parsing byte counts such as 20KB.

const factors: Readonly<Record<string, number>> = { "": 1, k: 1e3, m: 1e6, g: 1e9 };

/**
 * The bytes that a text like `20KB`, `0.5 MB` or `20000` means, rounded to a whole number; decimal units, 1 KB = 1000
 * bytes, as reports print them. Undefined for any other text, and where it comes to less than one byte.
 */
export const parseBytes = (text: string): number | undefined => {
  const found = /^(\d+(?:\.\d+)?)\s*(?:([kmg]?)b|bytes?)?$/i.exec(text.trim());
  if (found === null) return undefined;
  const bytes = Math.round(Number(found[1]) * factors[(found[2] ?? "").toLowerCase()]!);
  return bytes >= 1 && Number.isSafeInteger(bytes) ? bytes : undefined;
};
