import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const found = ((): boolean => {
  try {
    execFileSync("redis-server", ["--version"]);
    return true;
  } catch {
    return false;
  }
})();

/** The reason why tests that need a Redis are left out; undefined where there is one. */
export const withoutRedis = found ? undefined : "redis-server is not installed";

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
};

export interface RedisServer {
  readonly port: number;
  readonly url: string;
  close(): Promise<void>;
}

/** A real Redis of its own on this machine only, that writes nothing to the disk. */
export const startRedis = async (...options: readonly string[]): Promise<RedisServer> => {
  const port = await freePort();
  const folder = await mkdtemp(join(tmpdir(), "distillery-redis-"));
  const where = ["--port", String(port), "--bind", "127.0.0.1", "--dir", folder, "--save", "", ...options];
  const server: ChildProcess = spawn("redis-server", where, { stdio: ["ignore", "pipe", "inherit"] });
  await new Promise<void>((resolve, reject) => {
    server.stdout!.on("data", (chunk: Buffer) => {
      if (chunk.toString().includes("Ready to accept connections")) resolve();
    });
    server.once("exit", (status) => reject(new Error(`redis-server ended with status ${status}`)));
  });
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    close: async () => {
      const ended = once(server, "exit");
      server.kill("SIGKILL");
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
};
