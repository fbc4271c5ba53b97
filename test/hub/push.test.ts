import { appendFile, cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { openSetAt } from "../../src/hub/open-set.ts";
import { pushSet } from "../../src/hub/push.ts";
import { readSet, writeSet } from "../../src/sets/index.ts";
import { silent } from "../../src/support/work/progress.ts";
import { exampleSet, hardSet } from "../sets/example-set.ts";
import { hubServer, status, token } from "./hub-server.ts";

const context = { progress: silent };
const quick = { retries: 2, firstWait: 1 };

let scratch: string;
let folder: string;
beforeEach(async () => {
  for (const name of ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY", "HF_TOKEN_PATH"])
    vi.stubEnv(name, "");
  scratch = await mkdtemp(join(tmpdir(), "distillery-push-"));
  onTestFinished(() => rm(scratch, { recursive: true, force: true }));
  folder = join(scratch, "set");
  vi.stubEnv("HF_HOME", join(scratch, "huggingface"));
  vi.stubEnv("XDG_CACHE_HOME", join(scratch, "cache"));
  vi.stubEnv("HF_TOKEN", token);
  await writeSet(folder, exampleSet());
});

test("a set goes to the Hub and comes back as the same set, by one commit", async () => {
  const hub = await hubServer();
  const pushed = await pushSet(folder, "hf://me/example", context, { message: "First" });
  expect(pushed).toMatchObject({ url: `${hub.url}/datasets/me/example`, address: "hf://me/example", commit: "c0ffee" });
  const { files, titles } = hub.repos.get("me/example")!;
  expect(titles).toEqual(["First"]);
  expect([...files.keys()].sort()).toEqual(pushed.files.map(({ path }) => path).sort());
  for (const [path, bytes] of files) expect(bytes).toEqual(await readFile(join(folder, path)));
  expect(await readSet(await openSetAt("hf://me/example", context))).toEqual(await readSet(folder));
});

test("an edited card and files beside the set are pushed, files of the set before go", async () => {
  const hub = await hubServer();
  await pushSet(folder, "hf://me/example", context);
  await writeSet(folder, hardSet());
  await appendFile(join(folder, "README.md"), "Licence: CC0.\n");
  const also = [{ path: "data/train.parquet", content: new Uint8Array([1, 2]) }];
  await pushSet(folder, "hf://me/example", context, { also });
  const { files } = hub.repos.get("me/example")!;
  expect(String(files.get("README.md"))).toMatch(/CC0/);
  expect([...files.keys()].sort()).toEqual([
    "README.md",
    "bases/0.png",
    "bases/1.png",
    "data/train.parquet",
    "decode.onnx",
    "manifest.json",
  ]);
});

test("a dry run asks nobody", async () => {
  const hub = await hubServer();
  vi.stubEnv("HF_TOKEN", "");
  const { files, commit } = await pushSet(folder, "hf://me/example", context, { dryRun: true });
  expect(files).toContainEqual({
    path: "manifest.json",
    bytes: (await readFile(join(folder, "manifest.json"))).length,
  });
  expect([commit, hub.asked.length]).toEqual([undefined, 0]);
});

test("what is private stays so", async () => {
  const hub = await hubServer();
  await pushSet(folder, "hf://me/secret", context, { private: true });
  expect(hub.repos.get("me/secret")?.private).toBe(true);
  await pushSet(folder, "hf://me/secret", context, { private: true });
  expect(await openSetAt("hf://me/secret", context)).toMatch(/cache/);
  vi.stubEnv("HF_TOKEN", "");
  await expect(openSetAt("hf://me/secret", context)).rejects.toThrow(/answered 401.*is private \(no token was found/);
  vi.stubEnv("HF_TOKEN", token);
  await pushSet(folder, "hf://me/open", context);
  await expect(pushSet(folder, "hf://me/open", context, { private: true })).rejects.toThrow(/is there and public/);
  expect(hub.repos.get("me/open")?.titles).toHaveLength(1);
});

test("the token goes to the Hub alone, not where it redirects to", async () => {
  const elsewhere = await hubServer();
  const hub = await hubServer();
  await pushSet(folder, "hf://me/example", context);
  elsewhere.repos.set("me/example", hub.repos.get("me/example")!);
  const location = `${elsewhere.url}/datasets/me/example/resolve/main/decode.onnx`;
  hub.faults.push({
    on: /^GET .*decode.onnx/,
    answer: (_, response) => void response.writeHead(302, { location }).end(),
  });
  await openSetAt("hf://me/example", context);
  const asked = hub.asked.filter(({ what }) => what.includes("/resolve/"));
  expect(new Set(asked.map((one) => one.token))).toEqual(new Set([`Bearer ${token}`]));
  expect(elsewhere.asked).toEqual([{ what: expect.stringMatching(/decode.onnx/), token: undefined }]);
});

test("a token is looked for where the Hub's programs keep it, and never shown", async () => {
  const hub = await hubServer();
  vi.stubEnv("HF_TOKEN", "");
  const pushing = () => pushSet(folder, "hf://me/example", context, quick);
  await expect(pushing()).rejects.toMatchObject({
    code: "HUB",
    message: expect.stringMatching(/^no token of the Hub/),
  });
  expect(hub.asked).toEqual([]);
  vi.stubEnv("HF_TOKEN_PATH", join(scratch, "token"));
  await writeFile(join(scratch, "token"), `${token}\n`);
  await pushing();
  for (const [given, message] of [
    ["hf_wrong", /the token is refused \(401\)/],
    ["secret", /^HF_TOKEN: holds no token of the Hub, which begins with hf_/],
  ] as const) {
    vi.stubEnv("HF_TOKEN", given);
    const error = await pushing().catch((cause: unknown) => cause);
    expect(error).toMatchObject({ code: "HUB", message: expect.stringMatching(message) });
    expect((error as Error).message).not.toContain(given);
  }
  vi.stubEnv("HF_TOKEN", token);
  await expect(pushSet(folder, "hf://you/example", context, quick)).rejects.toThrow(
    /may not write to you\/example \(403\)/,
  );
});

test("a Hub that is busy is asked again, one that stays so is said", async () => {
  const hub = await hubServer();
  hub.faults.push(
    { on: /preupload/, answer: status(503) },
    { on: /\/lfs\//, answer: (_, response) => response.destroy() },
  );
  await pushSet(folder, "hf://me/example", context, quick);
  expect(await readSet(await openSetAt("hf://me/example", context))).toEqual(await readSet(folder));
  hub.faults.push(...Array.from({ length: 3 }, () => ({ on: /commit/, answer: status(503) })));
  await expect(pushSet(folder, "hf://me/example", context, quick)).rejects.toThrow(
    /answered 503 .*also when asked again/,
  );
  vi.stubEnv("HF_ENDPOINT", "http://127.0.0.1:9");
  await expect(pushSet(folder, "hf://me/example", context, quick)).rejects.toThrow(
    /^http:\/\/127.0.0.1:9: it does not answer/,
  );
});

test("a damaged set, and what is no address, are refused before anybody is asked", async () => {
  const hub = await hubServer();
  const broken = join(scratch, "broken");
  await cp(folder, broken, { recursive: true });
  await appendFile(join(broken, "labels.safetensors"), "x");
  await expect(pushSet(broken, "hf://me/example", context)).rejects.toThrow(
    /labels.safetensors has .*; nothing was pushed/,
  );
  for (const to of ["me/example", "hf://me", "hf://me/a/folder", "https://elsewhere.org/me/example"])
    await expect(pushSet(folder, to, context)).rejects.toThrow(/expected hf:\/\//);
  expect(hub.asked).toEqual([]);
});
