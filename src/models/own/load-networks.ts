// Loading the networks of files.
import { resolve } from "node:path";
import { DistilleryError } from "../../support/errors.ts";
import { isArchitecture } from "../registry.ts";
import { know } from "./known.ts";
import { loadModule } from "./module-file.ts";
import { readOnnx } from "./onnx-file.ts";
import { isNetworkFile, isOnnx, shortName } from "./own-file.ts";

/**
 * Loads those of some names that are files, which `buildModel` then knows by path and by name.
 * @throws USAGE, CHECKPOINT where a file holds no network, and USAGE for two files of one name.
 */
export const loadNetworks = async (entries: readonly string[]): Promise<void> => {
  const names = new Map<string, string>();
  for (const path of new Set(entries.filter(isNetworkFile))) {
    const name = shortName(path, isArchitecture);
    const other = names.get(name);
    if (other !== undefined && resolve(other) !== resolve(path)) {
      throw new DistilleryError(
        "USAGE",
        `networks ${other} and ${path} would both be called ${name}; rename one of the files`,
      );
    }
    know(path, await (isOnnx(path) ? readOnnx(path, name) : loadModule(path, name)));
    names.set(name, path);
  }
};
