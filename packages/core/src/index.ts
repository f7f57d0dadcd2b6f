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
  Epilogue,
  MatmulSpec,
  Operand,
  Placement,
  ReduceName,
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
export { findNonFinite, type NonFiniteOrigin, type NonFiniteResult } from "./nn/find-non-finite.js";
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
export { type Freezable, Module, type ParameterCount, type StateDict, withFrozen } from "./nn/module.js";
export { Parameter } from "./nn/parameter.js";
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
export { linear, type MatmulOptions, matmul } from "./ops/matmul.js";
export { argMax, logSoftmax, max, mean, min, type ReduceOptions, softmax, sum } from "./ops/reductions.js";
export type { TensorLike } from "./ops/support.js";
export { Adam, type AdamOptions } from "./optim/adam.js";
export { type LossResult, type MinimizeOptions, Optimizer, type Slots } from "./optim/optimizer.js";
export { RMSprop, type RMSpropOptions } from "./optim/rms-prop.js";
export { SGD, type SGDOptions } from "./optim/sgd.js";
export { Random, type RandomState } from "./random.js";
export { keep, scope } from "./scope.js";
export type { Shape } from "./shape.js";
export { Tensor } from "./tensor.js";
