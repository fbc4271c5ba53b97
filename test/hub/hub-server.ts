import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished, vi } from "vitest";

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A fault: once, for the next request whose "METHOD /path" it fits. */
interface Fault {
  readonly on: RegExp;
  readonly answer: Answer;
}

export interface HubServer {
  readonly url: string;
  /** "METHOD /path" of every request, with its authorization. */
  readonly asked: { readonly what: string; readonly token: string | undefined }[];
  /** Files of each data set. */
  readonly repos: Map<string, { readonly files: Map<string, Buffer>; private: boolean; readonly titles: string[] }>;
  readonly faults: Fault[];
}

export const token = "hf_abcdefgh";

export const status =
  (code: number, json: object = { error: "no" }): Answer =>
  (_, response) =>
    void response.writeHead(code, { "content-type": "application/json" }).end(JSON.stringify(json));

const bodyOf = async (request: IncomingMessage): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
};

const sha256 = (bytes: Buffer): string => createHash("sha256").update(bytes).digest("hex");

/** A server that speaks the endpoints of the Hub that are used here; files that end in .png go through its LFS. */
export const hubServer = async (): Promise<HubServer> => {
  const asked: HubServer["asked"] = [];
  const repos: HubServer["repos"] = new Map();
  const faults: Fault[] = [];
  const large = new Map<string, Buffer>();
  let url = "";

  const api = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = decodeURIComponent(new URL(request.url!, url).pathname);
    const what = `${request.method} ${path}`;
    const json = (value: unknown): void => status(200, value as object)(request, response);
    if (request.method !== "GET" && !path.startsWith("/lfs/") && request.headers.authorization !== `Bearer ${token}`)
      return status(401, { error: "Invalid credentials" })(request, response);
    if (what === "POST /api/repos/create") {
      const asks = JSON.parse(String(await bodyOf(request))) as Record<string, string>;
      const name = `${asks.organization}/${asks.name}`;
      if (asks.organization !== "me") return status(403, { error: "Forbidden" })(request, response);
      if (repos.has(name)) return status(409, { error: "exists" })(request, response);
      repos.set(name, { files: new Map(), private: asks.visibility === "private", titles: [] });
      return json({ url: `${url}/datasets/${name}`, id: name });
    }
    if (path.startsWith("/lfs/")) {
      large.set(path.slice("/lfs/".length), await bodyOf(request));
      return json({});
    }
    const [, name = "", rest = ""] = /^(?:\/api)?\/datasets\/([^/]+\/[^/]+?)(?:\.git)?(\/.*)?$/.exec(path) ?? [];
    const repo = repos.get(name);
    if (repo === undefined || (repo.private && request.headers.authorization !== `Bearer ${token}`))
      return status(401, { error: "Repository not found" })(request, response);
    if (rest === "/revision/HEAD")
      return json({ _id: "1", id: name, private: repo.private, gated: false, downloads: 0, likes: 0, lastModified: 0 });
    if (rest.startsWith("/tree/")) {
      return json([...repo.files].map(([file, bytes]) => ({ type: "file", path: file, size: bytes.length, oid: "0" })));
    }
    if (rest.startsWith("/resolve/")) {
      const bytes = repo.files.get(rest.split("/").slice(3).join("/"));
      if (bytes === undefined) return status(404)(request, response);
      return void response.writeHead(200, { "content-length": bytes.length, etag: `"${sha256(bytes)}"` }).end(bytes);
    }
    if (rest.startsWith("/preupload/")) {
      const { files } = JSON.parse(String(await bodyOf(request))) as { files: { path: string }[] };
      return json({
        files: files.map(({ path: file }) => ({ path: file, uploadMode: file.endsWith(".png") ? "lfs" : "regular" })),
      });
    }
    if (rest === "/info/lfs/objects/batch") {
      const { objects, transfers } = JSON.parse(String(await bodyOf(request))) as {
        objects: { oid: string; size: number }[];
        transfers: string[];
      };
      if (transfers.includes("xet")) return status(400, { error: "xet" })(request, response);
      const actions = (oid: string) => (large.has(oid) ? {} : { actions: { upload: { href: `${url}/lfs/${oid}` } } });
      return json({ transfer: "basic", objects: objects.map(({ oid, size }) => ({ oid, size, ...actions(oid) })) });
    }
    if (rest.startsWith("/commit/")) {
      const lines = String(await bodyOf(request)).split("\n");
      for (const { key, value } of lines.map(
        (line) => JSON.parse(line) as { key: string; value: Record<string, string> },
      )) {
        if (key === "header") repo.titles.push(value.summary!);
        if (key === "file") repo.files.set(value.path!, Buffer.from(value.content!, "base64"));
        if (key === "lfsFile") repo.files.set(value.path!, large.get(value.oid!)!);
        if (key === "deletedFile") repo.files.delete(value.path!);
      }
      return json({ commitOid: "c0ffee", commitUrl: `${url}/datasets/${name}/commit/c0ffee`, hookOutput: "" });
    }
    status(404)(request, response);
  };

  const server = createServer((request, response) => {
    const what = `${request.method} ${decodeURIComponent(new URL(request.url!, url).pathname)}`;
    asked.push({ what, token: request.headers.authorization });
    const at = faults.findIndex(({ on }) => on.test(what));
    if (at >= 0) return faults.splice(at, 1)[0]!.answer(request, response);
    api(request, response).catch((cause: unknown) => void response.writeHead(500).end(String(cause)));
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  vi.stubEnv("HF_ENDPOINT", url);
  return { url, asked, repos, faults };
};
