// Downloads that survive broken connections and are checked by a published sum.
import { createHash } from "node:crypto";
import { type FileHandle, rename } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { type Dispatcher, errors, interceptors, RetryAgent, request } from "undici";
import { DistilleryError } from "../../support/errors.ts";
import { codeOf, diskError, makeFolder, openRegularFile } from "../../support/files.ts";
import { stopIfAborted } from "../../support/work/interrupt.ts";
import type { Progress } from "../../support/work/progress.ts";
import { type PartialFile, partialFile } from "./partial-file.ts";
import { agentFor, blameProxy, type ProxyAddress, proxyFor } from "./proxy.ts";

/** The publisher's checksum, in hex. */
export type Checksum = { readonly md5: string } | { readonly sha256: string };

export interface DownloadOptions {
  /** Absent where nobody knows it: then the file is fetched anew each time. */
  readonly checksum?: Checksum;
  /** The least and most bytes that the file may have; nothing beyond is taken. */
  readonly within?: readonly [least: number, most: number];
  readonly headers?: Readonly<Record<string, string>>;
  /** Size of the whole file, for the progress bar where the server does not tell. */
  readonly bytes?: number;
  readonly progress: Progress;
  readonly signal?: AbortSignal;
  /** Advice to the user; ends the message of a failure. */
  readonly otherwise?: string;
  /** Repetitions of a request (5), and the first wait in milliseconds (500), doubled from then on. */
  readonly retries?: number;
  readonly firstWait?: number;
}

/** A body that breaks off for good although bytes had come is taken up again this often within one call. */
const rounds = 4;

const matches = async (
  path: string,
  checksum: Checksum | undefined,
): Promise<{ readonly ok: boolean; readonly said: string }> => {
  if (checksum === undefined) return { ok: true, said: "" };
  const [algorithm, expected] = "md5" in checksum ? ["md5", checksum.md5] : ["sha256", checksum.sha256];
  const hash = createHash(algorithm);
  const file = await openRegularFile(path, Number.POSITIVE_INFINITY);
  for await (const chunk of file.createReadStream()) hash.update(chunk);
  const found = hash.digest("hex");
  return { ok: found === expected.toLowerCase(), said: `${algorithm} is ${found}, expected ${expected}` };
};

const one = (value: string | string[] | undefined): string | undefined => (Array.isArray(value) ? value[0] : value);

/** Writes all of a chunk; one write may take less than it was given. */
const append = async (file: FileHandle, path: string, chunk: Uint8Array): Promise<void> => {
  try {
    let written = 0;
    while (written < chunk.length) written += (await file.write(chunk, written)).bytesWritten;
  } catch (cause) {
    throw diskError(path, cause);
  }
};

/** Fails on a file of so many bytes, known before or while they come, where the caller said that it has others. */
const checkSize = (url: string, bytes: number, { within }: DownloadOptions, all: boolean): void => {
  if (within === undefined || (bytes <= within[1] && (!all || bytes >= within[0]))) return;
  const [least, most] = within;
  throw new DistilleryError(
    "DOWNLOAD",
    `${url}: the server sends ${all ? "" : "more than "}${all ? bytes : most} bytes, expected ${least === most ? most : `at most ${most}`}; it is another file`,
  );
};

/** Copies a response's body to the end of the open file and reports on it. */
const drain = async (
  body: AsyncIterable<Uint8Array>,
  file: FileHandle,
  part: PartialFile,
  report: { readonly title: string; readonly from: number; readonly total: number; readonly progress: Progress },
  checkBytes: (done: number) => void,
): Promise<void> => {
  const task = report.progress.task(report.title, report.total);
  try {
    let done = report.from;
    task.update(done);
    for await (const chunk of body) {
      checkBytes(done + chunk.length);
      await append(file, part.path, chunk);
      done += chunk.length;
      task.update(done);
    }
  } finally {
    task.done();
    await file.close();
  }
};

const wrongStatus = (url: string, status: number): DistilleryError =>
  new DistilleryError("DOWNLOAD", `${url}: the server answered ${status}, expected 200`);

/** One request. "again": what lies in the part is of no use to this server, it has been discarded. */
const fetchInto = async (
  part: PartialFile,
  url: string,
  dispatcher: Dispatcher,
  options: DownloadOptions,
): Promise<"complete" | "again"> => {
  const start = await part.resumable(url);
  const { statusCode, headers, body } = await request(url, {
    dispatcher,
    headers: {
      // The checksum is that of the bytes as published, not of a transfer coding.
      "accept-encoding": "identity",
      ...options.headers,
      ...(start ? { range: `bytes=${start.bytes}-`, "if-range": start.etag } : {}),
    },
    signal: options.signal ?? null,
  });
  const range = one(headers["content-range"]);
  if (start && statusCode === 416) {
    await body.dump();
    // All bytes may be there already: the process died between the last of them and the checksum.
    if (range === `bytes */${start.bytes}`) return "complete";
    await part.discard();
    return "again";
  }
  if (start && statusCode === 206 && !range?.startsWith(`bytes ${start.bytes}-`)) {
    body.on("error", () => undefined).destroy();
    await part.discard();
    return "again";
  }
  if (statusCode !== 200 && !(start && statusCode === 206)) {
    await body.dump();
    throw wrongStatus(url, statusCode);
  }
  const from = statusCode === 206 && start ? start.bytes : 0;
  const length = Number(one(headers["content-length"]) ?? Number.NaN);
  try {
    if (Number.isFinite(length)) checkSize(url, from + length, options, true);
  } catch (error) {
    body.on("error", () => undefined).destroy();
    throw error;
  }
  const file = await part.open(from, url, one(headers.etag));
  const total = Number.isFinite(length) ? from + length : (options.bytes ?? 0);
  const report = { title: `download ${basename(url)}`, from, total, progress: options.progress };
  await drain(body, file, part, report, (done) => checkSize(url, done, options, false));
  return "complete";
};

/** The failure of a request that its repetitions did not cure. */
const networkError = (url: string, cause: unknown, kept: number, proxy: ProxyAddress | undefined): DistilleryError => {
  if (cause instanceof errors.RequestRetryError && cause.statusCode >= 300) return wrongStatus(url, cause.statusCode);
  const why = cause instanceof Error ? cause.message || cause.name : String(cause);
  const code = codeOf(cause) === "" ? "" : ` (${codeOf(cause)})`;
  const rest = kept > 0 ? `; the ${kept} bytes received are kept and the same command goes on from there` : "";
  return new DistilleryError("DOWNLOAD", `cannot download ${url}: ${why}${code}${blameProxy(proxy, why)}${rest}`, {
    cause,
  });
};

const fetchAll = async (part: PartialFile, url: string, options: DownloadOptions): Promise<void> => {
  const proxy = proxyFor(url);
  const agent = agentFor(proxy);
  const dispatcher = new RetryAgent(agent.compose(interceptors.redirect({ maxRedirections: 5 })), {
    maxRetries: options.retries ?? 5,
    minTimeout: options.firstWait ?? 500,
  });
  const kept = async (): Promise<number> => (await part.resumable(url))?.bytes ?? 0;
  try {
    for (let round = 1; ; round++) {
      const before = await kept();
      try {
        if ((await fetchInto(part, url, dispatcher, options)) === "complete") return;
        if (round === rounds) throw new Error("the server's answers to range requests contradict each other");
      } catch (cause) {
        stopIfAborted(options.signal, `download of ${url}`);
        if (cause instanceof DistilleryError) throw cause;
        const after = await kept();
        if (round === rounds || after <= before) throw networkError(url, cause, after, proxy);
      }
    }
  } finally {
    await agent.destroy();
  }
};

/**
 * Downloads `url` to the file `to`, making its folder. Bytes gather in `<to>.part`; when the connection breaks or the process
 * dies they are continued, provided that the server still has the same version (ETag). The file appears under its name only
 * when its checksum is right; if it is there already with the right checksum nothing is fetched. The way leads
 * through the proxy that the environment names, if it does.
 *
 * Throws DOWNLOAD (no network, an answer other than 200, a wrong checksum: the bytes are then deleted), DISK or INTERRUPTED.
 */
export const download = async (url: string, to: string, options: DownloadOptions): Promise<void> => {
  if (options.checksum !== undefined) {
    const present = await matches(to, options.checksum).catch(() => undefined);
    if (present?.ok) return;
  }
  const part = partialFile(to);
  await makeFolder(dirname(to));
  try {
    await fetchAll(part, url, options);
    const { ok, said } = await matches(part.path, options.checksum);
    if (!ok) {
      await part.discard();
      throw new DistilleryError(
        "DOWNLOAD",
        `${url}: damaged on the way or changed by its publisher (${said}); the download was deleted, try again`,
      );
    }
  } catch (error) {
    if (!(error instanceof DistilleryError) || error.code !== "DOWNLOAD" || !options.otherwise) throw error;
    throw new DistilleryError("DOWNLOAD", `${error.message}; ${options.otherwise}`, { cause: error });
  }
  await rename(part.path, to).catch((cause: unknown) => {
    throw diskError(to, cause);
  });
  await part.forgetOrigin();
};
