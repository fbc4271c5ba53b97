// Limits on what is fetched from elsewhere.
import { tooLarge } from "../sets/from-files.ts";
import { layoutOf } from "../sets/layout.ts";
import type { Manifest, Part } from "../sets/set.ts";

/** Bytes of a manifest that is fetched from elsewhere: more than 65,536 classes with common names need. */
export const longestFetchedManifest = 2 ** 24;

/** The most bytes that a part of these sizes can have, however badly it is packed. */
const mostBytes = (manifest: Manifest, { holds }: Part): number => {
  const { classes, perSheet, stored, image, compensators, labelled } = layoutOf(manifest);
  const pixels = ({ height, width }: { readonly height: number; readonly width: number }): number => 3 * height * width;
  const content = {
    bases: 2 * perSheet * classes * pixels(stored),
    compensators: 4 * compensators * pixels(image),
    labels: 4 * labelled * classes,
    decoder: 2 ** 20,
  };
  return 2 ** 16 + content[holds];
};

/** Says that a manifest asks for more than its own sizes can need. */
export const absurdity = (manifest: Manifest): string | undefined => {
  for (const [path, part] of Object.entries(manifest.parts)) {
    const most = mostBytes(manifest, part);
    if (part.bytes > most) return `parts.${path}.bytes is ${part.bytes}, but so many values take ${most} at most`;
  }
  return tooLarge(manifest);
};
