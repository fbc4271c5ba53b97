import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism, cpus, release, totalmem, type } from "node:os";

/** Where a result was measured. Without a date: a result is repeated by its recipe, not by its day. */
export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly kernel: string;
  readonly node: string;
  readonly onnxruntime: string;
  readonly torch?: string;
  readonly gpu?: string;
  readonly instructions: string;
}

/** The widest vectors: they decide which kernels both sides run. */
const instructions = (): string => {
  try {
    const flags = new Set(/^flags\s*:\s*(.*)$/m.exec(readFileSync("/proc/cpuinfo", "utf8"))?.[1]?.split(" "));
    return ["avx512_bf16", "avx512_vnni", "avx512f", "avx2", "fma"].filter((flag) => flags.has(flag)).join(" ");
  } catch {
    return process.arch;
  }
};

const onnxruntimeVersion = (): string => {
  const { version } = createRequire(import.meta.url)("onnxruntime-node/package.json") as { version: string };
  return version;
};

export const describeMachine = (rival?: { torch: string; gpu?: string | null }): Machine => ({
  processor: cpus()[0]?.model.trim() ?? process.arch,
  instructions: instructions(),
  cores: availableParallelism(),
  memoryGiB: Math.round(totalmem() / 2 ** 30),
  kernel: `${type()} ${release()}`,
  node: process.version,
  onnxruntime: onnxruntimeVersion(),
  ...(rival ? { torch: rival.torch } : {}),
  ...(rival?.gpu ? { gpu: rival.gpu } : {}),
});
