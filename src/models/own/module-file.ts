// Networks of modules: a function that is written with nn.
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import * as nn from "../../nn/index.ts";
import type { Part } from "../../nn/parts.ts";
import { DistilleryError } from "../../support/errors.ts";
import { codeOf, readRegularFile, reasonOf, sha256, whyUnread } from "../../support/files.ts";
import { isObject } from "../../support/json.ts";
import { shown } from "../../support/schema.ts";
import type { NetworkTask } from "../../tasks/task.ts";
import type { Model } from "../model.ts";
import type { OwnNetwork } from "./own-file.ts";
import { withDigest, wrongOutputs } from "./traced.ts";

const wrong = (path: string, what: string, cause?: unknown): DistilleryError =>
  new DistilleryError("USAGE", `network ${path}: ${what}`, { cause });

type Make = (task: NetworkTask, tools: typeof nn) => unknown;

const importing = async (path: string): Promise<Record<string, unknown>> => {
  let content: Uint8Array;
  try {
    content = await readRegularFile(path);
  } catch (cause) {
    throw wrong(path, whyUnread(cause), cause);
  }
  try {
    // A file that was changed meanwhile is another module.
    return (await import(`${pathToFileURL(resolve(path)).href}?${sha256(content).slice(0, 16)}`)) as Record<
      string,
      unknown
    >;
  } catch (cause) {
    if (codeOf(cause) === "ERR_UNKNOWN_FILE_EXTENSION") {
      throw wrong(
        path,
        `Node ${process.versions.node} reads no TypeScript: compile it to .mjs, take Node 22.18 or later, or start distillery by tsx`,
        cause,
      );
    }
    throw wrong(path, `it cannot be loaded (${reasonOf(cause).split("\n")[0]})`, cause);
  }
};

const isPart = (value: unknown): value is Part =>
  isObject(value) &&
  isObject(value.parameters) &&
  Object.values(value.parameters).every(
    (spec) => isObject(spec) && Array.isArray(spec.shape) && isObject(spec.start),
  ) &&
  isObject(value.norms) &&
  typeof value.forward === "function";

/** Fails where a network does not put out a number for each class. */
const checked = (model: Model, path: string): Model => {
  const { image, outputs } = model.task;
  let problem: string | undefined;
  try {
    problem = wrongOutputs(model, model.task);
  } catch (cause) {
    // Values of another copy of this program are no values here.
    const copies =
      cause instanceof TypeError
        ? "; if it imports distillery/nn from another installation, take nn from the second argument, model(task, nn)"
        : "";
    problem = `its forward fails for images of ${image.height}x${image.width} and ${outputs} outputs: ${reasonOf(cause)}${copies}`;
  }
  if (problem !== undefined) throw wrong(path, problem);
  return withDigest(model);
};

/**
 * Loads a module that exports `model(task, nn)`, a function to { parameters, norms, forward } as `chain` and its like return
 * it.
 * @throws USAGE where it cannot be loaded or exports no such function.
 */
export const loadModule = async (path: string, name: string): Promise<OwnNetwork> => {
  const { model: make } = await importing(path);
  if (typeof make !== "function")
    throw wrong(path, `it exports no function model; write export const model = (task) => chain(...)`);
  return {
    name,
    build: (task) => {
      let made: unknown;
      try {
        made = (make as Make)(task, nn);
      } catch (cause) {
        throw wrong(path, `its model fails: ${reasonOf(cause)}`, cause);
      }
      if (!isPart(made))
        throw wrong(
          path,
          `its model returned ${shown(made)}, expected { parameters, norms, forward } as chain(...) returns it`,
        );
      return checked({ ...made, name, task }, path);
    },
  };
};
