import { readdir, readFile, utimes, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type Holder, holderOf, type Lock, lockFolder, sweepLocks } from "../../src/support/lock.ts";
import { markOf } from "../../src/support/running.ts";
import { start, until } from "../e2e/processes.ts";
import { temporaryFolder } from "../pipeline/tiny.ts";

const lockOf = (folder: string): string => join(folder, ".distillery.lock");
const taken = (outcome: Lock | Holder): outcome is Lock => "release" in outcome;

/** Takes a folder that must be free. */
const take = async (folder: string): Promise<Lock> => {
  const outcome = await lockFolder(folder);
  if (!taken(outcome)) throw new Error(`held by ${JSON.stringify(outcome)}`);
  return outcome;
};

/** Puts the lock of another process into a folder. */
const leave = async (folder: string, over: Partial<Holder>): Promise<void> => {
  const rest = { since: "2026-01-01T00:00:00.000Z", command: "run", token: "0123" };
  await writeFile(lockOf(folder), JSON.stringify({ ...(await markOf()), ...rest, ...over }));
};

const gone = { pid: 999_999_999 };
const elsewhere = { host: "elsewhere", system: "another boot" };

describe("a folder's lock", () => {
  it("says who holds it and since when, and goes away without a trace", async () => {
    const folder = await temporaryFolder();
    expect(await holderOf(folder)).toBeUndefined();
    const lock = await take(folder);
    expect(await readdir(folder)).toEqual([".distillery.lock"]);
    const holder = await lockFolder(folder);
    expect(holder).toMatchObject({ pid: process.pid, host: hostname(), since: expect.stringMatching(/^\d{4}-/) });
    expect(await holderOf(folder)).toEqual(holder);
    await lock.release();
    await lock.release();
    expect(await readdir(folder)).toEqual([]);
    await (await take(folder)).release();
  });

  it("is taken over from a process that is gone", async () => {
    const folder = await temporaryFolder();
    await leave(folder, gone);
    expect(await holderOf(folder)).toBeUndefined();
    await (await take(folder)).release();
    expect(await readdir(folder)).toEqual([]);
  });

  it.runIf(process.platform === "linux")("is taken over where another process has got the number since", async () => {
    const folder = await temporaryFolder();
    await leave(folder, { started: "1" });
    await (await take(folder)).release();
    await leave(folder, {});
    expect(taken(await lockFolder(folder))).toBe(false);
  });

  it("of another machine holds until it was silent for a minute", async () => {
    const folder = await temporaryFolder();
    await leave(folder, { ...elsewhere, ...gone });
    expect(await lockFolder(folder)).toMatchObject({ host: "elsewhere" });
    const longAgo = new Date(Date.now() - 70_000);
    await utimes(lockOf(folder), longAgo, longAgo);
    await (await take(folder)).release();
  });

  it("that cannot be read holds as long", async () => {
    const folder = await temporaryFolder();
    await writeFile(lockOf(folder), "{");
    expect(await lockFolder(folder)).toMatchObject({ host: "" });
    await utimes(lockOf(folder), 1, 1);
    await (await take(folder)).release();
  });

  it("is succeeded where a process was killed while taking it over, and its remnants are swept", async () => {
    const folder = await temporaryFolder();
    await leave(folder, gone);
    const remnants = [`${lockOf(folder)}.0123`, `${lockOf(folder)}.4567.new`];
    for (const file of remnants) {
      await writeFile(file, (await readFile(lockOf(folder), "utf8")).replace("0123", "4567"));
    }
    // Killed before it had written anything, and a process that is about to be refused.
    await writeFile(`${lockOf(folder)}.999999999-89ab.new`, "");
    await writeFile(`${lockOf(folder)}.${process.pid}-cdef.new`, "");
    const lock = await take(folder);
    expect(await holderOf(folder)).toMatchObject({ pid: process.pid });
    await sweepLocks(folder);
    await lock.release();
    expect(await readdir(folder)).toEqual([`.distillery.lock.${process.pid}-cdef.new`]);
  });

  it("is won by one of many that take it over at once", async () => {
    const folder = await temporaryFolder();
    for (let round = 0; round < 40; round++) {
      await leave(folder, gone);
      const outcomes = await Promise.all(Array.from({ length: 6 }, () => lockFolder(folder)));
      expect(outcomes.filter(taken)).toHaveLength(1);
      await Promise.all(outcomes.filter(taken).map((lock) => lock.release()));
      expect(await readdir(folder)).toEqual([]);
    }
  });

  it("is won by one of several processes that take it over at once", async () => {
    const folder = await temporaryFolder();
    await leave(folder, gone);
    const rounds = 60;
    // Each prints a line whenever it holds the folder, which no other may do meanwhile.
    const contenders = Array.from({ length: 3 }, () => start("contender", folder, [folder, String(rounds)]));
    await Promise.all(contenders.map((contender) => until(contender, () => contender.stderr().includes("ready"))));
    await writeFile(join(folder, "go"), "");
    const ended = await Promise.all(contenders.map((contender) => contender.ended));
    for (const { exit, stdout } of ended)
      expect({ exit, stdout }).toEqual({ exit: 0, stdout: expect.stringMatching(/^\d+ won\n$/) as string });
    const won = ended.reduce((sum, { stdout }) => sum + Number.parseInt(stdout, 10), 0);
    expect(won).toBeGreaterThanOrEqual(rounds);
    expect(await readdir(folder)).toEqual(["go"]);
  });
});
