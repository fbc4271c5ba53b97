// Mismatches between the classes and image sizes of a file and of the data.

/** "a, b, c and 4 more" */
export const few = (names: readonly string[]): string => {
  const shown = names.slice(0, 3).join(", ");
  return names.length > 3 ? `${shown} and ${names.length - 3} more` : shown;
};

/**
 * Says how the classes that something was made for, in order, differ from those of the data, for an error message, which
 * names the classes that tell the lists apart. Undefined where they are the same.
 */
export const classMismatch = (known: readonly string[], data: readonly string[]): string | undefined => {
  const missing = known.filter((name) => !data.includes(name));
  const extra = data.filter((name) => !known.includes(name));
  if (missing.length + extra.length > 0 || known.length !== data.length) {
    const parts = [
      `it was made for ${known.length}, the data has ${data.length}`,
      ...(missing.length > 0 ? [`the data lacks ${few(missing)}`] : []),
      ...(extra.length > 0 ? [`only the data has ${few(extra)}`] : []),
    ];
    return `other classes: ${parts.join("; ")}`;
  }
  const at = known.findIndex((name, i) => name !== data[i]);
  if (at < 0) return undefined;
  return `the same ${known.length} classes in another order: class ${at} is ${known[at]!} there and ${data[at]!} in the data`;
};

type Size = { readonly height: number; readonly width: number };

/** Says the same of the size of images. */
export const sizeMismatch = (known: Size, data: Size): string | undefined =>
  known.height === data.height && known.width === data.width
    ? undefined
    : `another size: it was made for images of ${known.height}x${known.width}, those of the data are ${data.height}x${data.width}`;
