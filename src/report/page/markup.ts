// HTML from templates that escape the text in them.

/** A piece of finished HTML. Only `html` and `trusted` make one, so text cannot slip in unescaped. */
export class Markup {
  readonly source: string;
  constructor(source: string) {
    this.source = source;
  }
}

export type Content = Markup | string | number | undefined | readonly Content[];

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Text made safe between tags and inside quoted attributes; control characters, not allowed in HTML, become U+FFFD. */
export const escapeText = (text: string): string =>
  text.replace(/[&<>"']/g, (mark) => entities[mark] ?? mark).replace(/[^\P{Cc}\t\n\r]/gu, "\uFFFD");

const flatten = (content: Content): string => {
  if (content === undefined) return "";
  if (content instanceof Markup) return content.source;
  if (typeof content === "string" || typeof content === "number") return escapeText(String(content));
  return content.map(flatten).join("");
};

/** HTML from a template: what is interpolated is escaped unless it is Markup; lists are joined, undefined is nothing. */
export const html = (strings: TemplateStringsArray, ...contents: readonly Content[]): Markup =>
  new Markup(strings.map((text, i) => text + (i < contents.length ? flatten(contents[i]) : "")).join(""));

/** Markup from a constant of the program, never from data. */
export const trusted = (source: string): Markup => new Markup(source);

/** A coordinate or percentage with at most one decimal more than a pixel needs; keeps the file small. */
export const coordinate = (value: number): string => String(Number(value.toFixed(2)));

/** The sentence with no line break between a number, its deviation and its per cent sign. */
export const unbroken = (text: string): string => text.replaceAll(" ± ", "\u00A0±\u00A0").replaceAll(" %", "\u00A0%");

/** A region that scrolls sideways where the page is too narrow for its table. */
export const scrolling = (label: string, content: Content): Markup =>
  html`<div class="scroll" role="region" aria-label="${label}" tabindex="0">${content}</div>`;

/** A titled part of the page. */
export interface Section {
  readonly id: string;
  readonly title: string;
  readonly content: Content;
}

export const section = (id: string, title: string, content: Content): Section => ({ id, title, content });

/** Links to the parts of the page, and the parts. */
export const sectionList = (sections: readonly (Section | undefined)[]): Markup => {
  const shown = sections.filter((one) => one !== undefined);
  return html`<nav aria-label="Sections">${shown.map(({ id, title }) => html`<a href="#${id}">${title}</a>\n`)}</nav>
${shown.map(
  ({ id, title, content }) => html`<section id="${id}" aria-labelledby="${id}-title"><h2 id="${id}-title">${title}</h2>
${content}</section>
`,
)}`;
};
