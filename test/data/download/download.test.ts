import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { type DownloadOptions, download } from "../../../src/data/download/download.ts";
import { silent } from "../../../src/support/work/progress.ts";
import { codeOf, failureOf, temporaryFolder } from "../fixtures.ts";

const content = Buffer.from(Uint8Array.from({ length: 300_000 }, (_, i) => (i * 31 + (i >> 7)) & 255));
const newContent = Buffer.from(content).reverse();
const md5 = (bytes: Uint8Array): string => createHash("md5").update(bytes).digest("hex");

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A server that gives its answers in turn, the last one for good, and records the Range and If-Range it was asked. */
const serve = async (...answers: Answer[]) => {
  const asked: { range: string | undefined; ifRange: string | undefined }[] = [];
  const server = createServer((request, response) => {
    const ifRange = request.headers["if-range"];
    asked.push({ range: request.headers.range, ifRange: typeof ifRange === "string" ? ifRange : undefined });
    (answers.length > 1 ? answers.shift()! : answers[0]!)(request, response);
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { asked, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/file.bin` };
};

/** Answers as a proper server does: ranges, unless If-Range names another version. */
const whole =
  (bytes: Buffer, etag: string | undefined = '"v1"'): Answer =>
  (request, response) => {
    const from = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
    const current = request.headers["if-range"] === undefined || request.headers["if-range"] === etag;
    const tag = etag === undefined ? {} : { etag };
    if (from > 0 && current && from >= bytes.length) {
      response.writeHead(416, { "content-range": `bytes */${bytes.length}` }).end();
    } else if (from > 0 && current) {
      const range = `bytes ${from}-${bytes.length - 1}/${bytes.length}`;
      response.writeHead(206, { ...tag, "content-range": range, "content-length": bytes.length - from });
      response.end(bytes.subarray(from));
    } else {
      response.writeHead(200, { ...tag, "content-length": bytes.length }).end(bytes);
    }
  };

/** Sends the head and the first bytes, then breaks the connection. */
const cut =
  (bytes: Buffer, at: number, etag: string | undefined = '"v1"'): Answer =>
  (_, response) => {
    response.writeHead(200, { ...(etag === undefined ? {} : { etag }), "content-length": bytes.length });
    response.write(bytes.subarray(0, at), () => setTimeout(() => response.destroy(), 20));
  };

const status =
  (code: number): Answer =>
  (_, response) =>
    void response.writeHead(code).end("sorry");

/** Ignores the Range header. */
const rangeless: Answer = (_, response) => void response.writeHead(200, { etag: '"v1"' }).end(content);

const options: DownloadOptions = { checksum: { md5: md5(content) }, progress: silent, retries: 2, firstWait: 5 };

/** What a process that died would have left behind. */
const leave = async (url: string, bytes: Buffer, etag = '"v1"'): Promise<void> => {
  await mkdir(join(to, ".."), { recursive: true });
  await writeFile(`${to}.part`, bytes);
  await writeFile(`${to}.part.json`, JSON.stringify({ url, etag }));
};

let folder: string;
let to: string;
beforeEach(async () => {
  // The developer's own proxy is not for the servers of these tests.
  for (const name of ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"])
    vi.stubEnv(name, "");
  folder = await temporaryFolder();
  to = join(folder, "deep", "file.bin");
});

const expectWhole = async (bytes: Buffer = content): Promise<void> => {
  expect((await readFile(to)).equals(bytes)).toBe(true);
  expect(await readdir(join(to, ".."))).toEqual(["file.bin"]);
};

test("fetches a file into a new folder, reporting bytes", async () => {
  const { url, asked } = await serve(whole(content));
  const seen: number[] = [];
  const progress = {
    ...silent,
    task: (_: string, total: number) => ({
      update: (done: number) => void seen.push(done / total),
      done: () => undefined,
    }),
  };
  await download(url, to, { ...options, progress });
  await expectWhole();
  expect(seen.at(-1)).toBe(1);
  expect(asked).toEqual([{ range: undefined, ifRange: undefined }]);
});

test("fetches nothing when the right file is there, and replaces a wrong one", async () => {
  const { url, asked } = await serve(whole(content));
  await download(url, to, options);
  await download(url, to, options);
  expect(asked).toHaveLength(1);
  await writeFile(to, "something else");
  await download(url, to, { ...options, checksum: { sha256: createHash("sha256").update(content).digest("hex") } });
  await expectWhole();
});

test("a broken connection is taken up where it broke", async () => {
  const { url, asked } = await serve(cut(content, 100_000), whole(content));
  await download(url, to, options);
  await expectWhole();
  expect(asked).toHaveLength(2);
  expect(asked[1]!.range).toMatch(/^bytes=100000-/);
});

test("a server that is busy at first is asked again", async () => {
  const { url, asked } = await serve(status(503), status(503), whole(content));
  await download(url, to, options);
  await expectWhole();
  expect(asked).toHaveLength(3);
});

test("bytes of an earlier process are continued", async () => {
  const { url, asked } = await serve(whole(content));
  await leave(url, content.subarray(0, 123_456));
  await download(url, to, options);
  await expectWhole();
  expect(asked).toEqual([{ range: "bytes=123456-", ifRange: '"v1"' }]);
});

test("what a stopped download leaves is enough for the next one", async () => {
  const slow: Answer = (_, response) => {
    response.writeHead(200, { etag: '"v1"', "content-length": content.length });
    response.write(content.subarray(0, 50_000));
  };
  const { url, asked } = await serve(slow, whole(content));
  const stop = new AbortController();
  const progress = {
    ...silent,
    task: () => ({ update: (done: number) => (done >= 50_000 ? stop.abort() : undefined), done: () => undefined }),
  };
  expect(await codeOf(download(url, to, { ...options, progress, signal: stop.signal }))).toBe("INTERRUPTED");
  await download(url, to, options);
  await expectWhole();
  expect(asked[1]!.range).toBe("bytes=50000-");
});

test("bytes that were all there already are only checked", async () => {
  const { url } = await serve(whole(content));
  await leave(url, content);
  await download(url, to, options);
  await expectWhole();
});

test("a server that ignores Range starts the file over", async () => {
  const { url } = await serve(rangeless);
  await leave(url, content.subarray(0, 1000));
  await download(url, to, options);
  await expectWhole();
});

test("a connection broken by a server that ignores Range starts over too", async () => {
  const { url } = await serve(cut(content, 100_000), rangeless);
  await download(url, to, options);
  await expectWhole();
});

test("a new version at the publisher's (another ETag) starts the file over", async () => {
  const { url, asked } = await serve(whole(newContent, '"v2"'));
  await leave(url, content.subarray(0, 1000));
  await download(url, to, { ...options, checksum: { md5: md5(newContent) } });
  await expectWhole(newContent);
  expect(asked[0]!.ifRange).toBe('"v1"');
});

test("more bytes than the file has are thrown away", async () => {
  const { url } = await serve(whole(content));
  await leave(url, Buffer.concat([content, content]));
  await download(url, to, options);
  await expectWhole();
});

test("an answer with another range than asked for is not believed", async () => {
  const odd: Answer = (_, response) => {
    response.writeHead(206, { etag: '"v1"', "content-range": `bytes 0-299999/300000`, "content-length": 300_000 });
    response.end(content);
  };
  const { url } = await serve(odd, whole(content));
  await leave(url, content.subarray(0, 1000));
  await download(url, to, options);
  await expectWhole();
});

test.each([undefined, 'W/"v1"'])("bytes under the ETag %s are not continued by a later process", async (etag) => {
  const { url, asked } = await serve(whole(content, etag));
  await leave(url, content.subarray(0, 1000));
  await writeFile(`${to}.part.json`, "{ cut short");
  await download(url, to, options);
  await expectWhole();
  expect(asked[0]!.range).toBeUndefined();
});

test("a wrong checksum deletes the bytes and says both sums", async () => {
  const { url } = await serve(whole(newContent));
  const { code, message } = await failureOf(download(url, to, options));
  expect(code).toBe("DOWNLOAD");
  expect(message).toContain(`md5 is ${md5(newContent)}, expected ${md5(content)}`);
  expect(await readdir(join(to, ".."))).toEqual([]);
});

test("a redirect is followed", async () => {
  const { url } = await serve(
    (_, response) => void response.writeHead(302, { location: "/elsewhere" }).end(),
    whole(content),
  );
  await download(url, to, options);
  await expectWhole();
});

test("an answer other than the file is an error with its status and the way out", async () => {
  const { url } = await serve(status(404));
  const { code, message } = await failureOf(download(url, to, { ...options, otherwise: "or pass a local copy" }));
  expect(code).toBe("DOWNLOAD");
  expect(message).toBe(`${url}: the server answered 404, expected 200; or pass a local copy`);
  const down = await serve(status(503));
  expect((await failureOf(download(down.url, to, options))).message).toContain("503");
});

test("no network is an error that says so", async () => {
  const failure = await failureOf(
    download("http://127.0.0.1:1/file.bin", to, { ...options, otherwise: "or pass a local copy" }),
  );
  expect(failure.code).toBe("DOWNLOAD");
  expect(failure.message).toMatch(
    /cannot download http:\/\/127.0.0.1:1\/file.bin: .*ECONNREFUSED.*; or pass a local copy/,
  );
});

test("a folder that cannot be made is a disk error", async () => {
  await writeFile(join(folder, "deep"), "a file where the folder should be");
  expect(await codeOf(download("http://127.0.0.1:1/file.bin", to, options))).toBe("DISK");
});
