import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { join } from "node:path";
import { beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { download } from "../../../src/data/download/download.ts";
import { fetchByProxy, proxyFor } from "../../../src/data/download/proxy.ts";
import { silent } from "../../../src/support/work/progress.ts";
import { failureOf, temporaryFolder } from "../fixtures.ts";

const content = Buffer.from("the archive");
const names = ["http_proxy", "https_proxy", "all_proxy", "no_proxy"].flatMap((name) => [name, name.toUpperCase()]);

beforeEach(() => {
  for (const name of names) vi.stubEnv(name, "");
  onTestFinished(() => void vi.unstubAllEnvs());
});

const portOf = async (server: Server): Promise<number> => {
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
};

const origin = (): Promise<number> => portOf(createServer((_, response) => void response.end(content)));

/** A proxy that opens tunnels, or answers with a status instead, and records what it was asked. */
const proxy = async (status = 200) => {
  const asked: { host: string | undefined; password: string | undefined }[] = [];
  const server = createServer();
  server.on("connect", (request, client, head) => {
    asked.push({ host: request.url, password: request.headers["proxy-authorization"] });
    if (status !== 200) return void client.end(`HTTP/1.1 ${status} No\r\n\r\n`);
    const [host, port] = request.url!.split(":");
    const target = connect(Number(port), host, () => {
      client.write("HTTP/1.1 200 Connection established\r\n\r\n");
      target.write(head);
      target.pipe(client).pipe(target);
    });
    for (const socket of [target, client]) socket.on("error", () => undefined);
    client.on("close", () => target.destroy());
  });
  return { asked, port: await portOf(server) };
};

const fetchFrom = async (url: string): Promise<Buffer> => {
  const to = join(await temporaryFolder(), "file");
  const md5 = createHash("md5").update(content).digest("hex");
  await download(url, to, { checksum: { md5 }, progress: silent, retries: 1, firstWait: 5 });
  return await readFile(to);
};

test.each(["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"])("the proxy of %s is gone through", async (name) => {
  const [{ asked, port }, target] = await Promise.all([proxy(), origin()]);
  vi.stubEnv(name, `http://127.0.0.1:${port}`);
  expect(await fetchFrom(`http://127.0.0.1:${target}/file`)).toEqual(content);
  expect(asked).toEqual([{ host: `127.0.0.1:${target}`, password: undefined }]);
});

test("fetch goes through the proxy too", async () => {
  const [{ asked, port }, target] = await Promise.all([proxy(), origin()]);
  vi.stubEnv("HTTP_PROXY", `http://127.0.0.1:${port}`);
  const url = new URL(`http://127.0.0.1:${target}/file`);
  const ask = fetchByProxy();
  for (const input of [url, url.href]) expect(Buffer.from(await (await ask(input)).arrayBuffer())).toEqual(content);
  expect(new Set(asked.map(({ host }) => host))).toEqual(new Set([`127.0.0.1:${target}`]));
});

test("a proxy may be named without http://, and with a password", async () => {
  const [{ asked, port }, target] = await Promise.all([proxy(), origin()]);
  vi.stubEnv("HTTP_PROXY", `me:s%40cret@127.0.0.1:${port}`);
  expect(await fetchFrom(`http://127.0.0.1:${target}/file`)).toEqual(content);
  expect(asked[0]?.password).toBe(`Basic ${Buffer.from("me:s@cret").toString("base64")}`);
});

test.each(["NO_PROXY", "no_proxy"])("hosts of %s are gone to directly", async (name) => {
  const [{ asked, port }, target] = await Promise.all([proxy(), origin()]);
  vi.stubEnv("HTTP_PROXY", `http://127.0.0.1:${port}`);
  vi.stubEnv(name, "example.org,127.0.0.1");
  expect(await fetchFrom(`http://127.0.0.1:${target}/file`)).toEqual(content);
  expect(asked).toEqual([]);
});

test.each([
  ["https_proxy", ["https_proxy", "HTTPS_PROXY", "ALL_PROXY", "HTTP_PROXY"]],
  ["HTTPS_PROXY", ["HTTPS_PROXY", "ALL_PROXY", "http_proxy"]],
  ["ALL_PROXY", ["ALL_PROXY", "HTTP_PROXY"]],
  ["HTTP_PROXY", ["HTTP_PROXY"]],
])("for https, %s goes before the others", async (first, set) => {
  const { asked, port } = await proxy(503);
  for (const name of set) vi.stubEnv(name, name === first ? `http://127.0.0.1:${port}` : "socks5://127.0.0.1:1");
  const { code, message } = await failureOf(fetchFrom("https://example.org/file"));
  expect(code).toBe("DOWNLOAD");
  expect(message).toContain(`; the proxy http://127.0.0.1:${port} of ${first} refused with status 503`);
  expect(asked[0]?.host).toBe("example.org:443");
});

test("a proxy that wants a password is told, and the one given is not shown", async () => {
  const { port } = await proxy(407);
  vi.stubEnv("HTTPS_PROXY", `http://me:s3cret@127.0.0.1:${port}`);
  const { message, cause } = await failureOf(fetchFrom("https://example.org/file"));
  expect(message).toContain(
    `; the proxy http://127.0.0.1:${port} of HTTPS_PROXY asks for a name and a password, or for other ones: ` +
      `HTTPS_PROXY=http://NAME:PASSWORD@127.0.0.1:${port}`,
  );
  expect(`${message} ${String(cause)}`).not.toContain("s3cret");
});

test("a proxy that closes the connection without an answer is given up after the retries", async () => {
  let asked = 0;
  const server = createServer().on("connect", (_, client) => {
    asked++;
    client.end();
  });
  vi.stubEnv("HTTPS_PROXY", `http://127.0.0.1:${await portOf(server)}`);
  const { message } = await failureOf(fetchFrom("https://example.org/file"));
  expect(message).toContain("the proxy closed the connection without an answer (ECONNRESET); HTTPS_PROXY says");
  expect(asked).toBe(2);
});

test("a proxy that is not there is named", async () => {
  vi.stubEnv("HTTPS_PROXY", "http://me:s3cret@127.0.0.1:1");
  const { message } = await failureOf(fetchFrom("https://example.org/file"));
  expect(message).toMatch(/ECONNREFUSED.*; HTTPS_PROXY says to go through the proxy http:\/\/127\.0\.0\.1:1$/);
  expect(message).not.toContain("s3cret");
});

test.each([
  ["http://me:s3cret@host:port", '"...@host:port" is no address of a proxy; expected http://HOST:PORT'],
  ["me:s3%cret@host:80", '"...@host:80" is no address of a proxy'],
  ["http://", '"http://" is no address of a proxy'],
  [
    "socks5://me:s3cret@host:1080",
    '"...@host:1080" is a SOCKS proxy, which is not supported; expected http://HOST:PORT',
  ],
  ["socks5h://host:1080", '"socks5h://host:1080" is a SOCKS proxy'],
  ["ftp://host", '"ftp://host" is no HTTP proxy'],
])("%s is no proxy", (given, message) => {
  const find = () => proxyFor("https://example.org/file", { HTTPS_PROXY: given });
  expect(find).toThrow(
    expect.objectContaining({ code: "DOWNLOAD", message: expect.stringContaining(`HTTPS_PROXY: ${message}`) }),
  );
  expect(find).toThrow(expect.not.objectContaining({ message: expect.stringContaining("s3") }));
});
