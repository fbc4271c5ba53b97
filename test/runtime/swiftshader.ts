import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** Chromium's Vulkan driver for processors, where Debian and its kin install it. */
export const swiftShader = "/usr/lib/chromium/vk_swiftshader_icd.json";

const loaders = [
  ...(process.env.LD_LIBRARY_PATH ?? "").split(":"),
  "/usr/lib/x86_64-linux-gnu",
  "/usr/lib/aarch64-linux-gnu",
  "/usr/lib64",
  "/usr/lib",
];

/** Whether WebGPU can be had without a GPU: the driver, and Vulkan's loader. ONNX Runtime has none for Linux on arm64. */
export const hasSwiftShader =
  process.arch === "x64" && existsSync(swiftShader) && loaders.some((folder) => existsSync(`${folder}/libvulkan.so.1`));

const run = promisify(execFile);

/** What a program of this folder prints last, as JSON. A driver's crash ends that process only. */
export const throughSwiftShader = async <T>(program: string, ...args: readonly string[]): Promise<T> => {
  const file = fileURLToPath(new URL(program, import.meta.url));
  const { stdout } = await run(process.execPath, ["--import", "tsx", file, ...args], {
    env: { ...process.env, VK_ICD_FILENAMES: swiftShader, ORT_DISABLE_TELEMETRY: "1" },
    timeout: 10 * 60_000,
  });
  return JSON.parse(stdout.trim().split("\n").at(-1)!) as T;
};
