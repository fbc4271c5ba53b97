// Removes onnxruntime-node's binaries of other platforms than this one, which are five sixths of an installation.
//
//   node node_modules/distillery/scripts/keep-this-platform.js
import { readdirSync, rmSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { arch, platform } from "node:process";

const binaries = join(createRequire(import.meta.url).resolve("onnxruntime-node"), "../../bin/napi-v6");
const bytesOf = (folder) => readdirSync(folder).reduce((sum, file) => sum + statSync(join(folder, file)).size, 0);

let bytes = 0;
for (const system of readdirSync(binaries)) {
  for (const processor of readdirSync(join(binaries, system))) {
    if (system === platform && processor === arch) continue;
    const folder = join(binaries, system, processor);
    bytes += bytesOf(folder);
    rmSync(folder, { recursive: true });
  }
}
console.log(`kept ${platform}/${arch}; ${Math.round(bytes / 1e6)} MB of other platforms' binaries are gone`);
