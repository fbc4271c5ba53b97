// Connections to Redis, checked before anything is computed.
import { randomBytes } from "node:crypto";
import { type Redis as Client, Redis } from "ioredis";
import { codeOf, DistilleryError, reasonOf } from "../../support/errors.ts";
import { formatSeconds } from "../../support/format.ts";
import { percentDecoded } from "../../support/percent.ts";

/** A server that was found fit for a queue. */
export interface Link {
  /** For commands that answer at once. */
  readonly redis: Client;
  /** Its address without user and password. */
  readonly address: string;
  /** One more connection, for who waits on it; `close` ends it too. */
  connection(): Client;
  close(): void;
}

const oldest = [6, 2] as const;

/** Milliseconds within which a server has to answer at the start. */
const patience = 5_000;

/** Seconds by which clocks may differ without a word. */
const clockSlack = 5;

const refused = (address: string, why: string, cause?: unknown): DistilleryError =>
  new DistilleryError("QUEUE", `${address}: ${why}`, { cause });

/** The parts of an address. @throws USAGE, without any password. */
const parse = (where: string) => {
  const wrong = (why = ""): DistilleryError => {
    const shown = where.replace(/^([a-z]*:\/\/)?.*@/is, "$1...@");
    return new DistilleryError(
      "USAGE",
      `--queue: expected redis://HOST[:PORT] or rediss:// for TLS, got "${shown}"${why}`,
    );
  };
  const url = URL.canParse(where) ? new URL(where) : undefined;
  if (url === undefined || !/^rediss?:$/.test(url.protocol) || url.hostname === "") throw wrong();
  if (url.search !== "" || url.hash !== "") throw wrong("; a ? or # is written %3F or %23");
  const [user, password] = [percentDecoded(url.username), percentDecoded(url.password)];
  if (user === undefined || password === undefined) throw wrong("; a % in a user or password is written %25");
  const database = url.pathname.slice(1);
  if (!/^\d*$/.test(database)) throw wrong(`; expected the number of a database behind the host, got "${database}"`);
  return { url, user, password, database: Number(database) };
};

/** An address as it may be shown to anybody. */
export const shownAddress = (where: string): string => {
  const { protocol, host, pathname } = parse(where).url;
  return `${protocol}//${host}${pathname === "/" ? "" : pathname}`;
};

const optionsOf = (where: string) => {
  const { url, user, password: given, database } = parse(where);
  const password = given || process.env.DISTILLERY_REDIS_PASSWORD;
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, "$1"),
    port: Number(url.port || 6379),
    db: database,
    ...(user !== "" && { username: user }),
    ...(password && { password }),
    ...(url.protocol === "rediss:" && { tls: {} }),
    connectTimeout: patience,
    lazyConnect: true,
  };
};

/** The reason why a server cannot be reached, in words that say what to do. */
const unreachable = (cause: unknown): string => {
  const [code, reason] = [codeOf(cause), reasonOf(cause)];
  if (/NOAUTH|WRONGPASS|invalid password|invalid username/i.test(reason)) {
    return "wrong or missing password; give it in DISTILLERY_REDIS_PASSWORD, or as redis://user:password@HOST";
  }
  if (/NOPERM/.test(reason))
    return `this user has too few rights (${reason}); let it run all commands on keys distillery:*`;
  if (/CERT|SIGNED|ALTNAME|ISSUER/.test(code)) {
    return `its TLS certificate is not trusted (${code}); name that of its authority in NODE_EXTRA_CA_CERTS`;
  }
  if (/SSL|TLS|EPROTO/.test(`${code} ${reason}`)) return `TLS fails (${reason}); does that port speak it?`;
  if (/ERR max number of clients/.test(reason)) return "it takes no more clients; raise its maxclients";
  const said = code === "" || reason.includes(code) ? reason : `${code} ${reason}`;
  return `no Redis answers (${said.trim()}); start one there, or mend the address`;
};

const fieldsOf = (info: string): ReadonlyMap<string, string> =>
  new Map(info.split("\r\n").flatMap((line) => (line.includes(":") ? [line.split(":", 2) as [string, string]] : [])));

const checkInfo = (info: ReadonlyMap<string, string>, address: string): void => {
  const version = info.get("redis_version") ?? "0";
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major < oldest[0] || (major === oldest[0] && minor < oldest[1])) {
    throw refused(address, `is Redis ${version}; a queue needs ${oldest.join(".")} or later`);
  }
  if (info.get("role") === "slave") {
    throw refused(
      address,
      `is a replica of ${info.get("master_host")}, which only reads; give the address of that one`,
    );
  }
  const policy = info.get("maxmemory_policy") ?? "noeviction";
  if (policy !== "noeviction" && info.get("maxmemory") !== "0") {
    throw refused(
      address,
      `refused: it may throw jobs away (maxmemory-policy is ${policy}); set maxmemory-policy noeviction`,
    );
  }
};

/** Writes and takes away a key, as a full server does not allow. */
const probe = async (redis: Client, address: string): Promise<void> => {
  const key = `distillery:probe:${randomBytes(6).toString("hex")}`;
  try {
    await redis.set(key, "", "PX", 1000);
    await redis.del(key);
  } catch (cause) {
    const reason = reasonOf(cause);
    const why = reason.startsWith("OOM")
      ? "its memory is full; raise its maxmemory, or remove what others left there"
      : `cannot be written to (${reason})`;
    throw refused(address, why, cause);
  }
};

/** Seconds that this clock is ahead of Redis's. Nothing depends on it but times that people read. */
const clockAhead = async (redis: Client): Promise<number> => {
  const [seconds] = await redis.time();
  return Date.now() / 1000 - Number(seconds);
};

const check = async (where: string, note: (line: string) => void): Promise<void> => {
  const address = shownAddress(where);
  const redis = new Redis({ ...optionsOf(where), retryStrategy: () => null, maxRetriesPerRequest: 0 });
  let failure: unknown;
  redis.on("error", (error: unknown) => {
    failure = error;
  });
  const timer = setTimeout(() => {
    const how = where.startsWith("rediss:") ? "TLS: " : "";
    failure ??= new Error(`${how}no answer within ${patience / 1000} s`);
    redis.disconnect();
  }, patience);
  try {
    await redis.connect();
    checkInfo(fieldsOf(await redis.info()), address);
    await probe(redis, address);
    const ahead = await clockAhead(redis);
    if (Math.abs(ahead) > clockSlack) {
      const differs = `${formatSeconds(Math.abs(ahead))} ${ahead > 0 ? "ahead of" : "behind"} Redis's`;
      note(`${address}: this machine's clock is ${differs}; times that are shown differ by that, results do not`);
    }
  } catch (cause) {
    if (cause instanceof DistilleryError) throw cause;
    throw refused(address, unreachable(failure ?? cause), failure ?? cause);
  } finally {
    clearTimeout(timer);
    redis.disconnect();
  }
};

/**
 * Connects to a Redis that can hold a queue. One that is lost later is waited for, and that is said once.
 * @throws DistilleryError QUEUE, USAGE.
 */
export const connect = async (where: string, note: (line: string) => void): Promise<Link> => {
  await check(where, note);
  const address = shownAddress(where);
  const opened: Client[] = [];
  const connection = (): Client => {
    const redis = new Redis({
      ...optionsOf(where),
      maxRetriesPerRequest: null,
      retryStrategy: (times) => Math.min(2_000, 100 * times),
    });
    // Said below, once for all connections.
    redis.on("error", () => undefined);
    opened.push(redis);
    return redis;
  };
  const redis = connection();
  let lost = false;
  let closed = false;
  redis.on("close", () => {
    if (lost || closed) return;
    lost = true;
    note(`${address}: Redis is gone; waiting for it, nothing is lost`);
  });
  redis.on("ready", () => {
    if (!lost) return;
    lost = false;
    note(`${address}: Redis is back`);
  });
  await redis.connect();
  return {
    redis,
    address,
    connection,
    close: () => {
      closed = true;
      for (const one of opened) one.disconnect();
    },
  };
};
