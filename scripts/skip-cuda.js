// Keeps onnxruntime-node's install script from fetching CUDA files, which fails where only npm's registry can be reached.
//
// npm runs this before the install scripts of all packages. That script fetches nothing where its files are there, so a line
// of text takes the place of each. Who asks for CUDA by its own switch gets it: docs/decisions/installing.md.
import { existsSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { arch, platform } from "node:process";

const line = `A placeholder of distillery for a CUDA file that nobody asked for. To fetch it:
ONNXRUNTIME_NODE_INSTALL=true node node_modules/onnxruntime-node/script/install.js
`;

try {
  const require = createRequire(import.meta.url);
  const script = require.resolve("onnxruntime-node/script/install-metadata.js");
  const { requirements, manifests } = require(script);
  const files = (requirements[`${platform}/${arch}`] ?? []).flatMap((name) =>
    Object.keys(manifests[`${platform}/${arch}:${name}`]),
  );
  for (const file of files) {
    const path = join(script, "../../bin/napi-v6", platform, arch, file);
    if (!existsSync(path)) writeFileSync(path, line);
  }
} catch {
  // Not installed yet, or built otherwise: its own script then does what it does.
}
