// Folder names for classes that every file system holds and every reader sorts in the order of the labels.

/** Bytes of a class's name in that of its folder; file systems hold 255 in all. */
const mostBytes = 200;

/**
 * Characters that a file system refuses in a name, or a shell takes for others: controls, separators, wildcards, lone
 * surrogates.
 */
const unsafe = /[\p{Cc}\p{Cs}/\\:*?"<>|]/gu;

/** The beginning of a text that takes at most so many bytes, ended between two characters. */
const cut = (text: string, most: number): string => {
  let bytes = 0;
  let out = "";
  for (const character of text) {
    bytes += Buffer.byteLength(character);
    if (bytes > most) break;
    out += character;
  }
  return out;
};

/**
 * `07_horse`: the label with as many digits as the last one, and of the name what is safe. Labels make the folders differ where
 * names are alike but for case, accents' form or what was replaced; Windows takes neither a dot nor a space at the end.
 */
export const classFolders = (classes: readonly string[]): readonly string[] => {
  const digits = String(classes.length - 1).length;
  return classes.map((name, label) => {
    const safe = cut(name.normalize("NFC").replaceAll(unsafe, "_"), mostBytes).replace(/[. ]+$/, "");
    return `${String(label).padStart(digits, "0")}_${safe}`;
  });
};
