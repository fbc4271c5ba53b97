import type { FromChild, ToChild } from "../../../src/distributed/child/messages.ts";

// A child that is killed when it has made its first job and has nothing to do.
const say = (message: FromChild, then?: () => void): void => void process.send?.(message, () => then?.());

process.on("message", (message: ToChild) => {
  if (message.type === "order") say({ type: "ready" });
  if (message.type === "make") say({ type: "made" }, () => process.kill(process.pid, "SIGKILL"));
});
process.on("disconnect", () => process.exit());
