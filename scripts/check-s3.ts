// Checks a real S3 server: one of many concurrent writers wins, and a write that is torn in the middle is never seen.
//
//   npx tsx scripts/check-s3.ts s3://BUCKET/PREFIX          (keys and endpoint by the environment, as of --artefacts)
import { type ChildProcess, fork } from "node:child_process";
import { subscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { openStore } from "../src/distributed/artefacts/open-store.ts";
import { sha256 } from "../src/support/files.ts";

const [where = "", role = "check", name = "", mark = "0"] = process.argv.slice(2);
const size = 64 * 2 ** 20;
const small = 2 ** 20;
const filled = (value: number, bytes: number): Uint8Array => new Uint8Array(bytes).fill(value);

const store = await openStore(where);

/** Calls back when a request goes out. */
const onSending = (tell: () => void): void => subscribe("undici:client:sendHeaders", tell);

/** Starts a process that writes when it is told to. */
const writer = async (...args: readonly string[]): Promise<ChildProcess> => {
  const child = fork(fileURLToPath(import.meta.url), [where, ...args]);
  await once(child, "message");
  return child;
};

/** Five writers in each of four processes at once. */
const contend = async (): Promise<void> => {
  const contended = `check/${Date.now()}/contended`;
  const children = await Promise.all([1, 2, 3, 4].map((process) => writer("contend", contended, `${process * 10}`)));
  const answers = children.map((child) => once(child, "message"));
  for (const child of children) child.send("go");
  const wins = (await Promise.all(answers)).flatMap(([won]) => won as number[]);
  const found = await store.get(contended);
  const whole = wins.length === 1 && found !== undefined && sha256(found) === sha256(filled(wins[0]!, small));
  console.log(`20 concurrent writers: ${wins.length} won; what it wrote is ${whole ? "there, whole" : "NOT there"}`);
  await store.remove(contended);
  if (!whole) throw new Error("If-None-Match is not honoured");
};

/** Kills a writer in the middle of its PUT, a little later each time, and looks whether anything of it is seen. */
const tear = async (): Promise<void> => {
  const torn = `check/${Date.now()}/torn`;
  const digests = [1, 2].map((value) => sha256(filled(value, size)));
  const seen = async (): Promise<string> => {
    const bytes = await store.get(torn);
    const number = bytes === undefined ? -1 : digests.indexOf(sha256(bytes));
    if (bytes !== undefined && number < 0) throw new Error(`${bytes.length} bytes of a torn write are seen`);
    return number < 0 ? "nothing" : `all of write ${number + 1}`;
  };
  let began = 0;
  onSending(() => {
    began = performance.now();
  });
  await store.put(torn, filled(1, size));
  const took = performance.now() - began;
  console.log(`a PUT of ${size / 2 ** 20} MiB is under way for ${Math.round(took)} ms`);
  for (const before of ["nothing", "write 1"]) {
    for (const part of [0, 0.2, 0.4, 0.6, 0.8]) {
      if (before === "nothing") await store.remove(torn);
      else await store.put(torn, filled(1, size));
      const child = await writer("tear", torn, "2");
      const gone = once(child, "exit");
      const sending = once(child, "message");
      child.send("go");
      await sending;
      await wait(took * part);
      child.kill("SIGKILL");
      await gone;
      const at = [await seen(), await wait(500).then(seen)];
      console.log(
        `over ${before}, killed ${Math.round(took * part)} ms after its first byte: seen ${at.join(", then ")}`,
      );
    }
  }
  await store.remove(torn);
};

if (role === "check") {
  await contend();
  await tear();
  console.log(`${store.address} is fit`);
} else {
  process.send?.("ready");
  await once(process, "message");
  if (role === "tear") {
    onSending(() => process.send?.("sending"));
    await store.put(name, filled(Number(mark), size));
  } else {
    const marks = [0, 1, 2, 3, 4].map((i) => Number(mark) + i);
    const won = await Promise.all(marks.map((own) => store.putIfAbsent(name, filled(own, small))));
    process.send?.(marks.filter((_, i) => won[i]));
  }
  process.disconnect();
}
