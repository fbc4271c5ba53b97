import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { forkChild } from "../../../src/distributed/child/child.ts";
import { openChildren } from "../../../src/distributed/child/children.ts";
import type { Order } from "../../../src/distributed/child/messages.ts";
import { temporaryFolder, tinyRecipe } from "../../pipeline/tiny.ts";
import { until } from "../queue/world.ts";

const wanted = { kind: "student", key: "key", name: "0", folder: "5-students" };
const { signal } = new AbortController();
const advance = (): void => undefined;

it("a child that was killed while it was idle fails its next job at once, and is not handed out again", {
  timeout: 20_000,
}, async () => {
  const folder = await temporaryFolder();
  const order: Order = {
    command: "run",
    recipe: tinyRecipe("pictures"),
    ...{ ground: "", fingerprint: "", store: folder, threads: 1 },
    scratch: join(folder, "scratch"),
  };
  const module = new URL("./dying-child.ts", import.meta.url);
  const children = openChildren(() => forkChild(order, () => undefined, module));
  onTestFinished(() => children.close());

  const first = await children.take();
  await first.make(wanted, advance, signal);
  await children.giveBack(first);
  await until(() => !first.alive(), "the idle child to be killed");
  await expect(first.make(wanted, advance, signal)).rejects.toMatchObject({
    code: "JOB",
    message: "the process that computed it ended by SIGKILL; was there too little memory?",
  });

  const second = await children.take();
  expect(second).not.toBe(first);
  await second.make(wanted, advance, signal);
});
