// A JSON parser that refuses keys given twice and deep nesting.
import { shown } from "./schema.ts";

/** Levels of objects and lists inside each other; what is read here needs six. */
const deepest = 100;

/** Tells an object, or a list, from text, numbers and null. */
export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null;

/** Tells an object from lists as well. */
export const isFields = (value: unknown): value is Readonly<Record<string, unknown>> =>
  isObject(value) && !Array.isArray(value);

/** Finds where the string that begins at `from` ends, behind its closing quote. */
const endOfString = (text: string, from: number): number => {
  let at = from + 1;
  // Not by a regular expression: a long string would overflow its stack.
  while (text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
  return at + 1;
};

/** Finds a key that one object holds twice, and nesting beyond `deepest`, in text that is JSON. */
const oddity = (text: string): string | undefined => {
  /** The keys so far of every object that is open; a list's stay empty. */
  const open: Set<string>[] = [];
  let string = "";
  for (let at = 0; at < text.length; at++) {
    const character = text[at]!;
    if (character === "{" || character === "[") {
      open.push(new Set());
      if (open.length > deepest) return `is nested more than ${deepest} deep`;
    } else if (character === "}" || character === "]") {
      open.pop();
    } else if (character === '"') {
      const end = endOfString(text, at);
      string = text.slice(at, end);
      at = end - 1;
    } else if (character === ":") {
      const key = String(JSON.parse(string));
      const keys = open.at(-1)!;
      if (key === "__proto__") return 'holds the key "__proto__"';
      if (keys.has(key)) return `holds the key ${shown(key)} twice in one object`;
      keys.add(key);
    }
  }
  return undefined;
};

/**
 * The value of a JSON text that has one meaning only. JSON.parse takes the last of equal keys without a word, and others
 * the first.
 * @throws Error whose message follows "it": "is not JSON", "holds the key ... twice in one object", "is nested more than ...".
 */
export const parseJson = (text: string): unknown => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error("is not JSON");
  }
  const odd = oddity(text);
  if (odd !== undefined) throw new Error(odd);
  return value;
};
