import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { tensor } from "../../src/autodiff/types.ts";
import { encodeModel } from "../../src/onnx/encode.ts";
import { openDevice } from "../../src/runtime/index.ts";
import { kinds } from "../../src/runtime/kinds.ts";
import { checkResults, type RunOnce } from "../../src/runtime/self-check.ts";

/** Prints what the self-check says of WebGPU as it is opened, and of WebGPU with channels last, as one line of JSON. */
const channelsLast: RunOnce = async (graph, feeds) => {
  const { bytes, inputs, outputs } = encodeModel(graph);
  const session = await InferenceSession.create(bytes, {
    executionProviders: [{ name: "webgpu", preferredLayout: "NHWC" }],
    logSeverityLevel: 3,
  });
  const given = inputs.map((name, i) => {
    const { data, shape } = feeds[i]!;
    return [
      name,
      data instanceof Float32Array ? new OrtTensor("float32", data, shape) : new OrtTensor("int64", data, shape),
    ];
  });
  const results = await session.run(Object.fromEntries(given) as Record<string, OrtTensor>);
  return outputs.map((name) => tensor(results[name]!.data as Float32Array, results[name]!.dims));
};

const said = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work;
    return "right";
  } catch (error) {
    return String(error);
  }
};

const device = await openDevice("webgpu");
const opened = device.name;
await device.close();
console.log(JSON.stringify({ opened, channelsLast: await said(checkResults(channelsLast, kinds.webgpu.tolerance)) }));
process.exit(0);
