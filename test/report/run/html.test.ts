import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { GalleryItem, Report } from "../../../src/evaluation/rows.ts";
import { renderComparison } from "../../../src/report/comparison/html.ts";
import { renderReport } from "../../../src/report/run/html.ts";
import { browserPath, launchBrowser } from "../../support/chromium.ts";
import { hostileComparison, makeComparison, withThirdStudent } from "../compare-fixtures.ts";
import { classNames, makeGallery, makeReport, row } from "../fixtures.ts";

const hostile = `<script>window.hacked = 1</script>"'><img src=x onerror="window.hacked = 1">&amp;\u0007`;

const hostileReport = (): Report => {
  const report = makeReport();
  const [teacher] = report.teachers;
  return makeReport({
    data: {
      ...report.data,
      name: hostile,
      classNames: [hostile, ...classNames.slice(1)],
      classWords: classNames.map(() => `${hostile} in words`),
      skipped: 3,
      ignored: 2,
    },
    teachers: [{ ...teacher!, architecture: hostile, sha256: hostile }],
    rows: [
      row("infer", "static", [45, 46], { student: hostile }),
      row("random", "static", [40, 41], { student: hostile }),
    ],
    curves: report.curves.map((curve) => ({
      ...curve,
      name: hostile,
      series: { [hostile]: Object.values(curve.series)[0]! },
    })),
    seconds: { [hostile]: 3 },
    device: hostile,
    recipe: { data: hostile, [hostile]: [hostile] },
  });
};

/** What a report looks like when almost everything is missing. */
const bareReport = (): Report => {
  const report = makeReport();
  return makeReport({
    rows: [],
    curves: [],
    teachers: [],
    seconds: {},
    recipe: {},
    bytes: { bases: 0, compensators: 0, labels: 0, manifest: 0, total: 0, data: 0, teachers: 0 },
    budget: { ...report.budget, bases: 0, compensators: 0, trainingImages: 0 },
  });
};

const singleSeed = (): Report =>
  makeReport({
    rows: [row("infer", "static", [45]), row("random", "static", [40])],
    curves: [
      { group: "teacher", name: "one point", steps: [1], series: { loss: [2] } },
      {
        group: "set",
        name: "broken",
        steps: [1, 2, 3],
        series: { crossEntropy: [1, Number.NaN, 2], statistics: [] },
      },
      { group: "student", name: "of another form", steps: [], series: {} },
    ],
  });

const pages = async (): Promise<readonly (readonly [name: string, source: string])[]> => [
  ["complete", renderReport(makeReport(), await makeGallery())],
  ["hostile names", renderReport(hostileReport(), await makeGallery([hostile, "plain"]))],
  ["nothing measured", renderReport(bareReport(), [])],
  ["one seed", renderReport(singleSeed(), [])],
  [
    "large images",
    renderReport(
      makeReport({ data: { ...makeReport().data, image: { channels: 3, height: 224, width: 224 } } }),
      (await makeGallery()).slice(0, 1),
    ),
  ],
  ["comparison", renderComparison(makeComparison())],
  ["comparison of hostile names", renderComparison(withThirdStudent(hostileComparison()))],
];

describe("the page's text", () => {
  /** The page without its pictures, whose base64 may spell anything. */
  const wordsOf = (page: string): string => page.replace(/base64,[^"]*/g, "");
  /** Numbers gone wrong on the page, each with its surroundings. */
  const accidents = (page: string): string[] =>
    wordsOf(page).match(/.{0,40}(?:NaN|undefined|Infinity|\[object).{0,40}/g) ?? [];

  it("holds everything, in order, without a script and without a link to anywhere", async () => {
    const page = renderReport(makeReport(), await makeGallery());
    const order = [
      "<h1>Clearly better than random images: +5.5 points for convnet128x3.",
      "Natural images inside",
      '<h2 id="accuracy',
      '<h2 id="course',
      '<h2 id="teachers',
      '<h2 id="curves',
      '<h2 id="gallery',
      '<h2 id="bytes',
      "Dynamic labels cost more",
      '<h2 id="seconds',
      '<h2 id="provenance',
    ];
    expect(order.map((text) => page.indexOf(text))).toEqual(
      order.map((text) => page.indexOf(text)).sort((a, b) => a - b),
    );
    expect(order.filter((text) => !page.includes(text))).toEqual([]);
    expect(wordsOf(page).match(/<script|\son\w+=|url\(|@import/)).toBeNull();
    expect([...page.matchAll(/(?:src|href)="([^"]{0,20})/g)].filter(([, link]) => !/^(data:|#)/.test(link!))).toEqual(
      [],
    );
    expect(accidents(page)).toEqual([]);
    expect(page.match(/<img [^>]*>/g)).toHaveLength(30);
    expect(page.match(/<img [^>]*alt="[^"]+"/g)).toHaveLength(30);
  });

  it.each([
    ["natural", "is a base, a natural image of the data, plus a compensator", ["base", "compensator", "sum"]],
    ["from-natural", "is a base, optimised from a natural image of the data, enlarged", ["base", "enlarged"]],
    ["from-noise", "Each training image is optimised from noise.", ["base"]],
  ] as const)("says what images %s are made of", async (pixels, lead, captions) => {
    const [{ compensator, image, ...item }] = (await makeGallery()) as [Required<GalleryItem>];
    const shown = {
      ...item,
      ...(captions.length > 2 && { compensator }),
      ...(captions.length > 1 && { image }),
    };
    const page = renderReport(makeReport({ pixels }), [shown]);
    expect(page).toContain(lead);
    expect([...page.matchAll(/<figcaption>([^<]*)<\/figcaption>/g)].map(([, caption]) => caption)).toEqual(captions);
  });

  it("says which methods had the teachers", () => {
    expect(renderReport(makeReport(), [])).toContain("INFER makes its sets by them. The soft labels");
    expect(renderReport(makeReport({ method: "match" }), [])).toContain("after their last epoch. The soft labels");
    const few = makeReport({ data: { ...makeReport().data, test: 72, validation: 6 } });
    expect(renderReport(few, [])).toContain(
      "Test accuracies rest on 72 images, those of validation on 6, too few for more than a rough idea.",
    );
  });

  it("prints no deviation from one seed", () => {
    const page = renderReport(singleSeed(), []);
    expect(page).toContain("<b>45.0</b><small>one seed</small>");
    expect(page.match(/\d ± \d/)).toBeNull();
  });

  it("says what is missing", () => {
    const page = renderReport(bareReport(), []);
    for (const text of [
      "No student has been trained",
      "had no teachers",
      "kept no loss curves",
      "No pictures",
      "were not timed",
    ]) {
      expect(page).toContain(text);
    }
    expect(accidents(page)).toEqual([]);
  });

  it("escapes every name", async () => {
    const gallery = (await makeGallery([hostile, "plain"])).map((item) => ({ ...item, words: hostile }));
    const page = renderReport(hostileReport(), gallery);
    expect(page).toContain("; 3 unreadable files skipped; 2 other files ignored<");
    expect(page).not.toContain("<script");
    expect(page).not.toContain("<img src=x");
    expect(page).toContain("&lt;script&gt;window.hacked = 1&lt;/script&gt;&quot;&#39;&gt;");
  });

  it("stays small with hundreds of compensators", () => {
    const steps = Array.from({ length: 1000 }, (_, i) => i);
    const curves = Array.from({ length: 400 }, (_, i) => ({
      group: "set" as const,
      name: `base ${i}, teacher 0`,
      steps,
      series: { crossEntropy: steps.map((s) => 3 * Math.exp(-s / 300) + 0.01) },
    }));
    const page = renderReport(makeReport({ curves }), []);
    expect(page).toContain("Of 400 thin lines one in 9 is drawn");
    expect(page.length).toBeLessThan(200_000);
  });
});

describe.skipIf(browserPath === undefined)("the page in a browser (skipped where no chromium is on the PATH)", () => {
  let browser: Browser;
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "distillery-report-"));
    browser = await launchBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    await rm(folder, { recursive: true, force: true });
  });

  it("loads without a word on the console or a request, is well-formed, fits and runs nothing", async () => {
    for (const [name, source] of await pages()) {
      const file = join(folder, "report.html");
      await writeFile(file, source);
      for (const width of [1200, 420]) {
        const page = await browser.newPage({ viewport: { width, height: 800 } });
        const said: string[] = [];
        const requested: string[] = [];
        page.on("console", (message) => said.push(message.text()));
        page.on("pageerror", (error) => said.push(error.message));
        page.on("request", (request) => requested.push(request.url()));
        const url = pathToFileURL(file).href;
        await page.goto(url);
        expect(said, name).toEqual([]);
        expect(
          requested.filter((address) => address !== url && !address.startsWith("data:")),
          name,
        ).toEqual([]);
        expect(await page.evaluate("window.hacked"), name).toBeUndefined();
        expect(
          await page.evaluate<number>("document.documentElement.scrollWidth"),
          `${name} at ${width}`,
        ).toBeLessThanOrEqual(width);
        expect(
          await page.evaluate<boolean>(
            "[...document.images].every((image) => image.complete && image.naturalWidth > 0)",
          ),
          name,
        ).toBe(true);
        await page.close();
      }
      const page = await browser.newPage();
      const parse = `(() => { const e = new DOMParser().parseFromString(${JSON.stringify(source)}, "application/xhtml+xml").querySelector("parsererror"); return e ? e.textContent : ""; })()`;
      expect(await page.evaluate<string>(parse), name).toBe("");
      await page.close();
    }
  });
});
