// The user's token of the Hugging Face Hub.
import { homedir } from "node:os";
import { join } from "node:path";
import { DistilleryError } from "../support/errors.ts";
import { readRegularFile } from "../support/files.ts";
import { hubUrl } from "./hub-url.ts";

/** The file in which `hf auth login` keeps the token. */
const tokenFile = (): string => {
  const { HF_TOKEN_PATH, HF_HOME, XDG_CACHE_HOME } = process.env;
  if (HF_TOKEN_PATH) return HF_TOKEN_PATH;
  return join(HF_HOME || join(XDG_CACHE_HOME || join(homedir(), ".cache"), "huggingface"), "token");
};

/**
 * The token of HF_TOKEN or of the Hub's own file, as its other programs find it; undefined where there is none. It is never
 * shown. @throws DistilleryError HUB for text that is no token.
 */
export const hubToken = async (): Promise<string | undefined> => {
  const file = tokenFile();
  const given = process.env.HF_TOKEN?.trim();
  const token = given || String(await readRegularFile(file, 10_000).catch(() => "")).trim();
  if (token === "") return undefined;
  if (/^hf_\w+$/.test(token)) return token;
  throw new DistilleryError(
    "HUB",
    `${given ? "HF_TOKEN" : file}: holds no token of the Hub, which begins with hf_; make one at ${hubUrl()}/settings/tokens`,
  );
};
