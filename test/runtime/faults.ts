import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { tensor } from "../../src/autodiff/types.ts";
import { type AttributeProto, ModelProtoSchema, type NodeProto } from "../../src/onnx/onnx_pb.ts";
import { openSessionThread, type SessionThread } from "../../src/runtime/session-thread.ts";

type Ask = SessionThread["ask"];

/** A thread on the CPU that is asked for something else than what it is told. */
const throughThread = (told: (thread: SessionThread) => Ask): SessionThread => {
  const thread = openSessionThread();
  return { close: thread.close, ask: told(thread) };
};

/** A device with a faulty kernel: every model is changed node by node. */
export const faultyThread = (fault: (node: NodeProto) => void): SessionThread =>
  throughThread((thread) => (request, transfer) => {
    if (request.kind !== "create") return thread.ask(request, transfer);
    const model = fromBinary(ModelProtoSchema, request.spec.model);
    for (const node of model.graph!.node) fault(node);
    const spec = { ...request.spec, model: toBinary(ModelProtoSchema, model), provider: "cpu" as const };
    return thread.ask({ ...request, spec });
  });

/** Keeps 10 of the 23 bits behind the point, as TF32 does. */
const rounded = (data: Float32Array): Float32Array => {
  const bits = new Uint32Array(data.slice().buffer).map((word) => (word + 0x1000) & 0xffffe000);
  return new Float32Array(bits.buffer);
};

/** A device on which numbers have as many digits as in TF32, on their way in at least. */
export const coarseThread = (): SessionThread =>
  throughThread((thread) => (request, transfer) => {
    if (request.kind === "create")
      return thread.ask({ ...request, spec: { ...request.spec, provider: "cpu" } }, transfer);
    if (request.kind !== "run") return thread.ask(request, transfer);
    const feeds = request.feeds.map((t) => (t.data instanceof Float32Array ? tensor(rounded(t.data), t.shape) : t));
    return thread.ask({ ...request, feeds });
  });

/** An operator done as another one of the same form. */
export const swap =
  (from: string, to: string) =>
  (node: NodeProto): void => {
    if (node.opType === from) node.opType = to;
  };

/** An attribute of an operator given another value. */
export const changed =
  (opType: string, name: string, change: (attribute: AttributeProto) => void) =>
  (node: NodeProto): void => {
    const attribute = node.opType === opType ? node.attribute.find((one) => one.name === name) : undefined;
    if (attribute !== undefined) change(attribute);
  };
