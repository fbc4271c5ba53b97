import { interruptible } from "../../../src/cli/interruption.ts";
import { connect } from "../../../src/distributed/queue/redis.ts";
import { work } from "../../../src/distributed/queue/work.ts";
import { progressTo } from "../../../src/support/work/progress.ts";
import { options } from "./worker-options.ts";

// A worker process for the fake command, as `distillery work --queue URL` is for the real ones.
const [url = "", over = "{}"] = process.argv.slice(2);
const say = (line: string): boolean => process.stderr.write(`${line}\n`);
const progress = progressTo((event) => event.type === "note" && say(event.text));
const link = await connect(url, say);
await interruptible(process, say, (signal) => work(link, { ...options, ...JSON.parse(over) }, { progress, signal }))
  .catch((error: Error & { code?: string }) => {
    say(`${error.code}: ${error.message}`);
    process.exitCode = error.code === "INTERRUPTED" ? 130 : 1;
  })
  .finally(link.close);
