// Tables and paragraphs that fit a terminal's width.
import Table from "cli-table3";
import type { createColors } from "picocolors";
import { toAscii } from "../support/format.ts";

export type Colours = ReturnType<typeof createColors>;

export interface Column<Row> {
  readonly title: string;
  readonly align: "left" | "right";
  readonly cell: (row: Row, colours: Colours) => string;
}

const withoutColours = (text: string): string =>
  text.replaceAll(new RegExp(`${String.fromCharCode(27)}\\[\\d+m`, "g"), "");

const widest = (text: string): number => Math.max(...text.split("\n").map((line) => withoutColours(line).length));

/** Only a rule under the head, so that the table stays readable when copied into a text. */
const bare = {
  top: "",
  "top-mid": "",
  "top-left": "",
  "top-right": "",
  bottom: "",
  "bottom-mid": "",
  "bottom-left": "",
  "bottom-right": "",
  left: "",
  "left-mid": "",
  right: "",
  "right-mid": "",
  middle: "  ",
  "mid-mid": "  ",
};

const drawTable = <Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  colours: Colours,
  colour: boolean,
): string => {
  const say = colour ? (text: string) => text : toAscii;
  const table = new Table({
    head: columns.map((column) => colours.dim(column.title)),
    colAligns: columns.map((column) => column.align),
    chars: { ...bare, mid: colour ? "─" : "-" },
    style: { head: [], border: [], compact: true, "padding-left": 0, "padding-right": 0 },
  });
  for (const row of rows) table.push(columns.map((column) => say(column.cell(row, colours))));
  return table
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
};

/** The first of some layouts, given from everything to the least that still says it, that fits; the last where none does. */
export const drawFitting = <Row>(
  rows: readonly Row[],
  layouts: readonly (readonly Column<Row>[])[],
  width: number,
  colours: Colours,
  colour: boolean,
): string => {
  const drawn = layouts.map((columns) => drawTable(rows, columns, colours, colour));
  return drawn.find((text) => widest(text) <= width) ?? drawn.at(-1)!;
};

/** Breaks a paragraph at spaces so that no line is longer than `width`, a longer word excepted. */
export const wrap = (text: string, width: number, indent = ""): string => {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = indent + word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line].join("\n");
};
