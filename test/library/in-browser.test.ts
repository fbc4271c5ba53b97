import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import packageFile from "../../package.json" with { type: "json" };
import { openSet, trainStudent } from "../../src/library/index.ts";
import { browserPath, launchBrowser } from "../support/chromium.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const settings = { student: "convnet8", labels: "hard", steps: 4, seed: 3 } as const;

/** The sources of the package's entry for browsers, as one file. */
const bundled = async (): Promise<Uint8Array> => {
  const entry = packageFile.exports["."].browser.default.replace("./dist/", "src/").replace(".js", ".ts");
  const entryPoints = [join(root, entry)];
  const built = await build({ entryPoints, bundle: true, format: "esm", platform: "browser", write: false });
  return built.outputFiles[0]!.contents;
};

const types: Readonly<Record<string, string>> = {
  ".js": "text/javascript",
  ".wasm": "application/wasm",
  "": "text/html",
};

/** The work of a page, on its own origin. */
const inPage = `(async () => {
  const { openSet, trainStudent } = await import("/distillery.js");
  const codeOf = (work) => work.then(() => "none", (error) => error.code + " " + error.message);
  const events = [];
  const set = await openSet("sets/demo-ipc10", { onProgress: (event) => events.push(event.type) });
  const student = await trainStudent(set, ${JSON.stringify(settings)});
  const images = await set.images(set.labels.map((_, row) => row).slice(0, 30));
  const fetched = async (path) => new Uint8Array(await (await fetch("/sets/demo-ipc10/" + path)).arrayBuffer());
  const files = { "manifest.json": await fetched("manifest.json") };
  for (const path of Object.keys(set.manifest.parts)) files[path] = await fetched(path);
  const again = await openSet(files);
  files["bases/3.png"][100] ^= 1;
  const result = {
    events: [...new Set(events)],
    loss: student.history.series.loss,
    images: [...(await again.images([5]))],
    weights: Object.fromEntries(Object.entries(student.weights).map(([name, { data }]) => [name, [...data]])),
    logits: [...(await student.logits(images))],
    predictions: [...(await student.predict(images))],
    network: student.toOnnx().length,
    damaged: await codeOf(openSet(files)),
    missing: await codeOf(openSet("sets/none")),
    unfetched: await codeOf(openSet("sets/demo-ipc10", { signal: AbortSignal.abort() })),
    stopped: await codeOf(trainStudent(set, { student: "convnet8", signal: AbortSignal.abort() })),
    unknown: await codeOf(trainStudent(set, { student: "convnt" })),
  };
  await student.close();
  result.closed = await codeOf(student.logits(images));
  return result;
})()`;

interface Result {
  readonly [text: string]: unknown;
  readonly loss: number[];
  readonly images: number[];
  readonly weights: Readonly<Record<string, number[]>>;
  readonly logits: number[];
  readonly predictions: number[];
}

/** Largest difference of two lists. */
const apart = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Math.max(Math.abs(a.length - b.length), ...Array.from(a, (value, i) => Math.abs(value - b[i]!)));

describe.skipIf(browserPath === undefined)("in a browser (skipped where no chromium is on the PATH)", () => {
  let browser: Browser;
  let server: Server;
  beforeAll(async () => {
    const wasm = "ort-wasm-simd-threaded.wasm";
    const script = await bundled();
    const read = async (path: string): Promise<Uint8Array | string> => {
      if (path === "/") return readFile(join(root, "examples/browser.html"));
      if (path === "/distillery.js") return script;
      return readFile(join(root, path === `/${wasm}` ? `node_modules/onnxruntime-web/dist/${wasm}` : path));
    };
    server = createServer(async ({ url = "" }, response) => {
      const [path = ""] = url.split("?");
      const body = await read(path).catch(() => undefined);
      const type = types[extname(path)] ?? "application/octet-stream";
      response.writeHead(body === undefined ? 404 : 200, { "content-type": type }).end(body);
    });
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    browser = await launchBrowser();
  });
  afterAll(async () => {
    await browser?.close();
    server?.close();
  });

  test("the example's page does what it says, and a student learns as in Node, without a word on the console", async () => {
    const page = await browser.newPage();
    const said: string[] = [];
    page.on("console", (message) => said.push(message.text()));
    page.on("pageerror", (error) => said.push(error.message));
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/?epochs=1`);
    await page.waitForFunction("/named rightly/.test(document.body.innerText)");
    expect(await page.evaluate("document.body.innerText")).toMatch(
      /\d\.\d % of them named rightly by convnet32x3, student\.onnx/,
    );
    const there = await page.evaluate<Result>(inPage);
    await using set = await openSet(join(root, "sets/demo-ipc10"));
    await using student = await trainStudent(set, settings);
    const images = await set.images(set.labels.map((_, row) => row).slice(0, 30));
    expect(apart(there.images, await set.images([5]))).toBeLessThan(1e-5);
    expect(apart(there.loss, student.history.series.loss!)).toBeLessThan(1e-5);
    for (const [name, { data }] of Object.entries(student.weights)) {
      // Batch norm takes a bias before it away: its gradient is rounding, of which AdamW makes steps of full length.
      const loose = /conv\.bias|running_mean/.test(name);
      expect(apart(there.weights[name]!, Array.from(data, Number)), name).toBeLessThan(loose ? 1e-2 : 1e-5);
    }
    // Running means lag behind those biases.
    expect(apart(there.logits, await student.logits(images))).toBeLessThan(1e-2);
    expect(there.predictions).toEqual([...(await student.predict(images))]);
    expect(there).toMatchObject({
      events: ["start", "update", "end"],
      network: student.toOnnx().length,
      damaged: expect.stringMatching(/^SET part bases\/3\.png is damaged: its sha256 is/),
      missing: expect.stringMatching(
        /^DOWNLOAD cannot fetch http.*\/sets\/none\/manifest\.json: the server answers 404/,
      ),
      unfetched: expect.stringMatching(/^INTERRUPTED .*\/sets\/demo-ipc10\/manifest\.json: stopped/),
      stopped: "INTERRUPTED student convnet8x3: stopped at step 0 of 560",
      unknown: expect.stringMatching(/^USAGE unknown architecture "convnt" .did you mean "convnet"/),
      closed: expect.stringMatching(/^DEVICE the device is closed/),
    });
    // Chromium itself tells of the file that is not there.
    expect(said.filter((line) => !line.includes("404"))).toEqual([]);
  });
});
