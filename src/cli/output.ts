// Output streams: widths, colours and aligned columns.
import { createColors } from "picocolors";

/** A stream as the command line sees it; process.stdout and process.stderr are such. */
export type Output = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };

/** The abilities of standard output. */
export interface Terminal {
  readonly colour: boolean;
  readonly width: number;
}

/** The printed result of a command: a text for people, or a JSON value for programs. */
export interface Outcome {
  readonly text: string;
  readonly json: unknown;
}

export const isTerminal = (output: Output): boolean => output.isTTY === true;

/** True where colours may be used: on a terminal, unless the user's environment says otherwise (https://no-color.org). */
export const hasColour = (output: Output): boolean =>
  isTerminal(output) && !process.env.NO_COLOR && process.env.TERM !== "dumb";

/** Characters in a line; 100 where the output has no width. */
export const widthOf = (output: Output): number => output.columns || 100;

/** A standard output, as far as it matters to text. */
export const terminalOf = (output: Output): Terminal => ({ colour: hasColour(output), width: widthOf(output) });

export const coloursFor = (output: Output): ReturnType<typeof createColors> => createColors(hasColour(output));

/** Lines of a name and what belongs to it, the second column aligned; further lines of a value are indented. */
export const factSheet = (
  facts: readonly (readonly [name: string, value: string])[],
  colours: ReturnType<typeof createColors>,
): string => {
  const indent = Math.max(...facts.map(([name]) => name.length)) + 2;
  return facts
    .map(([name, value]) => {
      const [first = "", ...rest] = value.split("\n");
      return [`${colours.dim(name.padEnd(indent))}${first}`, ...rest.map((line) => " ".repeat(indent) + line)].join(
        "\n",
      );
    })
    .join("\n");
};
