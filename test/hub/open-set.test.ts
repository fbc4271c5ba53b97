import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { fileUrl, parseAddress } from "../../src/hub/address.ts";
import { openSetAt } from "../../src/hub/open-set.ts";
import { readSet, verifySet, writeSet } from "../../src/sets/index.ts";
import { sealManifest } from "../../src/sets/manifest/seal.ts";
import { progressTo, silent } from "../../src/support/work/progress.ts";
import { commandLine } from "../cli/world.ts";
import { exampleSet } from "../sets/example-set.ts";
import { status, token } from "./hub-server.ts";

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

const context = { progress: silent };

let scratch: string;
let folder: string;
beforeEach(async () => {
  for (const name of ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY", "HF_ENDPOINT"])
    vi.stubEnv(name, "");
  scratch = await mkdtemp(join(tmpdir(), "distillery-open-"));
  onTestFinished(() => rm(scratch, { recursive: true, force: true }));
  folder = join(scratch, "set");
  vi.stubEnv("HF_HOME", join(scratch, "huggingface"));
  vi.stubEnv("HF_TOKEN", token);
  vi.stubEnv("XDG_CACHE_HOME", join(scratch, "cache"));
  await writeSet(folder, exampleSet());
});

/** Serves the set's folder below /some/set/; `faults` answer in place of it, each once, the next request for their file. */
const serve = async (faults: [file: string, answer: Answer][] = [], other?: (file: string) => Buffer | undefined) => {
  const asked: { readonly file: string; readonly token: string | undefined }[] = [];
  const server = createServer((request, response) => {
    const file = decodeURIComponent(request.url!.slice("/some/set/".length));
    asked.push({ file, token: request.headers.authorization });
    const at = faults.findIndex(([of]) => of === file);
    if (at >= 0) return faults.splice(at, 1)[0]![1](request, response);
    const found = other?.(file);
    (found === undefined ? readFile(join(folder, file)) : Promise.resolve(found)).then(
      (bytes) => {
        const from = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
        const range = { "content-range": `bytes ${from}-${bytes.length - 1}/${bytes.length}` };
        response.writeHead(from > 0 ? 206 : 200, {
          etag: '"v1"',
          "content-length": bytes.length - from,
          ...(from > 0 && range),
        });
        response.end(bytes.subarray(from));
      },
      () => status(404)(request, response),
    );
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/some/set`;
  return { url, asked };
};

/** A manifest with other fields, whose own hash fits. */
const forged = async (change: (manifest: Record<string, never>) => void): Promise<Buffer> => {
  const { sha256: _, ...manifest } = JSON.parse(await readFile(join(folder, "manifest.json"), "utf8"));
  change(manifest);
  return Buffer.from(sealManifest(manifest));
};

describe("a set at an address", () => {
  test("is fetched into the cache, whole, with nothing but what its manifest lists, once", async () => {
    const { url, asked } = await serve();
    const there = await openSetAt(`${url}/`, context);
    expect(there.startsWith(join(scratch, "cache", "distillery", "sets"))).toBe(true);
    expect(await readSet(there)).toEqual(await readSet(folder));
    const files = ["bases/0.png", "bases/1.png", "compensators.safetensors", "decode.onnx", "labels.safetensors"];
    expect(asked.map(({ file }) => file).sort()).toEqual([...files, "manifest.json"]);
    expect(asked[0]).toEqual({ file: "manifest.json", token: undefined });
    expect(await openSetAt(`${url}/manifest.json`, context)).toBe(there);
    expect(asked).toHaveLength(7);
    expect(await readdir(join(scratch, "cache", "distillery", "sets"))).toHaveLength(1);
  });

  test("a damaged file of the cache is fetched again, alone", async () => {
    const { url, asked } = await serve();
    const there = await openSetAt(url, context);
    await writeFile(join(there, "bases/1.png"), "x");
    await openSetAt(url, context);
    expect(asked.slice(6).map(({ file }) => file)).toEqual(["manifest.json", "bases/1.png"]);
    expect((await verifySet(there)).problems).toEqual([]);
  });

  test("comes through a busy server, a cut body and a redirect", async () => {
    const whole = await readFile(join(folder, "compensators.safetensors"));
    const elsewhere = await serve();
    const { url, asked } = await serve([
      ["manifest.json", status(503)],
      ["bases/0.png", status(503)],
      [
        "compensators.safetensors",
        (_, response) => {
          response.writeHead(200, { etag: '"v1"', "content-length": whole.length });
          response.write(whole.subarray(0, 100), () => setTimeout(() => response.destroy(), 20));
        },
      ],
      [
        "labels.safetensors",
        (_, response) => void response.writeHead(302, { location: `${elsewhere.url}/labels.safetensors` }).end(),
      ],
    ]);
    expect(await readSet(await openSetAt(url, context))).toEqual(await readSet(folder));
    expect(asked.filter(({ file }) => file === "bases/0.png")).toHaveLength(2);
    expect(elsewhere.asked.map(({ file }) => file)).toEqual(["labels.safetensors"]);
  });

  test.each<[string, [string, Answer], RegExp]>([
    [
      "no manifest",
      ["manifest.json", status(404)],
      /manifest.json: the server answered 404, expected 200; expected hf:/,
    ],
    ["a refusal", ["bases/0.png", status(401)], /bases\/0.png: the server answered 401/],
    [
      "more bytes than are listed",
      ["decode.onnx", (_, response) => void response.writeHead(200).end(Buffer.alloc(200_000))],
      /decode.onnx: the server sends more than \d+ bytes, expected \d+; it is another file/,
    ],
    [
      "bytes of another length",
      ["decode.onnx", (_, response) => void response.writeHead(200, { "content-length": 3 }).end("abc")],
      /decode.onnx: the server sends 3 bytes, expected \d+; it is another file/,
    ],
    [
      "a web page",
      ["manifest.json", (_, response) => void response.writeHead(200).end("<!doctype html><html></html>")],
      /manifest.json: it is an HTML page/,
    ],
  ])("is refused with its reason: %s", async (_, fault, message) => {
    const { url } = await serve([fault]);
    await expect(openSetAt(url, context)).rejects.toThrow(message);
  });

  test("wrong bytes of the right length are refused, and not kept", async () => {
    const { url } = await serve();
    const wrong = (await readFile(join(folder, "decode.onnx"))).fill(7);
    const { url: bad } = await serve([], (file) => (file === "decode.onnx" ? wrong : undefined));
    await expect(openSetAt(bad, context)).rejects.toThrow(/decode.onnx: damaged on the way or changed .* deleted/);
    expect(await readSet(await openSetAt(url, context))).toEqual(await readSet(folder));
  });

  test("a manifest that leads out of its folder or asks for absurd sizes is refused before any part is fetched", async () => {
    const part = { holds: "bases", bytes: 10, sha256: "a".repeat(64) };
    for (const [change, message] of [
      [
        (m: Record<string, Record<string, object>>) => Object.assign(m.parts!, { "../../evil": part }),
        /"..\/..\/evil", which does not belong/,
      ],
      [
        (m: Record<string, Record<string, object>>) =>
          Object.assign(m.parts!, { "bases/0.png": { ...part, bytes: 2e9 } }),
        /bytes is 2000000000, but so many values take \d+ at most; it is not fetched/,
      ],
    ] as const) {
      const manifest = await forged(change);
      const { url, asked } = await serve([], (file) => (file === "manifest.json" ? manifest : undefined));
      await expect(openSetAt(url, context)).rejects.toThrow(message);
      expect(asked.map(({ file }) => file)).toEqual(["manifest.json"]);
    }
  });

  test("is taken by inspect, verify and evaluate", async () => {
    const { url } = await serve();
    expect((await commandLine(["inspect", url])).stdout).toMatch(/data +example, 3 classes/);
    expect(await commandLine(["verify", url])).toMatchObject({
      exit: 0,
      stdout: expect.stringMatching(/5 parts checked/),
    });
    const { calls } = await commandLine(["evaluate", url, "--data", "demo"]);
    expect(calls[0]?.context.set).toBe(await openSetAt(url, context));
    const gone = await commandLine(["inspect", `${url}/nowhere`]);
    expect(gone).toMatchObject({
      exit: 3,
      stderr: expect.stringMatching(/nowhere\/manifest.json: the server answered 404/),
    });
  });

  test("notes what is fetched, and where to", async () => {
    const { url } = await serve();
    const notes: string[] = [];
    const progress = progressTo((event) => void (event.type === "note" && notes.push(event.text)));
    expect(notes).toEqual([]);
    const there = await openSetAt(url, { progress });
    expect(notes[0]).toMatch(/5 parts, kept in /);
    expect(notes[0]).toContain(there);
  });
});

describe("addresses", () => {
  test.each([
    ["hf://me/set", "https://huggingface.co/datasets/me/set/resolve/main/bases/0.png"],
    ["hf://datasets/me/set@v1/a folder/", "https://huggingface.co/datasets/me/set/resolve/v1/a%20folder/bases/0.png"],
    [
      "hf://me/set@refs%2Fpr%2F1/manifest.json",
      "https://huggingface.co/datasets/me/set/resolve/refs%2Fpr%2F1/bases/0.png",
    ],
    [
      "https://huggingface.co/datasets/me/set/tree/main/sub",
      "https://huggingface.co/datasets/me/set/resolve/main/sub/bases/0.png",
    ],
    ["https://huggingface.co/datasets/me/set", "https://huggingface.co/datasets/me/set/resolve/main/bases/0.png"],
    ["https://example.org/sets/one/manifest.json", "https://example.org/sets/one/bases/0.png"],
    ["https://example.org", "https://example.org/bases/0.png"],
  ])("%s", (where, url) => {
    expect(fileUrl(parseAddress(where), "bases/0.png")).toBe(url);
  });

  test.each([
    ["hf://me", /no address of a data set on the Hub; expected hf:/],
    ["hf://me/set/../../other", /leads out of the folder/],
    ["http://example.org/set", /use https/],
    ["https://example.org/set?token=1", /has a \? or a #/],
    ["https://name:secret@example.org/set", /^https:\/\/\.\.\.@example.org\/set: user names and passwords/],
    ["https://", /it is no address/],
    ["hf://me/set@50%", /^hf:\/\/me\/set@50%: its revision "50%" has a % that begins no character, write %25 for it; /],
    ["https://huggingface.co/datasets/me/set/tree/50%", /its revision "50%" has a %/],
  ])("refused: %s", async (where, message) => {
    await expect(openSetAt(where, context)).rejects.toMatchObject({
      code: "SET",
      message: expect.stringMatching(message),
    });
  });

  test("whatever is no address is a folder", async () => {
    for (const where of ["runs/demo", "/tmp/x", "C:\\sets\\x", "hf:/me"])
      expect(await openSetAt(where, context)).toBe(where);
  });
});
