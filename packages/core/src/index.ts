// @adjoint/core: the public API. Named exports only.

import "./ops/methods.js";

export {
  defineOp,
  detach,
  type GradientContext,
  type GradientOptions,
  type GradientsOf,
  gradients,
  noGradient,
  type Op,
  type OpDefinition,
  valueAndGradients,
} from "./autodiff.js";
export type {
  Activation,
  Backend,
  BackendBuffer,
  BackendInfo,
  BinaryName,
  ConvolutionSpec,
  Epilogue,
  Extent,
  MatmulSpec,
  Operand,
  Placement,
  ReduceName,
  SlidingWindow,
  StridedView,
  UnaryName,
} from "./backends/backend.js";
export {
  type BackendChoice,
  type BackendName,
  type BackendOptions,
  backendNames,
  currentBackend,
  useBackend,
  withBackend,
} from "./backends/current.js";
export { ReferenceBackend } from "./backends/reference/index.js";
export { WasmBackend, type WasmMemory } from "./backends/wasm/index.js";
export { ByteDataset, type ByteScaling } from "./data/byte-dataset.js";
export { type IdxArray, parseIdx } from "./data/idx.js";
export { ShuffledEpochs } from "./data/shuffled-epochs.js";
export type { DType, FloatArray } from "./dtype.js";
export {
  AdjointError,
  ArgumentError,
  BackendError,
  DataError,
  DTypeError,
  FrozenError,
  GradientCheckError,
  GradientError,
  NonFiniteError,
  ReleasedError,
  ShapeError,
  StateError,
  UnregisteredError,
} from "./errors.js";
export {
  binaryCrossEntropy,
  binaryCrossEntropyWithLogits,
  categoricalCrossEntropy,
  categoricalCrossEntropyWithLogits,
  klDivergenceNormal,
  type LossOptions,
  meanAbsoluteError,
  meanSquaredError,
} from "./losses/index.js";
export {
  AveragePool2d,
  Conv2d,
  type Conv2dOptions,
  ConvTranspose2d,
  type ConvTranspose2dOptions,
  MaxPool2d,
  type PoolOptions,
  UpSample,
} from "./nn/convolution-layers.js";
export { Embedding } from "./nn/embedding.js";
export { findNonFinite, type NonFiniteOrigin, type NonFiniteResult } from "./nn/find-non-finite.js";
export { type Freezable, withFrozen } from "./nn/freezing.js";
export {
  glorotNormal,
  glorotUniform,
  heNormal,
  heUniform,
  type Initializer,
  type InitializerContext,
  zerosInitializer,
} from "./nn/initializers.js";
export {
  Dense,
  type DenseOptions,
  Dropout,
  Flatten,
  LeakyReLU,
  ReLU,
  Reshape,
  Sequential,
  Sigmoid,
  Softmax,
  Tanh,
} from "./nn/layers.js";
export { type AnyModule, Module, type ParameterCount, type StateDict } from "./nn/module.js";
export { ModuleDict, ModuleList } from "./nn/module-containers.js";
export { BatchNorm, type BatchNormOptions, LayerNorm, type LayerNormOptions } from "./nn/normalization-layers.js";
export { Parameter, Variable } from "./nn/parameter.js";
export { leakyRelu, relu, sigmoid, softplus, tanh } from "./ops/activations.js";
export {
  abs,
  add,
  clip,
  div,
  exp,
  log,
  maximum,
  minimum,
  mul,
  neg,
  pow,
  sign,
  sqrt,
  square,
  sub,
} from "./ops/arithmetic.js";
export { concat, type SliceRange, slice, stack, transpose } from "./ops/arranging.js";
export { broadcastTo, reshape } from "./ops/broadcasting.js";
export { equal, greater, greaterEqual, less, lessEqual, notEqual, where } from "./ops/comparison.js";
export {
  type ConvolutionOptions,
  conv2d,
  convTranspose2d,
  type TransposedConvolutionOptions,
} from "./ops/convolution.js";
export {
  arange,
  type CreationOptions,
  full,
  linspace,
  type NestedArray,
  type NumberArray,
  ones,
  onesLike,
  type RandomOptions,
  randomNormal,
  randomUniform,
  tensor,
  zeros,
  zerosLike,
} from "./ops/creation.js";
export { gather, type Indices, oneHot } from "./ops/indexing.js";
export { linear } from "./ops/linear.js";
export { type MatmulOptions, matmul } from "./ops/matmul.js";
export { batchNorm, layerNorm, type NormalizationOptions } from "./ops/normalization.js";
export { averagePool2d, maxPool2d, upSample } from "./ops/pooling.js";
export { argMax, logSoftmax, max, mean, min, type ReduceOptions, softmax, sum } from "./ops/reductions.js";
export type { TensorLike } from "./ops/support.js";
export type { Padding, Pair, WindowOptions } from "./ops/window-sizes.js";
export { Adam, type AdamOptions } from "./optim/adam.js";
export { MovingAverage, type MovingAverageOptions } from "./optim/moving-average.js";
export { type LossResult, type MinimizeOptions, Optimizer, type Slots } from "./optim/optimizer.js";
export { RMSprop, type RMSpropOptions } from "./optim/rms-prop.js";
export { SGD, type SGDOptions } from "./optim/sgd.js";
export { Random, type RandomState } from "./random.js";
export { keep, scope } from "./scope.js";
export type { Shape } from "./shape.js";
export { Tensor } from "./tensor.js";
