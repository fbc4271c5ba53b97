// Opening a device by name.
import { availableParallelism } from "node:os";
import { DistilleryError } from "../support/errors.ts";
import { didYouMean } from "../support/suggest.ts";
import { deviceNames, type Kind, kinds } from "./kinds.ts";
import type { Device, Running } from "./on-thread.ts";
import { openChecked } from "./open-checked.ts";
import { WrongResult } from "./self-check.ts";
import { openSessionThread, type SessionThread } from "./session-thread.ts";

export { type DeviceName, deviceNames } from "./kinds.ts";
export type { Compiled, Device, Loaded, Stepper, Tensors } from "./on-thread.ts";

/** By default as many threads as cores, the fastest lowering that is right, and no word to anybody. */
export type DeviceOptions = Partial<Running>;

/** Opens a device of one kind on a thread of its own, as `openChecked` does. */
export const openKind = (
  kind: Kind,
  running: Running,
  openThread: () => SessionThread = openSessionThread,
): Promise<Device> => {
  Object.assign(process.env, kinds[kind].environment);
  return openChecked(kind, running, openThread);
};

/**
 * The first of several kinds that opens. One that is missing is passed over in silence, one that computes wrongly with
 * a note; the last one's error is thrown.
 */
export const openFirst = async (
  [kind, ...others]: readonly [Kind, ...Kind[]],
  open: (kind: Kind) => Promise<Device>,
  note: Running["note"],
): Promise<Device> => {
  try {
    return await open(kind);
  } catch (error) {
    const [next, ...rest] = others;
    if (next === undefined) throw error;
    if (error instanceof DistilleryError && error.cause instanceof WrongResult)
      note(`${error.message}; trying ${next}`);
    return openFirst([next, ...rest], open, note);
  }
};

/**
 * Opens a device by name; `auto` takes the first of cuda, webgpu, cpu that works.
 * @throws DEVICE with the way to get it where the device is missing, with what is wrong where it computes wrongly.
 */
export const openDevice = async (
  name: string,
  { threads = availableParallelism(), lowering = "auto", note = () => undefined, ...others }: DeviceOptions = {},
): Promise<Device> => {
  const known = deviceNames.find((one) => one === name);
  if (known === undefined) {
    throw new DistilleryError(
      "USAGE",
      `unknown device "${name}"${didYouMean(name, deviceNames)}; known: ${deviceNames.join(", ")}`,
    );
  }
  const open = (kind: Kind): Promise<Device> => openKind(kind, { threads, lowering, note, ...others });
  return known === "auto" ? openFirst(["cuda", "webgpu", "cpu"], open, note) : open(known);
};
