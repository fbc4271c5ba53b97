import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { openStore } from "../../src/distributed/artefacts/open-store.ts";
import { s3Settings } from "../../src/distributed/artefacts/s3-settings.ts";
import { type S3Patience, s3Store } from "../../src/distributed/artefacts/s3-store.ts";
import type { ArtefactStore } from "../../src/distributed/artefacts/store.ts";
import { cut, error, half, keys, type S3Server, s3Server } from "./s3-server.ts";

let server: S3Server;
let folder: string;
beforeAll(async () => {
  server = await s3Server();
  folder = await mkdtemp(join(tmpdir(), "distillery-s3-"));
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});
beforeEach(() => {
  for (const [name, value] of Object.entries(server.env)) vi.stubEnv(name, value);
  server.files.clear();
  server.asked.length = 0;
  server.ignorant = false;
});
afterEach(() => {
  vi.unstubAllEnvs();
  expect(server.faults).toEqual([]);
});

const bytes = Buffer.alloc(300_000, 7);
const opened = async (patience: S3Patience = {}): Promise<ArtefactStore> =>
  s3Store(await s3Settings("s3://bucket/runs/"), { retries: 3, firstWait: 1, ...patience });

describe("a request is made again", () => {
  it.each([
    ["a busy server", error(503, "SlowDown")],
    ["a failing server", error(500, "InternalError")],
    ["a connection that is cut", cut],
  ])("after %s", async (_, answer) => {
    const store = await opened();
    server.faults.push(...["PUT", "PUT", "GET", "HEAD"].map((method) => ({ on: new RegExp(method), answer })));
    await store.put("a/b", bytes);
    expect(await store.has("a/b")).toBe(true);
    expect(Buffer.compare((await store.get("a/b"))!, bytes)).toBe(0);
    expect(server.asked).toEqual(
      ["PUT", "PUT", "PUT", "HEAD", "HEAD", "GET", "GET"].map((method) => `${method} /bucket/runs/a/b`),
    );
  });

  it.each([
    ["ends in the middle", true],
    ["is cut short and says that it is whole", false],
  ])("after an answer that %s", async (_, told) => {
    const store = await opened();
    await store.put("a", bytes);
    server.faults.push({ on: /GET/, answer: half(told) });
    expect(Buffer.compare((await store.get("a"))!, bytes)).toBe(0);
  });

  it("while another writes a file of the name", async () => {
    const store = await opened();
    server.faults.push({ on: /PUT/, answer: error(409, "ConditionalRequestConflict") });
    expect(await store.putIfAbsent("a", bytes)).toBe(true);
  });

  it("whose answer was lost, and is known to have put the file", async () => {
    const store = await opened();
    server.faults.push({
      on: /PUT/,
      answer: (request) => {
        const meta = { "x-amz-meta-put": String(request.headers["x-amz-meta-put"]) };
        request.on("end", () => {
          server.files.set(request.url!, { bytes, meta });
          request.socket.destroy();
        });
        request.resume();
      },
    });
    expect(await store.putIfAbsent("a", bytes)).toBe(true);
    expect(await store.putIfAbsent("a", bytes)).toBe(false);
  });

  it("after silence, and no more often than it may", async () => {
    const store = await opened({ silence: 50 });
    const silent = { on: /HEAD/, answer: () => undefined };
    server.faults.push(silent, silent, silent, silent);
    await expect(store.has("a")).rejects.toMatchObject({
      code: "ARTEFACTS",
      message: expect.stringMatching(
        /^s3:\/\/bucket\/runs: no answer from 127\.0\.0\.1:\d+ \(nothing for 0 s\)/,
      ) as string,
    });
    expect(server.asked).toHaveLength(4);
  });
});

it("a file that is not as it was put is refused by its name", async () => {
  const store = await opened();
  await store.put("a/b", bytes);
  const [[name, file]] = [...server.files] as [[string, { bytes: Buffer; meta: Record<string, string> }]];
  server.files.set(name, { ...file, bytes: Buffer.alloc(300_000, 8) });
  await expect(store.get("a/b")).rejects.toMatchObject({
    message: "s3://bucket/runs/a/b is damaged; remove it, and it is made anew",
  });
});

describe("what makes a bucket unfit is told in one line", () => {
  const skewed = new Date(Date.now() - 3_600_000).toUTCString();
  it.each([
    ["no rights", error(403, "AccessDenied"), "no rights (403, AccessDenied); its keys need s3:GetObject"],
    [
      "a clock that is wrong",
      error(403, "RequestTimeTooSkewed", { date: skewed }),
      /clock is 36\d\d s ahead of the server's; set it/,
    ],
    [
      "another region",
      error(301, "PermanentRedirect", { "x-amz-bucket-region": "us-west-2" }),
      "set AWS_REGION to us-west-2",
    ],
    ["another kind of server", error(418, "Teapot"), "it answered 418 (Teapot: said of Teapot)"],
  ])("%s", async (_, answer, message) => {
    server.faults.push({ on: /./, answer });
    const refused = openStore("s3://bucket/runs");
    await expect(refused).rejects.toMatchObject({ code: "ARTEFACTS" });
    await expect(refused).rejects.toThrow(message);
    expect(server.asked).toHaveLength(1);
  });

  it.each([
    ["no such bucket", "s3://nobody/runs", {}, "s3://nobody/runs: there is no bucket nobody; make it"],
    [
      "a wrong secret",
      "s3://bucket",
      { AWS_SECRET_ACCESS_KEY: "wrong-secret" },
      "its keys are refused (SignatureDoesNotMatch)",
    ],
    [
      "half of the keys",
      "s3://bucket",
      { AWS_SECRET_ACCESS_KEY: "" },
      "no keys; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    ],
    [
      "an endpoint that is none",
      "s3://bucket",
      { AWS_ENDPOINT_URL_S3: "me:wrong-secret@host" },
      "AWS_ENDPOINT_URL_S3 is wrong",
    ],
    ["no bucket's name", "s3://Bucket_1/runs", {}, "s3://Bucket_1/runs: expected s3://BUCKET or s3://BUCKET/PREFIX"],
    ["keys in the address", "s3://id:wrong-secret@bucket", {}, "s3://...@bucket: expected s3://BUCKET"],
    ["a way out of the prefix", "s3://bucket/../other", {}, "expected s3://BUCKET"],
    ["another scheme", "gs://bucket/runs", {}, "gs://... is no store; expected a folder or s3://BUCKET/PREFIX"],
  ])("%s", async (_, where, environment, message) => {
    vi.stubEnv("AWS_SHARED_CREDENTIALS_FILE", join(folder, "none"));
    for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
    const refused = openStore(where).catch((cause: unknown) => cause as Error);
    expect(await refused).toMatchObject({ code: "ARTEFACTS", message: expect.stringContaining(message) as string });
    expect(((await refused) as Error).message).not.toMatch(/wrong-secret|secret-of-the-test|AKID/);
  });

  it("nobody listens", async () => {
    const nobody = createServer();
    await new Promise<void>((resolve) => nobody.listen(0, "127.0.0.1", resolve));
    const { port } = nobody.address() as AddressInfo;
    await new Promise((resolve) => nobody.close(resolve));
    vi.stubEnv("AWS_ENDPOINT_URL_S3", `http://127.0.0.1:${port}`);
    await expect(openStore("s3://bucket")).rejects.toThrow(`no answer from 127.0.0.1:${port} (ECONNREFUSED)`);
  });

  it("a server that puts one file over another", async () => {
    server.ignorant = true;
    await expect(openStore("s3://bucket")).rejects.toThrow("s3://bucket: its server ignores If-None-Match");
    expect(server.files.size).toBe(0);
  });
});

it("keys come from a profile where the environment has none", async () => {
  const file = join(folder, "credentials");
  await writeFile(
    file,
    `[default]\naws_access_key_id = other\naws_secret_access_key = other\n\n[lab]\n# ours\naws_access_key_id = ${keys.id}\naws_secret_access_key=${keys.secret}\n`,
  );
  vi.stubEnv("AWS_ACCESS_KEY_ID", "");
  vi.stubEnv("AWS_SHARED_CREDENTIALS_FILE", file);
  await expect(openStore("s3://bucket")).rejects.toThrow("its keys are refused");
  vi.stubEnv("AWS_PROFILE", "lab");
  await openStore("s3://bucket");
});

it("a bucket is a part of the host's name where no endpoint is given, but for one with dots", async () => {
  const env = { AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "b", AWS_REGION: "eu-west-3" };
  expect((await s3Settings("s3://bucket/a/b/", env)).url).toBe("https://bucket.s3.eu-west-3.amazonaws.com/a/b");
  expect((await s3Settings("s3://my.bucket", env)).url).toBe("https://s3.eu-west-3.amazonaws.com/my.bucket");
});
