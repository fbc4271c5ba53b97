import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import type { Graph } from "../../src/autodiff/graph.ts";
import { type Tensor, tensor } from "../../src/autodiff/types.ts";
import { encodeModel } from "../../src/onnx/encode.ts";

/** Runs a graph exactly as it stands: no simplification of ours, no graph optimisation of ONNX Runtime's. */
export const runGraph = async (graph: Graph, feeds: readonly Tensor[]): Promise<Tensor[]> => {
  const model = encodeModel(graph);
  const session = await InferenceSession.create(model.bytes, {
    graphOptimizationLevel: "disabled",
    intraOpNumThreads: 1,
    logSeverityLevel: 3,
  });
  const given = model.inputs.map((name, i) => {
    const { data, shape } = feeds[i]!;
    return [
      name,
      data instanceof Float32Array ? new OrtTensor("float32", data, shape) : new OrtTensor("int64", data, shape),
    ] as const;
  });
  const results = await session.run(Object.fromEntries(given));
  const outputs = model.outputs.map((name) => {
    const { data, dims } = results[name]!;
    if (!(data instanceof Float32Array || data instanceof BigInt64Array)) throw new Error(`unexpected type of ${name}`);
    return tensor(data.slice(), dims);
  });
  await session.release();
  return outputs;
};
