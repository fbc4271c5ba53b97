import { describe, expect, it, onTestFinished } from "vitest";
import { connect } from "../../../src/distributed/queue/redis.ts";
import { startRedis, withoutRedis } from "./redis-server.ts";

/** Says why an address is refused; "" where it is not. */
const refusal = async (url: string): Promise<string> => {
  try {
    (await connect(url, () => undefined)).close();
    return "";
  } catch (error) {
    return `${(error as { code?: string }).code} ${(error as Error).message}`;
  }
};

const started = async (...options: readonly string[]) => {
  const server = await startRedis(...options);
  onTestFinished(() => server.close());
  return server;
};

describe("an address", () => {
  it.each([
    ["localhost", ""],
    ["http://localhost", ""],
    ["redis://", ""],
    ["amqp://user:secret@host", ""],
    ["redis://:a/secret@host", ""],
    ["user:secret@host", ""],
    ["redis://:100%secret@host", "; a % in a user or password is written %25"],
    ["redis://host/abc", '; expected the number of a database behind the host, got "abc"'],
    ["redis://user:7#secret@host", "; a ? or # is written %3F or %23"],
  ])("%s is refused, without secrets", async (url, hint) => {
    const why = await refusal(url);
    const shown = why.replace(/got ".*?"/, "got it");
    expect(shown).toBe(`USAGE --queue: expected redis://HOST[:PORT] or rediss:// for TLS, got it${hint}`);
    expect(why).not.toContain("secret");
  });

  it("where nothing listens is refused", async () => {
    expect(await refusal("redis://user:secret@127.0.0.1:1")).toMatch(
      /^QUEUE redis:\/\/127\.0\.0\.1:1: no Redis answers \(.*ECONNREFUSED.*\); start one there, or mend the address$/,
    );
  });
});

describe.skipIf(withoutRedis !== undefined)(`a real Redis (${withoutRedis ?? "found"})`, () => {
  it("is let in by a password of the address or the environment only, and speaks TLS or not", async () => {
    const { port } = await started("--requirepass", "se/cret");
    const why = `QUEUE redis://127.0.0.1:${port}: wrong or missing password; give it in DISTILLERY_REDIS_PASSWORD, or as redis://user:password@HOST`;
    expect(await refusal(`redis://127.0.0.1:${port}`)).toBe(why);
    expect(await refusal(`redis://:secret@127.0.0.1:${port}`)).toBe(why);
    expect(await refusal(`redis://:se%2Fcret@127.0.0.1:${port}`)).toBe("");
    process.env.DISTILLERY_REDIS_PASSWORD = "se/cret";
    onTestFinished(() => {
      delete process.env.DISTILLERY_REDIS_PASSWORD;
    });
    expect(await refusal(`redis://127.0.0.1:${port}`)).toBe("");
    expect(await refusal(`rediss://127.0.0.1:${port}`)).toMatch(
      /^QUEUE rediss:\S+: TLS fails \(.*\); does that port speak it\?$/,
    );
  });

  it("that may throw jobs away, is full, or only reads is refused", async () => {
    const evicting = await started("--maxmemory", "50mb", "--maxmemory-policy", "allkeys-lru");
    expect(await refusal(evicting.url)).toBe(
      `QUEUE ${evicting.url}: refused: it may throw jobs away (maxmemory-policy is allkeys-lru); set maxmemory-policy noeviction`,
    );
    const full = await started("--maxmemory", "1kb", "--maxmemory-policy", "noeviction");
    expect(await refusal(full.url)).toBe(
      `QUEUE ${full.url}: its memory is full; raise its maxmemory, or remove what others left there`,
    );
    const replica = await started("--replicaof", `127.0.0.1 ${full.port}`);
    expect(await refusal(replica.url)).toBe(
      `QUEUE ${replica.url}: is a replica of 127.0.0.1, which only reads; give the address of that one`,
    );
  });
});
