// Text in addresses, where %XX stands for a byte.

/** The text that is meant; undefined where a % begins no character of UTF-8. */
export const percentDecoded = (text: string): string | undefined => {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
};
