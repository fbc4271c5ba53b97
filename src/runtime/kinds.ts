// The kinds of devices, with their tolerances and remedies.
import { factorRules } from "../autodiff/rewrites/factors.ts";
import { filterByProduct } from "../autodiff/rewrites/filter-product.ts";
import { scatterByProduct } from "../autodiff/rewrites/one-hot.ts";
import { imageGradientWhole, logSoftmaxWhole } from "../autodiff/rewrites/whole-nodes.ts";
import type { DeviceRules } from "../autodiff/simplify.ts";
import type { Provider } from "./protocol.ts";

export const deviceNames = ["cpu", "webgpu", "cuda", "cuda-tf32", "auto"] as const;
export type DeviceName = (typeof deviceNames)[number];

/** Devices that are opened: those of names but "auto", which chooses, and that of a browser. */
export type Kind = Exclude<DeviceName, "auto"> | "wasm";

/** Chooses how many steps go in one run at most, by the bytes of a step's state and of its feeds. */
export type Stride = (bytes: { readonly state: number; readonly feeds: number }) => number;

interface KindOfDevice {
  readonly provider: Provider;
  /** Largest error of a result of the self-check, relative to its size. */
  readonly tolerance: number;
  /** True where a step's state stays in WebGPU's buffers; elsewhere it is the host's between two runs. */
  readonly gpuBuffers: boolean;
  /** Rules that suit this device only. */
  readonly rules: DeviceRules;
  /** Variables that the provider's libraries read when they are loaded. */
  readonly environment: Readonly<Record<string, string>>;
  /** Steps in one run; 1 where the state is at hand after every run. */
  readonly stride: Stride;
  /** The way to get it where it is missing. */
  readonly missing: string;
  /** The remedy where it computes wrongly. */
  readonly wrong: string;
}

/** Single precision leaves 1e-6 in the self-check, faults 1e-1. */
const single = 1e-3;
/** Products of numbers with 10 bits. */
const tf32 = 3e-2;

const none: DeviceRules = { rewrites: [] };

const mebi = 2 ** 20;

/** Rules for whatever starts kernels one by one, with the bytes that one tensor may take. */
const onGpus = (most: number) => [scatterByProduct, filterByProduct(most), ...factorRules];

/**
 * Reasoned, not measured. ONNX Runtime takes about 5 microseconds to start a kernel of CUDA, and memory moves 300 GB/s (an
 * RTX 3060) to 4,800 GB/s (an H200): 1.5 to 24 MB a start. 32 tensors are the most that its Concat and Split are told of
 * with the kernel itself.
 */
const onCuda: DeviceRules = {
  rewrites: [...onGpus(256 * mebi), imageGradientWhole, logSoftmaxWhole],
  joining: { startBytes: 4 * mebi, most: 32 },
};

/**
 * WebGPU takes longer to start one, and its Split writes to a storage buffer for each tensor and reads one, of which every
 * device has 8, of 128 MiB at most.
 */
const onWebGpu: DeviceRules = { rewrites: onGpus(128 * mebi), joining: { startBytes: 8 * mebi, most: 7 } };

const stepByStep: Stride = () => 1;

/**
 * The state comes to the host and goes back once a run, at about 1 ms for each MiB on an H200: the more there is, the more
 * steps share it. The feeds of all of them wait in memory.
 */
const manySteps: Stride = ({ state, feeds }) => {
  const wanted = Math.min(128, Math.max(16, Math.ceil(state / mebi)));
  return Math.max(1, Math.min(wanted, Math.floor((256 * mebi) / feeds)));
};

const cudaFiles =
  "it needs Linux on x64, an NVIDIA GPU, cuDNN 9 and ONNX Runtime 1.30's CUDA files beside onnxruntime-node's " +
  "libonnxruntime.so.1: for CUDA 12 by ONNXRUNTIME_NODE_INSTALL=true node " +
  "node_modules/onnxruntime-node/script/install.js, for CUDA 13 the libonnxruntime_providers_*.so of PyPI's onnxruntime-gpu 1.30.0; or use --device cpu";

export const kinds: Readonly<Record<Kind, KindOfDevice>> = {
  cpu: {
    provider: "cpu",
    tolerance: single,
    gpuBuffers: false,
    rules: none,
    environment: {},
    stride: stepByStep,
    missing:
      "onnxruntime-node 1.30 runs on Linux with glibc 2.28 or later and on Windows (x64, arm64), and on macOS " +
      "(arm64 only); on one of these reinstall the package, from others (Alpine, a Mac with an Intel processor) use such a machine",
    wrong: "reinstall the package: ONNX Runtime's files may be damaged",
  },
  wasm: {
    provider: "wasm",
    tolerance: single,
    gpuBuffers: false,
    rules: none,
    environment: {},
    stride: stepByStep,
    missing:
      "the page must find onnxruntime-web's ort-wasm-simd-threaded.wasm beside its script, " +
      "or where env.wasm.wasmPaths of onnxruntime-web/wasm says",
    wrong: "update the browser",
  },
  webgpu: {
    provider: "webgpu",
    tolerance: single,
    gpuBuffers: true,
    rules: onWebGpu,
    environment: {},
    stride: stepByStep,
    missing:
      "it needs a GPU with a Vulkan, Metal or Direct3D 12 driver, and is missing on Linux on arm64; " +
      "check that the driver is installed, or use --device cpu",
    wrong: "update the GPU's driver, or use --device cpu",
  },
  // ONNX Runtime uses TF32 by itself, and onnxruntime-node cannot tell it otherwise. NVIDIA's libraries can be told.
  cuda: {
    provider: "cuda",
    tolerance: single,
    gpuBuffers: false,
    rules: onCuda,
    environment: { NVIDIA_TF32_OVERRIDE: "0" },
    stride: manySteps,
    missing: cudaFiles,
    wrong:
      "errors near 0.01 are TF32's: start with NVIDIA_TF32_OVERRIDE=0 in the environment, or accept them by " +
      "--device cuda-tf32; for larger ones update the driver, or use --device cpu",
  },
  "cuda-tf32": {
    provider: "cuda",
    tolerance: tf32,
    gpuBuffers: false,
    rules: onCuda,
    environment: {},
    stride: manySteps,
    missing: cudaFiles,
    wrong: "update the GPU's driver, or use --device cpu",
  },
};
