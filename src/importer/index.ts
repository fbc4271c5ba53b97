// The public face of the importer.
export { decodeOnnx, inlined, type OnnxFile } from "./file.ts";
export { type OnnxNetwork, onnxNetwork } from "./network.ts";
export { Lacking } from "./operator.ts";
export { missingOperators } from "./walk.ts";
