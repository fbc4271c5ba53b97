// Measures a set as the command line does: students on it, on as many random images, and on all the data, in one report.
//
//   npx tsx examples/evaluate-a-set.ts [SET] [OUT] [EPOCHS]
import { fileURLToPath } from "node:url";
import { DistilleryError, evaluate } from "distillery";

const shipped = fileURLToPath(new URL("../sets/demo-ipc10", import.meta.url));
const [set = shipped, out = "runs/evaluate-demo", epochs = "20"] = process.argv.slice(2);

// Ctrl-C ends it after its current step; started again, it goes on there.
const stop = new AbortController();
process.once("SIGINT", () => stop.abort());

const recipe = {
  data: "demo",
  labels: ["hard"],
  students: ["convnet16"],
  seeds: 1,
  student: { epochs: Number(epochs) },
  full: { epochs: 1 },
} as const;

try {
  const { report, files } = await evaluate(recipe, { out, set, signal: stop.signal });
  for (const { method, student, images, steps, accuracy } of report.rows) {
    console.log(`${student} on ${images} images (${method}), ${steps} steps: ${accuracy.mean.toFixed(1)} %`);
  }
  console.log(files.report);
} catch (error) {
  if (!(error instanceof DistilleryError)) throw error;
  console.error(`${error.code}: ${error.message}`);
  process.exitCode = 1;
}
