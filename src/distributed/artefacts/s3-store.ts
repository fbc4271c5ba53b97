// A store in a bucket of an S3 server.
import { randomUUID } from "node:crypto";
import { setTimeout as wait } from "node:timers/promises";
import { AwsV4Signer } from "aws4fetch";
import { fetchByProxy } from "../../data/download/proxy.ts";
import { DistilleryError } from "../../support/errors.ts";
import { sha256 } from "../../support/files.ts";
import { codeIn, refusal, type S3Answer, silence } from "./s3-refusal.ts";
import type { S3Settings } from "./s3-settings.ts";
import type { ArtefactStore } from "./store.ts";

/** Repetitions of a request that failed, and times in milliseconds. */
export interface S3Patience {
  readonly retries?: number;
  /** The first pause, doubled from then on. */
  readonly firstWait?: number;
  /** Until an answer begins, besides 1 ms for every 100 bytes that are sent. */
  readonly silence?: number;
}

/** Says that what came is not what was put; asked for again. */
class Damaged extends Error {}

/** Answers that may be others a moment later; 409: another is writing a file of this name. */
const isBusy = (answer: S3Answer): boolean =>
  [408, 409, 429].includes(answer.status) || answer.status >= 500 || codeIn(answer) === "RequestTimeout";

/** Fields of a file's metadata: the digest of its bytes, and who put it. */
const digestField = "x-amz-meta-sha256";
const putField = "x-amz-meta-put";

type Ask = "GET" | "HEAD" | "PUT" | "DELETE";

/**
 * A store in a bucket. A PUT is signed with the digest of its bytes, which the server checks, and so does a GET by the same
 * digest in the metadata, so that neither ever passes for whole what was cut short.
 */
export const s3Store = (
  settings: S3Settings,
  { retries = 8, firstWait = 200, silence: most = 60_000 }: S3Patience = {},
): ArtefactStore => {
  const { url, region, keys, address } = settings;
  // Repetitions are those of `ask`: an answer's body and the signature's time belong to each try.
  const send = fetchByProxy();

  const once = async (
    method: Ask,
    name: string,
    headers: Readonly<Record<string, string>>,
    body: Uint8Array<ArrayBuffer> | undefined,
  ): Promise<S3Answer> => {
    const signed = await new AwsV4Signer({
      ...keys,
      method,
      url: `${url}/${name}`,
      service: "s3",
      region,
      headers: { ...headers, "x-amz-content-sha256": sha256(body ?? "") },
    }).sign();
    const stop = new AbortController();
    const limit = most + (body?.length ?? 0) / 100;
    const timer = setTimeout(() => stop.abort(new Error(`nothing for ${Math.round(limit / 1000)} s`)), limit);
    try {
      const answer = await send(signed.url.href, {
        method,
        headers: [...signed.headers],
        signal: stop.signal,
        redirect: "manual",
        ...(body !== undefined && { body }),
      });
      clearTimeout(timer);
      const bytes = new Uint8Array(await answer.arrayBuffer());
      const digest = answer.headers.get(digestField);
      if (method === "GET" && answer.ok && digest !== null && digest !== sha256(bytes)) throw new Damaged();
      return { status: answer.status, headers: answer.headers, bytes };
    } finally {
      clearTimeout(timer);
    }
  };

  /** Asks until there is an answer, which is returned where its status is one of those that are wanted. */
  const ask = async (
    method: Ask,
    name: string,
    wanted: readonly number[],
    headers: Readonly<Record<string, string>> = {},
    body?: Uint8Array,
  ): Promise<S3Answer> => {
    const sent = body && new Uint8Array(body);
    for (let attempt = 0; ; attempt++) {
      const last = attempt === retries;
      try {
        const answer = await once(method, name, headers, sent);
        if (wanted.includes(answer.status) && codeIn(answer) !== "NoSuchBucket") return answer;
        if (last || !isBusy(answer)) throw refusal(settings, answer);
      } catch (cause) {
        if (cause instanceof DistilleryError) throw cause;
        if (last && cause instanceof Damaged)
          throw new DistilleryError("ARTEFACTS", `${address}/${name} is damaged; remove it, and it is made anew`);
        if (last) throw silence(settings, cause);
      }
      // Apart from others that failed at the same moment.
      await wait(firstWait * 2 ** attempt * (0.5 + Math.random()));
    }
  };

  const described = (bytes: Uint8Array) => ({ [digestField]: sha256(bytes) });

  return {
    address,
    has: async (name) => (await ask("HEAD", name, [200, 404])).status === 200,
    get: async (name) => {
      const { status, bytes } = await ask("GET", name, [200, 404]);
      return status === 200 ? bytes : undefined;
    },
    putIfAbsent: async (name, bytes) => {
      const own = randomUUID();
      const headers = { ...described(bytes), [putField]: own, "if-none-match": "*" };
      if ((await ask("PUT", name, [200, 412], headers, bytes)).status === 200) return true;
      // It may have been put by the try before, whose answer was lost.
      return (await ask("HEAD", name, [200, 404])).headers.get(putField) === own;
    },
    put: async (name, bytes) => void (await ask("PUT", name, [200], described(bytes), bytes)),
    remove: async (name) => void (await ask("DELETE", name, [200, 204, 404])),
  };
};
