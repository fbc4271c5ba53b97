import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { AwsV4Signer } from "aws4fetch";

type Answer = (request: IncomingMessage, response: ServerResponse, found?: Uint8Array) => void;

export interface S3Server {
  /** What the environment says of it. */
  readonly env: Readonly<Record<string, string>>;
  /** "METHOD /bucket/name" of every request. */
  readonly asked: string[];
  readonly files: Map<string, { readonly bytes: Buffer; readonly meta: Readonly<Record<string, string>> }>;
  /** What is answered in place of what would be, once each, in this order, to the next requests that fit. */
  readonly faults: { readonly on: RegExp; readonly answer: Answer }[];
  /** Has no If-None-Match. */
  ignorant: boolean;
  close(): Promise<void>;
}

export const keys = { id: "AKIDEXAMPLE", secret: "secret-of-the-test" } as const;

export const error =
  (status: number, code: string, headers: Readonly<Record<string, string>> = {}): Answer =>
  (_, response) =>
    void response
      .writeHead(status, { "content-type": "application/xml", ...headers })
      .end(`<Error><Code>${code}</Code><Message>said of ${code}</Message></Error>`);

/** Ends the connection, of a PUT after its first bytes. */
export const cut: Answer = (request) => {
  const end = (): void => void request.socket.destroy();
  if (request.method === "PUT") request.once("data", end);
  else end();
};

/** Sends half of a file: and ends the connection, or says that it was all. */
export const half =
  (told: boolean): Answer =>
  (request, response, found = new Uint8Array()) => {
    const part = found.subarray(0, found.length / 2);
    const headers = { "x-amz-meta-sha256": createHash("sha256").update(found).digest("hex") };
    response.writeHead(200, { ...headers, "content-length": told ? found.length : part.length });
    response.write(part, () => (told ? request.socket.destroy() : response.end()));
  };

/** True where the signature is that of these headers by the test's keys. */
const isSigned = async ({ method = "", url = "", headers }: IncomingMessage): Promise<boolean> => {
  const given = headers.authorization ?? "";
  const [, region = "", names = ""] = /Credential=[^/]+\/\d+\/([^/]+)\/s3\/.*SignedHeaders=([^,]+)/.exec(given) ?? [];
  const signed = names.split(";").filter((name) => name !== "host");
  const signer = new AwsV4Signer({
    ...{ method, url: `http://${headers.host}${url}`, service: "s3", region, allHeaders: true },
    ...{ accessKeyId: keys.id, secretAccessKey: keys.secret, datetime: String(headers["x-amz-date"]) },
    headers: signed.map((name): [string, string] => [name, String(headers[name])]),
  });
  return (await signer.sign()).headers.get("authorization") === given;
};

/** A server on localhost that speaks as much of S3 as a store asks for, with one bucket, `bucket`. */
export const s3Server = async (): Promise<S3Server> => {
  const files: S3Server["files"] = new Map();
  const faults: S3Server["faults"] = [];
  const asked: string[] = [];

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method = "", url = "", headers } = request;
    asked.push(`${method} ${url}`);
    const found = files.get(url);
    const fault = faults.findIndex(({ on }) => on.test(`${method} ${url}`));
    if (fault >= 0) return faults.splice(fault, 1)[0]!.answer(request, response, found?.bytes);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const bytes = Buffer.concat(chunks);
    const say = (status: number, code: string): void => error(status, code)(request, response);
    if (!(await isSigned(request))) return say(403, "SignatureDoesNotMatch");
    if (headers["x-amz-content-sha256"] !== createHash("sha256").update(bytes).digest("hex"))
      return say(400, "XAmzContentSHA256Mismatch");
    if (!url.startsWith("/bucket/")) return say(404, "NoSuchBucket");
    if (method === "PUT") {
      // Asked again, as others may have put it while the body came.
      if (!server.ignorant && headers["if-none-match"] === "*" && files.has(url)) return say(412, "PreconditionFailed");
      const meta = Object.entries(headers).filter(([name]) => name.startsWith("x-amz-meta-"));
      files.set(url, { bytes, meta: Object.fromEntries(meta) as Record<string, string> });
      return void response.writeHead(200).end();
    }
    if (method === "DELETE") {
      files.delete(url);
      return void response.writeHead(204).end();
    }
    if (found === undefined) return say(404, "NoSuchKey");
    response.writeHead(200, { ...found.meta, "content-length": found.bytes.length });
    response.end(method === "HEAD" ? undefined : found.bytes);
  };

  const http = createServer((request, response) => {
    answer(request, response).catch(() => request.socket.destroy());
  });
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const { port } = http.address() as AddressInfo;
  const server: S3Server = {
    env: {
      AWS_ENDPOINT_URL_S3: `http://127.0.0.1:${port}`,
      AWS_ACCESS_KEY_ID: keys.id,
      AWS_SECRET_ACCESS_KEY: keys.secret,
      AWS_REGION: "eu-west-3",
    },
    asked,
    files,
    faults,
    ignorant: false,
    close: async () => {
      http.closeAllConnections();
      await new Promise((resolve) => http.close(resolve));
    },
  };
  return server;
};
