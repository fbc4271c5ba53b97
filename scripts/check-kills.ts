// A whole comparison by worker processes of which one is killed every minute, and the same by one process: byte for byte alike?
//
//   npm run prepare && npx tsx scripts/check-kills.ts FOLDER SECONDS WORKERS OPTIONS-OF-COMPARE...
//   npx tsx scripts/check-kills.ts runs/kills 60 3 --recipe results/many-machines/kills.yaml --archive cifar-10-batches-bin
//
// Starts a redis-server of its own on 127.0.0.1. FOLDER/kills.json says what happened.
import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, openSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { availableParallelism, cpus } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const [folder = "kills", seconds = "60", count = "3", ...options] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });

const start = (name: string, command: string, args: readonly string[]): ChildProcess => {
  const log = openSync(join(folder, `${name}.log`), "a");
  return spawn(command, args, { stdio: ["ignore", log, log] });
};
const distillery = (name: string, ...args: readonly string[]): ChildProcess =>
  start(name, process.execPath, ["dist/cli/main.js", ...args]);
const ended = (child: ChildProcess): Promise<string> =>
  new Promise((resolve) => {
    child.once("exit", (code, signal) => resolve(String(signal ?? code)));
  });

/** Hashes of everything that must be alike: all of sets, results of students. Times of making are no part of it. */
const hashes = (out: string): Record<string, string> => {
  const files = readdirSync(out, { recursive: true, encoding: "utf8" })
    .filter((path) => /^(sets|students)\/.*\.[a-z]+$/.test(path) && !/-seconds\.json$|\.partial$/.test(path))
    .sort();
  const of = (path: string): string =>
    createHash("sha256")
      .update(readFileSync(join(out, path)))
      .digest("hex");
  return Object.fromEntries(files.map((path) => [path, of(path)]));
};

const timed = async (child: ChildProcess): Promise<number> => {
  const began = performance.now();
  const how = await ended(child);
  if (how !== "0") throw new Error(`a command ended with ${how}; see its log in ${folder}`);
  return Math.round((performance.now() - began) / 1000);
};

const one = join(folder, "one");
const many = join(folder, "many");
const oneSeconds = await timed(distillery("one", "compare", ...options, "--threads", "1", "--out", one));

const port = await freePort();
const url = `redis://127.0.0.1:${port}`;
const redisFolder = join(folder, "redis");
mkdirSync(redisFolder, { recursive: true });
const redis = start("redis", "redis-server", [
  ...["--port", String(port), "--bind", "127.0.0.1", "--dir", redisFolder],
  ...["--appendonly", "yes", "--maxmemory-policy", "noeviction"],
]);
await sleep(1000);
const artefacts = join(folder, "artefacts");
let started = 0;
const worker = (): ChildProcess =>
  distillery(`worker-${started++}`, "work", "--queue", url, "--artefacts", artefacts, "--jobs", "1");
const coordinator = distillery("many", "compare", ...options, "--queue", url, "--artefacts", artefacts, "--out", many);
const finished = timed(coordinator);
const workers = Array.from({ length: Number(count) }, worker);
let kills = 0;
const killing = setInterval(() => {
  const victim = kills++ % workers.length;
  workers[victim]!.kill("SIGKILL");
  workers[victim] = worker();
}, 1000 * Number(seconds));
const manySeconds = await finished.finally(() => {
  clearInterval(killing);
  for (const one of workers) one.kill("SIGTERM");
});
redis.kill("SIGTERM");

const [before, after] = [hashes(one), hashes(many)];
const differ = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
  (path) => before[path] !== after[path],
);
const result = {
  options,
  workers: workers.length,
  kills,
  everySeconds: Number(seconds),
  oneSeconds,
  manySeconds,
  files: Object.keys(before).length,
  differ,
  cpu: cpus()[0]?.model,
  cores: availableParallelism(),
  node: process.version,
  hashes: before,
};
writeFileSync(join(folder, "kills.json"), `${JSON.stringify(result, null, 2)}\n`);
process.stdout.write(
  `${kills} workers killed, ${result.files} files, ${differ.length} differ; ${oneSeconds} s by one process, ${manySeconds} s by ${count} workers\n`,
);
process.exitCode = differ.length === 0 ? 0 : 1;
