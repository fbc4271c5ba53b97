// Opening a device of one kind.
import { DistilleryError, reasonOf } from "../support/errors.ts";
import { type Kind, kinds } from "./kinds.ts";
import { type Device, deviceOn, type Running } from "./on-thread.ts";
import { WrongResult } from "./self-check.ts";
import type { SessionThread } from "./session-thread.ts";

/**
 * Opens a device of one kind, whose sessions are on a thread of their own where there are such, and checks it.
 * @throws DEVICE where it is missing, or computes wrongly; its thread is closed then.
 */
export const openChecked = async (kind: Kind, running: Running, openThread: () => SessionThread): Promise<Device> => {
  const { missing, wrong } = kinds[kind];
  const thread = openThread();
  try {
    return await deviceOn(thread, kind, running);
  } catch (cause) {
    await thread.close();
    const why = reasonOf(cause).split("\n")[0];
    const message =
      cause instanceof WrongResult
        ? `device ${kind} computes wrongly here (${why}): ${wrong}`
        : `device ${kind} is not available here (${why}): ${missing}`;
    throw new DistilleryError("DEVICE", message, { cause });
  }
};
