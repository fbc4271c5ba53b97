import { mkdir, writeFile } from "node:fs/promises";
import { freemem, totalmem } from "node:os";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";
import { freeMemory, memoryLimit } from "../../src/support/memory.ts";
import { temporaryFolder } from "../pipeline/tiny.ts";

const [MB, none] = [2 ** 20, "9223372036854771712"];

/** A file system with these files alone. */
const rootWith = async (files: Readonly<Record<string, string>>): Promise<string> => {
  const root = await temporaryFolder();
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), `${text}\n`);
  }
  return root;
};

const job = "sys/fs/cgroup/system.slice/job_7";
const uid = "sys/fs/cgroup/memory/slurm/uid_0";

it.each<[string, Record<string, string>, number, number]>([
  [
    "version 2, of a group around that of the process",
    {
      "proc/self/cgroup": "0::/system.slice/job_7/step_0/user/task_0",
      [`${job}/memory.max`]: `${64 * MB}`,
      [`${job}/memory.high`]: "max",
      [`${job}/memory.current`]: `${24 * MB}`,
      [`${job}/memory.stat`]: `anon ${10 * MB}\ninactive_file ${8 * MB}\nactive_file ${6 * MB}`,
      [`${job}/step_0/memory.max`]: `${80 * MB}`,
      [`${job}/step_0/memory.current`]: `${MB}`,
      [`${job}/step_0/user/task_0/memory.max`]: "max",
    },
    64,
    48,
  ],
  [
    "version 2, of a container",
    {
      "proc/self/cgroup": "0::/",
      "sys/fs/cgroup/memory.max": `${99 * MB}`,
      "sys/fs/cgroup/memory.high": `${32 * MB}`,
      "sys/fs/cgroup/memory.current": `${33 * MB}`,
    },
    32,
    0,
  ],
  [
    "version 1, of a group around that of the process",
    {
      "proc/self/cgroup": "5:cpuset:/\n4:cpu,memory:/slurm/uid_0/job_7\n0::/",
      [`${uid}/job_7/memory.limit_in_bytes`]: none,
      [`${uid}/job_7/memory.usage_in_bytes`]: `${MB}`,
      [`${uid}/memory.limit_in_bytes`]: `${16 * MB}`,
      [`${uid}/memory.usage_in_bytes`]: `${4 * MB}`,
      [`${uid}/memory.stat`]: `inactive_file ${2 * MB}\ntotal_inactive_file ${3 * MB}`,
      "sys/fs/cgroup/memory/memory.limit_in_bytes": none,
      "sys/fs/cgroup/memory/memory.usage_in_bytes": `${9 * MB}`,
    },
    16,
    15,
  ],
])("limits of %s are kept", async (_, files, limit, free) => {
  const root = await rootWith(files);
  expect([memoryLimit(root) / MB, freeMemory(root) / MB]).toEqual([limit, free]);
});

it("without limits a machine's memory is free as far as the system says so", async () => {
  const root = await rootWith({ "proc/self/cgroup": "0::/x", "sys/fs/cgroup/x/memory.max": "max" });
  for (const where of [root, join(root, "nowhere")]) {
    expect(memoryLimit(where)).toBe(totalmem());
    expect(Math.abs(freeMemory(where) - freemem())).toBeLessThan(0.2 * totalmem());
  }
  expect(freeMemory()).toBeGreaterThan(0);
});
