import { execFileSync } from "node:child_process";
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { temporaryFolder } from "../pipeline/tiny.ts";

const script = fileURLToPath(new URL("../../examples/many-machines/slurm.sh", import.meta.url));

/** In the place of Slurm's: runs the script of its standard input once for each number of an array, and prints an id. */
const sbatch = `#!/bin/bash
task=$(cat)
last=$(grep -o -- '--array=0-[0-9]*' <<< "$*" | cut -d- -f4)
for i in $(seq 0 "\${last:-0}"); do SLURM_ARRAY_TASK_ID=$i bash <<< "$task"; done
echo 7
`;

it.runIf(process.platform === "linux")("slurm.sh gives each job of a stage to one task of its array", async () => {
  const folder = await temporaryFolder();
  const program = async (name: string, text: string): Promise<void> => {
    await writeFile(join(folder, name), text);
    await chmod(join(folder, name), 0o755);
  };
  await program("sbatch", sbatch);
  await program("srun", `#!/bin/bash\necho "$*" | grep -o -- '--index.*' >> ${folder}/began\n`);
  const plan = join(folder, "plan");
  await mkdir(plan);
  const stage = { seconds: 1, memory: 1 };
  // Five jobs by at most two tasks are three each, of which the second has but two.
  const stages = [
    { from: 0, to: 4, ...stage },
    { from: 5, to: 6, ...stage },
  ];
  await writeFile(join(plan, "plan.json"), JSON.stringify({ stages, threads: 1 }));
  const PATH = [folder, process.env.PATH].join(delimiter);
  const env = { ...process.env, PATH, PLAN: plan, OUT: join(folder, "out"), MOST: "2", DISTILLERY: "true" };
  execFileSync("bash", [script], { env });
  expect((await readFile(join(folder, "began"), "utf8")).split("\n").slice(0, -1)).toEqual([
    "--index 0 --count 3",
    "--index 3 --count 2",
    "--index 5 --count 1",
    "--index 6 --count 1",
  ]);
});
