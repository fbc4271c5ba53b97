// The gallery section of a report: training images and what they are made of.
import type { GalleryItem, Report } from "../../evaluation/rows.ts";
import { type Origin, sharersOf } from "../../sets/index.ts";
import { formatShare } from "../../support/format.ts";
import { fullName, shortName } from "../named-class.ts";
import { html, type Markup } from "../page/markup.ts";

/** Images up to this side are enlarged with hard pixel edges; larger ones are shrunk, where smoothing looks better. */
const pixelArtSide = 96;

const picture = (png: Uint8Array, alt: string, caption: string, pixels: boolean): Markup => {
  const data = Buffer.from(png.buffer, png.byteOffset, png.byteLength).toString("base64");
  return html`<figure><img class="${pixels ? "pixels" : "smooth"}" src="data:image/png;base64,${data}" alt="${alt}" /><figcaption>${caption}</figcaption></figure>`;
};

const bars = (item: GalleryItem): Markup | undefined => {
  if (item.topLabels.length === 0) return undefined;
  const top = Math.max(...item.topLabels.map(({ probability }) => probability), Number.MIN_VALUE);
  return html`<table class="labels"><thead class="unseen"><tr><th scope="col">label</th><th scope="col">probability</th><th scope="col">bar</th></tr></thead><tbody>
${item.topLabels.map(
  (
    label,
  ) => html`<tr><th scope="row" title="${fullName(label)}">${shortName(label)}</th><td class="number">${formatShare(label.probability)}</td>
<td class="track" aria-hidden="true"><i style="width:${((100 * Math.max(0, label.probability)) / top).toFixed(1)}%"></i></td></tr>`,
)}</tbody></table>`;
};

const operator = (sign: string): Markup => html`<span class="operator" aria-hidden="true">${sign}</span>`;

const bases: Readonly<Record<Origin, string>> = {
  natural: "a natural image of the data",
  crops: "made of crops of natural images",
  "from-natural": "optimised from a natural image of the data",
  "from-noise": "optimised from noise",
};

/** Says why a label is spread, where the first one is: it looks like a mistake. */
const spreadNote = (gallery: readonly GalleryItem[]): string => {
  const spread = gallery.find(({ topLabels }) => topLabels.length > 1 && topLabels[0]!.probability < 0.5);
  return spread === undefined
    ? ""
    : ` Labels that are spread over several classes, as that of ${shortName(spread)}, are no mistake: teachers that are unsure tell a student which classes look alike.`;
};

/** Says what the pictures show. */
const leadOf = ({ pixels, budget }: Report, gallery: readonly GalleryItem[]): string => {
  const added = gallery.some(({ compensator }) => compensator !== undefined);
  const made = gallery.some(({ image }) => image !== undefined);
  const labels = gallery.some(({ topLabels }) => topLabels.length > 0)
    ? ` Bars: the training image’s stored label as probabilities (temperature 1; students see it softened), relative to the largest.${spreadNote(gallery)}`
    : "";
  const base = bases[pixels];
  if (added)
    return `A training image is a base, ${base}, plus a compensator that ${sharersOf(budget)} share. The compensators’ contrast is stretched to be seen.${labels}`;
  return made
    ? `A training image is a base, ${base}, enlarged to the size of the images.${labels}`
    : `Each training image is ${base}.${labels}`;
};

const card = (item: GalleryItem, pixels: boolean): Markup => {
  const name = shortName(item);
  // The identifier stands where it can be read and copied: words are not unique.
  const identifier = item.words === undefined ? "" : `${item.className}, `;
  const { compensator, image } = item;
  const added =
    compensator &&
    html`${operator("+")}
${picture(compensator, `Compensator added to it, contrast stretched`, "compensator", pixels)}`;
  const made =
    image &&
    html`${operator(compensator ? "=" : "→")}
${picture(image, `Training image of class ${name} that is made so`, compensator ? "sum" : "enlarged", pixels)}`;
  return html`<li class="card"><h3>${name}</h3><p class="quiet">${identifier}${item.caption}</p>
<div class="triple">${picture(item.base, `Base image of class ${name}`, "base", pixels)}${added}${made}</div>
${bars(item)}</li>
`;
};

/** A few training images and what they are made of, with the labels stored for them. */
export const gallerySection = (report: Report, gallery: readonly GalleryItem[]): Markup => {
  if (gallery.length === 0) return html`<p class="quiet">No pictures were taken of this set.</p>`;
  const pixels = Math.max(report.data.image.width, report.data.image.height) <= pixelArtSide;
  return html`<p class="lead">${leadOf(report, gallery)}</p>
<ul class="gallery">${gallery.map((item) => card(item, pixels))}</ul>`;
};
