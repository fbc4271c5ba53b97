// The frame of an HTML page that loads nothing else.
import { html, type Markup, trusted } from "./markup.ts";
import { style } from "./style.ts";

/** Nothing but the page itself may be loaded: no script, no font, no request, whatever a name may contain. */
const policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

/** The beginning of every page, by which a page of ours is known. */
export const pageBeginning =
  '<!DOCTYPE html>\n<html lang="en" xmlns="http://www.w3.org/1999/xhtml"><head><meta charset="utf-8" />\n';

/** A whole page that needs nothing else, and is well-formed XML as well. */
export const pageOf = (title: string, body: Markup): string =>
  html`${trusted(pageBeginning)}<meta http-equiv="Content-Security-Policy" content="${policy}" />
<meta name="viewport" content="width=device-width, initial-scale=1" />
<meta name="color-scheme" content="light dark" />
<title>${title}</title>
<link rel="icon" href="data:image/png;base64," />
<style>${trusted(style)}</style></head>
<body>${body}</body></html>
`.source;

/** One large number and what it is. */
export interface Tile {
  readonly figure: string;
  readonly unit: string;
  readonly text: string;
  readonly colour: string;
}

export const tileList = (tiles: readonly Tile[]): Markup =>
  html`<dl class="tiles">${tiles.map(
    ({ figure, unit, text, colour }) =>
      html`<div class="tile ${colour}"><dt>${text}</dt><dd>${figure}<span> ${unit}</span></dd></div>`,
  )}</dl>`;
