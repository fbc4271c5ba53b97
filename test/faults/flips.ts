import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { cardName } from "../../src/sets/card.ts";
import { verifySet } from "../../src/sets/index.ts";
import { stream } from "../../src/support/random.ts";
import { filesIn } from "../pipeline/tiny.ts";
import type { Ground } from "./ground.ts";
import { type Ended, type Part, thinned } from "./part.ts";

const hashes = /[0-9a-f]{64}/g;

/** Changes one byte, never to itself. */
const flipped = (bytes: Buffer, at: number, by: number): Buffer => {
  const changed = Buffer.from(bytes);
  changed[at]! ^= by;
  return changed;
};

/** Gives the n-th hash of a manifest another value of the same form. */
const otherHash = (bytes: Buffer, n: number): Buffer => {
  let at = 0;
  const other = (hash: string): string =>
    at++ === n ? hash.replace(/^./, (digit) => (digit === "0" ? "1" : "0")) : hash;
  return Buffer.from(bytes.toString().replaceAll(hashes, other));
};

const setOf = (ground: Ground): string => join(ground.run, "4-set");

/** `verify` on a set in which one file is not as it was written. */
const examine = async (folder: string, path: string, changed: Buffer, whole: Buffer): Promise<Ended> => {
  await writeFile(join(folder, path), changed);
  try {
    const { ok, problems } = await verifySet(folder);
    return ok ? { ending: "unseen", what: "it is called whole" } : { ending: "refused", what: problems[0] ?? "" };
  } catch (error) {
    return { ending: "crash", what: String(error) };
  } finally {
    await writeFile(join(folder, path), whole);
  }
};

/**
 * Two parts of one kind and size exchanged, names and hashes left as they were: a hash that were compared with itself would
 * not see it. A part of another set stands in where the set has only one of its kind.
 */
const exchanges = ["bases/0.png", "labels.safetensors", "compensators.safetensors", "decode.onnx"];

const foreign = (ground: Ground, path: string): Promise<Buffer> =>
  path.startsWith("bases/")
    ? readFile(join(setOf(ground), "bases/1.png"))
    : readFile(join(ground.comparison, "sets/infer-ipc4", path)).then((bytes) => flipped(bytes, bytes.length - 2, 1));

export const flips: Part = {
  name: "flips",
  title: "One byte of a distilled set changed: every byte in turn, every hash, and parts exchanged",
  ids: async (scale, ground) => {
    const set = setOf(ground);
    const ids: string[] = [];
    // The card is for people, who may edit it.
    for (const path of (await filesIn(set)).filter((name) => name !== cardName)) {
      const { length } = await readFile(join(set, path));
      ids.push(...thinned(length, scale).map((at) => `${path}/${at}`));
    }
    const manifest = await readFile(join(set, "manifest.json"), "utf8");
    ids.push(...[...manifest.matchAll(hashes)].map((_, n) => `hash/${n}`));
    return [...ids, ...exchanges.map((path) => `exchange/${path}`)];
  },
  open: async (ground) => {
    const folder = join(await ground.scratch(), "set");
    await cp(setOf(ground), folder, { recursive: true });
    const attempt = async (id: string): Promise<Ended> => {
      const [, group = "", rest = ""] = /^(hash|exchange)\/(.*)$/.exec(id) ?? [];
      const path = group === "hash" ? "manifest.json" : group === "exchange" ? rest : id.slice(0, id.lastIndexOf("/"));
      const whole = await readFile(join(folder, path));
      const by = 1 + stream(ground.seed, "flip", id).int(255);
      const changed =
        group === "hash"
          ? otherHash(whole, Number(rest))
          : group === "exchange"
            ? await foreign(ground, path)
            : flipped(whole, Number(id.slice(id.lastIndexOf("/") + 1)), by);
      return examine(folder, path, changed, whole);
    };
    return { attempt, close: async () => undefined };
  },
};
