import { afterEach, describe, expect, test, vi } from "vitest";
import { mapTree } from "../../src/autodiff/tree.ts";
import type { AttributeProto, NodeProto } from "../../src/onnx/onnx_pb.ts";
import { findBlockSize } from "../../src/runtime/blocking.ts";
import { networkLoss } from "../../src/runtime/check-network.ts";
import { openFirst, openKind } from "../../src/runtime/device.ts";
import { type Kind, kinds } from "../../src/runtime/kinds.ts";
import { type Plain, plainLayers } from "../../src/runtime/plain-layers.ts";
import { checkPoint, checkResults, inLoops, seed } from "../../src/runtime/self-check.ts";
import type { SessionThread } from "../../src/runtime/session-thread.ts";
import { stream } from "../../src/support/random.ts";
import { runGraph } from "../autodiff/run-graph.ts";
import { changed, coarseThread, faultyThread, swap } from "./faults.ts";

const running = { threads: 1, lowering: "auto", note: () => undefined } as const;

afterEach(() => vi.unstubAllEnvs());

test("what is right passes far below the tolerance", async () => {
  await checkResults(runGraph, kinds.cpu.tolerance / 10);
});

test("the network is run far from its kinks, which coarse numbers would cross", () => {
  const { variables, rows, targets } = checkPoint(stream(seed, "self-check"));
  const near: number[] = [];
  const layers = {
    ...plainLayers,
    relu: (x: Plain) => {
      near.push(...x.data.map(Math.abs));
      return plainLayers.relu(x);
    },
  };
  const given = { rows: inLoops(rows), targets: inLoops(targets) };
  networkLoss(layers, mapTree(variables, inLoops), given);
  expect(near.length).toBeGreaterThan(200);
  expect(Math.min(...near)).toBeGreaterThan(0.03);
});

/** Symmetric padding of one pixel and more, shifted: results keep their shapes. */
const onePixelOff = (pads: AttributeProto): void => {
  const [top, left, bottom, right] = pads.ints as [bigint, bigint, bigint, bigint];
  if (top > 0n && left > 0n) pads.ints = [top - 1n, left - 1n, bottom + 1n, right + 1n];
};

const faults: Readonly<Record<string, (node: NodeProto) => void>> = {
  "convolutions are one pixel off": changed("Conv", "pads", onePixelOff),
  "averages leave padding out": changed("AveragePool", "count_include_pad", (included) => {
    included.i = 0n;
  }),
  "the largest of a window is its mean": swap("MaxPool", "AveragePool"),
  "phases are interleaved in the other order": changed("DepthToSpace", "mode", (mode) => {
    mode.s = new TextEncoder().encode("CRD");
  }),
  "sums are means": swap("ReduceSum", "ReduceMean"),
  "sums of squares are sums": swap("ReduceSumSquare", "ReduceSum"),
  "the largest of a row is its smallest, and more": (node) => {
    swap("ReduceMax", "ReduceMin")(node);
    swap("Exp", "Sigmoid")(node);
  },
  "logarithms are roots": swap("Log", "Sqrt"),
  "roots are missing": swap("Sqrt", "Identity"),
  "softmax is log-softmax": swap("Softmax", "LogSoftmax"),
  "products are sums": swap("Mul", "Add"),
  "relu does nothing": swap("Relu", "Identity"),
  "what was joined is parted in another order": (node) => {
    if (node.opType === "Split") node.output.reverse();
  },
  "results are no numbers": swap("Exp", "Log"),
};

describe("a device is refused on which", () => {
  test.each(Object.entries(faults))("%s", async (_, fault) => {
    await expect(openKind("webgpu", running, () => faultyThread(fault))).rejects.toMatchObject({
      code: "DEVICE",
      message: expect.stringMatching(
        /^device webgpu computes wrongly here \(the (loss|(gradient|update) of \w+) is off by \S+ of its size\): .*--device cpu$/,
      ),
    });
  });
});

describe("TF32", () => {
  test("is refused as cuda, which says how to get or to accept it", async () => {
    vi.stubEnv("NVIDIA_TF32_OVERRIDE", undefined);
    await expect(openKind("cuda", running, coarseThread)).rejects.toThrow(
      /computes wrongly here \(.* is off by 0\.0\d+ of its size\): .*NVIDIA_TF32_OVERRIDE=0.*--device cuda-tf32/,
    );
    expect(process.env.NVIDIA_TF32_OVERRIDE).toBe("0");
  });

  test("is right as cuda-tf32, which leaves the libraries as they are", async () => {
    vi.stubEnv("NVIDIA_TF32_OVERRIDE", undefined);
    const device = await openKind("cuda-tf32", running, coarseThread);
    expect(device.name).toBe("cuda-tf32");
    await device.close();
    expect(process.env.NVIDIA_TF32_OVERRIDE).toBeUndefined();
  });
});

describe("of several kinds", () => {
  const missing = (): SessionThread => ({
    ask: () => Promise.reject(new Error("no such library\nat a place")),
    close: () => Promise.resolve(),
  });
  const openAs =
    (threads: Partial<Record<Kind, () => SessionThread>>) =>
    (kind: Kind): ReturnType<typeof openKind> =>
      openKind(kind, running, threads[kind]);
  const wrong = (): SessionThread => faultyThread(swap("Mul", "Add"));

  test("one that is missing is passed over in silence, one that is wrong with one line", async () => {
    const notes: string[] = [];
    const note = (line: string): void => void notes.push(line);
    const device = await openFirst(["cuda", "webgpu", "cpu"], openAs({ cuda: missing, webgpu: wrong }), note);
    expect(device.name).toBe("cpu");
    await device.close();
    expect(notes).toEqual([expect.stringMatching(/^device webgpu computes wrongly here .*; trying cpu$/)]);
    expect(notes[0]).not.toContain("\n");
  });

  test("the last one's error is thrown", async () => {
    const open = openFirst(["webgpu", "cpu"], openAs({ webgpu: wrong, cpu: missing }), () => undefined);
    await expect(open).rejects.toMatchObject({
      code: "DEVICE",
      message: expect.stringMatching(/^device cpu is not available here \(no such library\): .*glibc.*arm64/),
    });
  });
});

test("blocked convolutions that fail are said to be off, to whoever listens and to nobody else", async () => {
  const written = vi.spyOn(process.stderr, "write");
  const notes: string[] = [];
  const found = await findBlockSize(
    () => Promise.reject(new Error("no such operator\nat a place")),
    (line) => notes.push(line),
  );
  expect(found).toBeUndefined();
  expect(notes).toEqual(["blocked convolutions are off, standard ones are used: no such operator"]);
  expect(written).not.toHaveBeenCalled();
  written.mockRestore();
});
