// Names of temporary files.
import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { basename, dirname, join } from "node:path";

/** This machine's name as it may stand in a file name. */
export const hostInNames = (): string => hostname().replaceAll(/[^\w.-]/g, "_");

/**
 * A new hidden name beside a file, for writing it. It says whose it is, so that nobody's own file can be meant when remnants
 * of killed processes are swept up. File names hold 255 bytes at most, so that long ones are cut.
 */
export const temporaryFor = (path: string): string => {
  const whose = `${hostInNames().slice(0, 64)}-${process.pid}-${randomBytes(6).toString("hex")}`;
  return join(dirname(path), `.${basename(path).slice(0, 60)}.distillery-${whose}.tmp`);
};

/** True for names that `temporaryFor` gives, and no others. */
export const isTemporary = (name: string): boolean => /^\..+\.distillery-[\w.-]+-\d+-[0-9a-f]{12}\.tmp$/.test(name);
