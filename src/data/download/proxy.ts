// Proxies named by the environment.
import { Agent, type Dispatcher, EnvHttpProxyAgent, errors, Pool, fetch as request } from "undici";
import { DistilleryError } from "../../support/errors.ts";
import { percentDecoded } from "../../support/percent.ts";

/** A proxy that the environment names. */
export interface ProxyAddress {
  /** The variable that names it. */
  readonly variable: string;
  /** With user name and password, where there are any: not to be shown. */
  readonly uri: string;
  /** The part of it that may be shown. */
  readonly shown: string;
  /** Hosts that are gone to directly, as NO_PROXY gives them. */
  readonly exceptions: string;
}

/** Variables that hold for a protocol, in the order they are asked: curl's, and HTTP's for HTTPS as in undici. */
const variables = {
  "http:": ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"],
  "https:": ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "http_proxy", "HTTP_PROXY"],
} as const;

const wrong = (variable: string, given: string, what: string): DistilleryError => {
  // Before the last @ stand user name and password.
  const shown = given.replace(/^.*@/s, "...@");
  return new DistilleryError(
    "DOWNLOAD",
    `${variable}: "${shown}" ${what}; expected http://HOST:PORT or https://HOST:PORT, or nothing for no proxy`,
  );
};

const parse = (variable: string, given: string): URL => {
  const whole = /^[a-z][a-z\d+.-]*:\/\//i.test(given) ? given : `http://${given}`;
  const url = URL.canParse(whole) ? new URL(whole) : undefined;
  if (url === undefined || percentDecoded(url.username + url.password) === undefined) {
    throw wrong(variable, given, "is no address of a proxy");
  }
  return url;
};

/**
 * The proxy for a URL, from HTTPS_PROXY, HTTP_PROXY or ALL_PROXY, in small letters or large; undefined where none is
 * named. It is up to undici to except hosts. @throws DOWNLOAD for what is no HTTP proxy, without any password.
 */
export const proxyFor = (url: string, environment: NodeJS.ProcessEnv = process.env): ProxyAddress | undefined => {
  const asked = new URL(url).protocol === "https:" ? variables["https:"] : variables["http:"];
  const variable = asked.find((name) => environment[name]);
  if (variable === undefined) return undefined;
  const given = environment[variable]!.trim();
  const { protocol, host, href } = parse(variable, given);
  if (protocol.startsWith("socks")) throw wrong(variable, given, "is a SOCKS proxy, which is not supported");
  if (!/^https?:$/.test(protocol)) throw wrong(variable, given, "is no HTTP proxy");
  const exceptions = environment.no_proxy || environment.NO_PROXY || "";
  return { variable, uri: href, shown: `${protocol}//${host}`, exceptions };
};

/** Connections to a proxy whose end before any answer is an error: undici takes them for idle ones, and goes on. */
const proxyConnections = (origin: URL, options: object): Dispatcher => {
  const pool = new Pool(origin, options);
  const promising: { connect(asked: Dispatcher.ConnectOptions): Promise<Dispatcher.ConnectData> } = pool;
  const open = promising.connect.bind(pool);
  const connect = async (asked: Dispatcher.ConnectOptions): Promise<Dispatcher.ConnectData> => {
    try {
      return await open(asked);
    } catch (cause) {
      if (!(cause instanceof errors.SocketError || cause instanceof errors.InformationalError)) throw cause;
      const silent = new Error("the proxy closed the connection without an answer", { cause });
      throw Object.assign(silent, { code: "ECONNRESET" });
    }
  };
  return Object.assign(pool, { connect });
};

/** Sends requests through a proxy, but for those to its exceptions. */
const agentThrough = ({ uri, exceptions }: ProxyAddress): Dispatcher =>
  new EnvHttpProxyAgent({
    httpProxy: uri,
    httpsProxy: uri,
    noProxy: exceptions,
    clientFactory: proxyConnections,
  });

/** Sends requests through a proxy, or directly where there is none. */
export const agentFor = (proxy: ProxyAddress | undefined): Dispatcher =>
  proxy === undefined ? new Agent() : agentThrough(proxy);

/** A `fetch` through the proxies that the environment names, if it does. */
export const fetchByProxy = (): typeof fetch => {
  const agents = new Map<string, Dispatcher>();
  const agentTo = (url: string): Dispatcher => {
    const { protocol } = new URL(url);
    const agent = agents.get(protocol) ?? agentFor(proxyFor(url));
    agents.set(protocol, agent);
    return agent;
  };
  const ask: typeof request = (input, init) => {
    const url = input instanceof URL ? input.href : typeof input === "string" ? input : input.url;
    return request(input, { ...init, dispatcher: agentTo(url) });
  };
  // Node's own fetch takes no other package's connections; the two differ in nothing but their declarations.
  return ask as unknown as typeof fetch;
};

/**
 * `; ` and what a proxy has to do with a request that failed: its refusal by the status in undici's message, otherwise
 * that it is asked. Nothing without a proxy.
 */
export const blameProxy = (proxy: ProxyAddress | undefined, reason: string): string => {
  if (proxy === undefined) return "";
  const { variable, shown, exceptions } = proxy;
  const status = /^Proxy response \((\d+)\)/.exec(reason)?.[1];
  if (status === undefined) {
    const except = exceptions === "" ? "" : `, except to the hosts of NO_PROXY, ${exceptions}`;
    return `; ${variable} says to go through the proxy ${shown}${except}`;
  }
  if (status !== "407") return `; the proxy ${shown} of ${variable} refused with status ${status}`;
  const [scheme, host] = shown.split("//");
  return `; the proxy ${shown} of ${variable} asks for a name and a password, or for other ones: ${variable}=${scheme}//NAME:PASSWORD@${host}`;
};
