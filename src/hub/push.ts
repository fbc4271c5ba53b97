// Pushing a set to the Hugging Face Hub, as one commit.
import { join } from "node:path";
import { commit, createRepo, datasetInfo, listFiles } from "@huggingface/hub";
import { cardName, cardOf } from "../sets/card.ts";
import { isSetFile, manifestName } from "../sets/manifest/manifest.ts";
import { readManifest, verifySet } from "../sets/read.ts";
import { DistilleryError } from "../support/errors.ts";
import { readRegularFile } from "../support/files.ts";
import type { Context } from "../support/work/context.ts";
import { stopIfAborted } from "../support/work/interrupt.ts";
import { type HubAddress, isAddress, parseAddress } from "./address.ts";
import { hubUrl } from "./hub-url.ts";
import { refusal, statusOf } from "./refusal.ts";
import { type Patience, patientFetch } from "./retry.ts";
import { hubToken } from "./token.ts";

/** A file of a commit: its path in the repository, and its bytes. */
export interface PushedFile {
  readonly path: string;
  readonly content: Uint8Array<ArrayBuffer>;
}

export interface PushOptions extends Patience {
  /** Makes a new data set a private one. */
  readonly private?: boolean;
  readonly message?: string;
  /** Says what would be pushed, and asks nobody. */
  readonly dryRun?: boolean;
  /** Files beside the set's own; one of the same path, such as README.md, takes its place. */
  readonly also?: readonly PushedFile[];
}

export interface Pushed {
  /** Page of the data set. */
  readonly url: string;
  /** The address by which the set is opened. */
  readonly address: string;
  readonly files: readonly { readonly path: string; readonly bytes: number }[];
  /** The commit; absent of a dry run. */
  readonly commit?: string;
  /** The manifest's words on the images that others will see. */
  readonly notice: string;
}

/** Fields of every request to the Hub. */
interface Hub {
  readonly repo: { readonly type: "dataset"; readonly name: string };
  readonly accessToken: string;
  readonly hubUrl: string;
  readonly fetch: typeof fetch;
}

/** The data set that is pushed to. @throws USAGE. */
const targetOf = (to: string): HubAddress => {
  const address = isAddress(to) ? parseAddress(to) : undefined;
  if (address !== undefined && !(address instanceof URL) && address.path === "") return address;
  throw new DistilleryError(
    "USAGE",
    `${to}: sets are pushed to a data set of the Hub, expected hf://USER/NAME or hf://USER/NAME@BRANCH`,
  );
};

/** The files of a whole set: manifest, parts and card. @throws SET for a damaged one. */
const filesOf = async (folder: string): Promise<{ readonly files: PushedFile[]; readonly notice: string }> => {
  const { ok, problems, parts } = await verifySet(folder);
  if (!ok) {
    throw new DistilleryError(
      "SET",
      `${folder}: ${problems[0]}; nothing was pushed, \`distillery verify\` lists everything that is wrong`,
    );
  }
  const { manifest } = await readManifest(folder);
  const read = async (path: string): Promise<PushedFile> => ({
    path,
    content: new Uint8Array(await readRegularFile(join(folder, path))),
  });
  const card = await read(cardName).catch(() => ({
    path: cardName,
    content: new TextEncoder().encode(cardOf(manifest)),
  }));
  const listed = [manifestName, ...parts.map(({ path }) => path)];
  return { files: [card, ...(await Promise.all(listed.map(read)))], notice: manifest.notice };
};

/** Makes the data set where it is not there. @throws HUB where a private one is asked for and a public one is there. */
const make = async (hub: Hub, asPrivate: boolean): Promise<void> => {
  try {
    await createRepo({ ...hub, ...(asPrivate && { visibility: "private" }) });
  } catch (cause) {
    if (statusOf(cause) !== 409) throw cause;
    const { name } = hub.repo;
    if (!asPrivate || (await datasetInfo({ ...hub, name })).private) return;
    throw new DistilleryError(
      "HUB",
      `${hub.hubUrl}/datasets/${name} is there and public, --private makes only new ones private: change it in its settings, or push to another name`,
    );
  }
};

/** Files of sets that were pushed before, and that are not among these. */
const staleIn = async (hub: Hub, revision: string | undefined, files: readonly PushedFile[]): Promise<string[]> => {
  const pushed = new Set(files.map(({ path }) => path));
  const stale: string[] = [];
  for await (const { path, type } of listFiles({
    ...hub,
    recursive: true,
    ...(revision !== undefined && { revision }),
  }))
    if (type === "file" && isSetFile(path) && !pushed.has(path)) stale.push(path);
  return stale;
};

/**
 * Pushes the set in a folder, after checking every byte of it, to a data set of the Hub, which is made where it is not there.
 * One commit holds all files, and takes away those of a set that was there before.
 * @throws DistilleryError USAGE (no such address), SET (damaged), HUB (no token, refused, no answer), INTERRUPTED.
 */
export const pushSet = async (
  folder: string,
  to: string,
  { signal, progress }: Context,
  options: PushOptions = {},
): Promise<Pushed> => {
  const { name, revision } = targetOf(to);
  const { files: own, notice } = await filesOf(folder);
  const files = [...new Map([...own, ...(options.also ?? [])].map((file) => [file.path, file])).values()];
  const address = `hf://${name}${revision === undefined ? "" : `@${revision}`}`;
  const pushed: Pushed = {
    url: `${hubUrl()}/datasets/${name}`,
    address,
    files: files.map(({ path, content }) => ({ path, bytes: content.length })),
    notice,
  };
  if (options.dryRun === true) return pushed;
  const accessToken = await hubToken();
  if (accessToken === undefined) {
    throw new DistilleryError(
      "HUB",
      `no token of the Hub was found: make one that may write at ${hubUrl()}/settings/tokens, and put it into HF_TOKEN or run \`hf auth login\``,
    );
  }
  const hub: Hub = { repo: { type: "dataset", name }, accessToken, hubUrl: hubUrl(), fetch: patientFetch(options) };
  const bar = progress.task(`push ${name}`, 3);
  const step = (done: number): void => {
    bar.update(done);
    stopIfAborted(signal, `push to ${name}`);
  };
  try {
    await make(hub, options.private === true);
    step(1);
    const stale = await staleIn(hub, revision, files);
    step(2);
    const done = await commit({
      ...hub,
      title: options.message ?? "Distilled set",
      // Plain uploads: sets are small, and any proxy and mirror speaks them.
      useXet: false,
      ...(revision !== undefined && { branch: revision }),
      ...(signal && { abortSignal: signal }),
      operations: [
        ...files.map(
          ({ path, content }) => ({ operation: "addOrUpdate", path, content: new Blob([content]) }) as const,
        ),
        ...stale.map((path) => ({ operation: "delete", path }) as const),
      ],
    });
    bar.update(3);
    return { ...pushed, ...(done && { commit: done.commit.oid }) };
  } catch (cause) {
    stopIfAborted(signal, `push to ${name}`);
    throw cause instanceof DistilleryError ? cause : refusal(name, cause);
  } finally {
    bar.done();
  }
};
