/**
 * The ONNX operators that have a CUDA kernel where our opset, 20, means them: `since` is the version of the operator that it
 * means, `kernels` the versions for which the kernel is registered in ONNX Runtime 1.30.0. A kernel without an end is for its
 * own version alone: ONNX Runtime puts others on the CPU without a word, and copies their operands. Read from the
 * registrations inside libonnxruntime_providers_cuda.so of PyPI's onnxruntime-gpu 1.30.0, for float32 and, where we
 * count with them, int64.
 */
interface CudaKernel {
  readonly since: number;
  readonly kernels: readonly [from: number, to?: number];
}

export const cudaKernels: Readonly<Record<string, CudaKernel>> = {
  Abs: { since: 13, kernels: [13] },
  Add: { since: 14, kernels: [14] },
  AveragePool: { since: 19, kernels: [19, 21] },
  BatchNormalization: { since: 15, kernels: [15] },
  Cast: { since: 19, kernels: [19, 20] },
  Clip: { since: 13, kernels: [13] },
  Concat: { since: 13, kernels: [13] },
  Conv: { since: 11, kernels: [11, 21] },
  ConvTranspose: { since: 11, kernels: [11, 21] },
  Cos: { since: 7, kernels: [7, 21] },
  DepthToSpace: { since: 13, kernels: [13] },
  Div: { since: 14, kernels: [14] },
  Equal: { since: 19, kernels: [19] },
  Erf: { since: 13, kernels: [13] },
  Exp: { since: 13, kernels: [13] },
  Expand: { since: 13, kernels: [13] },
  Gather: { since: 13, kernels: [13] },
  Gemm: { since: 13, kernels: [13] },
  Greater: { since: 13, kernels: [13] },
  GreaterOrEqual: { since: 16, kernels: [16] },
  HardSigmoid: { since: 6, kernels: [6, 21] },
  Identity: { since: 19, kernels: [19, 20] },
  Log: { since: 13, kernels: [13] },
  LogSoftmax: { since: 13, kernels: [13] },
  MatMul: { since: 13, kernels: [13] },
  Max: { since: 13, kernels: [13] },
  MaxPool: { since: 12, kernels: [12] },
  Min: { since: 13, kernels: [13] },
  Mod: { since: 13, kernels: [13] },
  Mul: { since: 14, kernels: [14] },
  Neg: { since: 13, kernels: [13] },
  Pad: { since: 19, kernels: [19, 20] },
  Reciprocal: { since: 13, kernels: [13] },
  ReduceMax: { since: 20, kernels: [20] },
  ReduceSum: { since: 13, kernels: [13] },
  ReduceSumSquare: { since: 18, kernels: [18] },
  Relu: { since: 14, kernels: [14] },
  Reshape: { since: 19, kernels: [19, 20] },
  Resize: { since: 19, kernels: [19] },
  Scan: { since: 19, kernels: [19, 20] },
  ScatterElements: { since: 18, kernels: [18] },
  Sigmoid: { since: 13, kernels: [13] },
  Sin: { since: 7, kernels: [7, 21] },
  Slice: { since: 13, kernels: [13] },
  Softmax: { since: 13, kernels: [13] },
  Split: { since: 18, kernels: [18] },
  Sqrt: { since: 13, kernels: [13] },
  Sub: { since: 14, kernels: [14] },
  Tanh: { since: 13, kernels: [13] },
  Transpose: { since: 13, kernels: [13, 20] },
};
