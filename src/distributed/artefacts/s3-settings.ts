// The address and the keys of a bucket, from the environment and the files that other programs for S3 read.
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { DistilleryError } from "../../support/errors.ts";

export interface S3Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface S3Settings {
  /** `s3://bucket/prefix`. */
  readonly address: string;
  readonly bucket: string;
  /** URL of the prefix, without a last `/`. */
  readonly url: string;
  readonly region: string;
  readonly keys: S3Keys;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** The settings of one profile in a file of `[profile]` and `name = value` lines. */
const profileIn = (text: string, profile: string): Readonly<Record<string, string>> => {
  let inside = false;
  const found: Record<string, string> = {};
  for (const line of text.split(/\r?\n/)) {
    const head = /^\s*\[\s*(.+?)\s*\]/.exec(line)?.[1];
    if (head !== undefined) inside = head === profile;
    const [, name, value] = /^\s*([^#;=\s]+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (inside && name !== undefined && value !== undefined) found[name.toLowerCase()] = value;
  }
  return found;
};

const keysFrom = (id: string | undefined, secret: string | undefined, token: string | undefined): S3Keys | undefined =>
  id && secret ? { accessKeyId: id, secretAccessKey: secret, ...(token && { sessionToken: token }) } : undefined;

const keysOf = async (address: string, env: Environment): Promise<S3Keys> => {
  const { AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret, AWS_SESSION_TOKEN: token } = env;
  const file = env.AWS_SHARED_CREDENTIALS_FILE || join(homedir(), ".aws", "credentials");
  const profile = env.AWS_PROFILE || "default";
  const own = profileIn(await readFile(file, "utf8").catch(() => ""), profile);
  const keys =
    keysFrom(id, secret, token) ?? keysFrom(own.aws_access_key_id, own.aws_secret_access_key, own.aws_session_token);
  if (keys !== undefined) return keys;
  throw new DistilleryError(
    "ARTEFACTS",
    `${address}: no keys; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or put them into ${file} under [${profile}]`,
  );
};

const endpointOf = (address: string, env: Environment): string | undefined => {
  const [name, given] = env.AWS_ENDPOINT_URL_S3
    ? ["AWS_ENDPOINT_URL_S3", env.AWS_ENDPOINT_URL_S3]
    : ["AWS_ENDPOINT_URL", env.AWS_ENDPOINT_URL];
  if (!given) return undefined;
  const url = URL.canParse(given) ? new URL(given) : undefined;
  // It is not repeated: it may hold a password.
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.username + url.password + url.search !== "") {
    throw new DistilleryError("ARTEFACTS", `${address}: ${name} is wrong; expected http://HOST:PORT or https://HOST`);
  }
  return url.href.replace(/\/+$/, "");
};

/**
 * Settings for `s3://bucket/prefix`. At an endpoint of one's own, and for a bucket with dots in its name, which no certificate
 * covers, the bucket is a part of the path; else of the host's name.
 */
export const s3Settings = async (where: string, env: Environment = process.env): Promise<S3Settings> => {
  const [, bucket, path = ""] = /^s3:\/\/([a-z\d][a-z\d.-]{1,61}[a-z\d])((?:\/[\w.-]*)*)$/.exec(where) ?? [];
  const parts = path.split("/").filter((part) => part !== "");
  if (bucket === undefined || parts.some((part) => /^\.+$/.test(part))) {
    const shown = where.replace(/^s3:\/\/.*@/s, "s3://...@");
    throw new DistilleryError(
      "ARTEFACTS",
      `${shown}: expected s3://BUCKET or s3://BUCKET/PREFIX, of letters, digits, "-", "_" and "."; keys stand in the environment`,
    );
  }
  const address = ["s3:/", bucket, ...parts].join("/");
  const region = env.AWS_REGION || env.AWS_DEFAULT_REGION || "us-east-1";
  const own = endpointOf(address, env) ?? (bucket.includes(".") ? `https://s3.${region}.amazonaws.com` : undefined);
  const root = own === undefined ? `https://${bucket}.s3.${region}.amazonaws.com` : `${own}/${bucket}`;
  return { address, bucket, url: [root, ...parts].join("/"), region, keys: await keysOf(address, env) };
};
