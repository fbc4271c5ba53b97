// Addresses of sets that lie elsewhere: hf://user/name and https://.
import { DistilleryError } from "../support/errors.ts";
import { printable } from "../support/format.ts";
import { percentDecoded } from "../support/percent.ts";
import { hubUrl } from "./hub-url.ts";

/** A data set of the Hub; `path` is the folder in it, "" for its root. */
export interface HubAddress {
  readonly name: string;
  readonly revision?: string;
  readonly path: string;
}

/** The forms of an address, for messages. */
export const addressForms =
  "hf://USER/NAME[@REVISION][/FOLDER] or https://HOST/FOLDER, the folder that holds manifest.json";

/** Tells an address from the path of a folder. */
export const isAddress = (where: string): boolean => /^(hf|https?):\/\//i.test(where);

const wrong = (where: string, why: string): DistilleryError =>
  // Before an @ of a host stand user name and password.
  new DistilleryError(
    "SET",
    `${printable(where).replace(/^(https?:\/\/)[^/]*@/i, "$1...@")}: ${why}; expected ${addressForms}`,
  );

/** A path in a repository without ways out of it. */
const folderOf = (where: string, path = ""): string => {
  const steps = path.split("/").filter((step) => step !== "");
  if (steps.some((step) => step === "." || step === "..")) throw wrong(where, "its path leads out of the folder");
  return (steps.at(-1) === "manifest.json" ? steps.slice(0, -1) : steps).join("/");
};

const hubForm =
  /^hf:\/\/(?:datasets\/)?(?<name>[\w-][\w.-]*\/[\w-][\w.-]*)(?:@(?<revision>[^/]+))?(?:\/(?<path>.*))?$/i;
/** The Hub's page of a data set, as people copy it from the browser. */
const pageForm =
  /^\/datasets\/(?<name>[\w-][\w.-]*\/[\w-][\w.-]*)(?:\/(?:tree|blob|resolve)\/(?<revision>[^/]+)(?:\/(?<path>.*))?)?\/?$/;

const hubAddress = (where: string, groups: Readonly<Record<string, string | undefined>>): HubAddress => {
  const { name = "", revision: given, path } = groups;
  const revision = given === undefined ? undefined : percentDecoded(given);
  if (given !== undefined && revision === undefined) {
    throw wrong(where, `its revision "${given}" has a % that begins no character, write %25 for it`);
  }
  return { name, ...(revision !== undefined && { revision }), path: folderOf(where, path) };
};

/** The data set that an address means on the Hub; undefined for one of another host. @throws SET for no address. */
export const parseAddress = (where: string): HubAddress | URL => {
  if (/^hf:/i.test(where)) {
    const groups = hubForm.exec(where)?.groups;
    if (groups === undefined) throw wrong(where, "it is no address of a data set on the Hub");
    return hubAddress(where, groups);
  }
  const url = URL.canParse(where) ? new URL(where) : undefined;
  if (url === undefined || url.hostname === "") throw wrong(where, "it is no address");
  if (url.username !== "" || url.password !== "")
    throw wrong(where, "user names and passwords in addresses are not taken");
  if (url.search !== "" || url.hash !== "") throw wrong(where, "it has a ? or a #, which a folder's has not");
  const local = /^(localhost|127\.0\.0\.1|\[::1\])$/.test(url.hostname);
  if (url.protocol === "http:" && !local) throw wrong(where, "http:// is open to changes on the way, use https://");
  const page = url.origin === new URL(hubUrl()).origin ? pageForm.exec(url.pathname)?.groups : undefined;
  if (page !== undefined) return hubAddress(where, page);
  url.pathname = url.pathname.replace(/\/(manifest\.json)?$/, "");
  return url;
};

const encoded = (path: string): string => path.split("/").map(encodeURIComponent).join("/");

/** The address of a file in the folder that an address means. */
export const fileUrl = (address: HubAddress | URL, file: string): string => {
  if (address instanceof URL) return `${address.href.replace(/\/$/, "")}/${encoded(file)}`;
  const { name, revision = "main", path } = address;
  const below = path === "" ? file : `${path}/${file}`;
  return `${hubUrl()}/datasets/${name}/resolve/${encodeURIComponent(revision)}/${encoded(below)}`;
};
