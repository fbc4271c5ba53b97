import { DistilleryError } from "../src/support/errors.ts";
import { didYouMean } from "../src/support/suggest.ts";
import type { Work } from "./works.ts";

/** One way to run the rival. */
export interface Setting {
  readonly name: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Steps thrown away first: a compiler wants more than one. */
  readonly warmup: number;
}

const flags: Readonly<Record<string, readonly string[]>> = {
  default: [],
  channels_last: ["--channels-last"],
  compile: ["--compile"],
};

const pages: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  plain: {},
  // PyTorch's large blocks come from malloc and go back to the system: with huge pages it meets far fewer page faults.
  huge: { GLIBC_TUNABLES: "glibc.malloc.hugetlb=1" },
};

const lookUp = <T>(option: string, table: Readonly<Record<string, T>>, name: string): T => {
  const found = table[name];
  if (found === undefined) {
    const known = Object.keys(table);
    throw new DistilleryError(
      "USAGE",
      `${option}: unknown "${name}"${didYouMean(name, known)}; known: ${known.join(", ")}`,
    );
  }
  return found;
};

const isDefault = (name: string): boolean => name === "" || name === "default";

/**
 * Every variant of a work under every layout ("default", "channels_last", "compile", or some joined by "+") with every
 * kind of pages. The plainest is named "default".
 */
export const settingsOf = (work: Work, layouts: readonly string[], kinds: readonly string[]): readonly Setting[] =>
  work.variants.flatMap((variant, i) =>
    layouts.flatMap((layout) =>
      kinds.map((kind): Setting => {
        const parts = [
          isDefault(layout) ? "" : layout,
          i === 0 ? "" : variant.name,
          kind === "huge" ? "hugepages" : "",
        ];
        return {
          name: parts.filter((part) => part !== "").join(", ") || "default",
          args: [...variant.args, ...layout.split("+").flatMap((name) => lookUp("--settings", flags, name))],
          env: lookUp("--pages", pages, kind),
          warmup: layout.includes("compile") ? 4 : 2,
        };
      }),
    ),
  );

/** Order of a round: another setting comes first each time, so that none always follows the same one. */
export const turned = <T>(list: readonly T[], by: number): T[] => list.map((_, i) => list[(i + by) % list.length] as T);
