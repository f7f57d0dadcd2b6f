// THE contract every backend fulfils, and nothing else.
//
// A backend is memory and arithmetic over flat, row-major buffers. It is not a tensor library: it holds no derivative,
// no graph, no notion of who owns a buffer, no broadcasting rules beyond the shapes it is handed, and it checks no
// user input: ops have done that before they call. What it computes must not depend on how it is called: no kernel
// may keep a reference to a buffer that it was given, and every result is a new buffer.
//
// All primitives are called synchronously and return at once. A backend whose device answers later returns a buffer
// that stands for the pending result; only `read` waits. Calls take effect in the order in which they were made.
//
// Sums of n terms (`matmul`, `reduce`, `scatterRows`, `convolveKernel`) are within min(n, r)·2⁻²⁴·Σ|term| of the exact
// one in float32, times the runs of neighbouring axes in `reduce`: r is 1300 on `wasm`, 4200 on `blas`, 1300 + 3√n on
// `gpu`, 1 on `reference`. The sums of a part are float32, those of the parts float64 or, on a device, again float32.

import type { DType, FloatArray } from "../dtype.js";
import type { Shape } from "../shape.js";

/** Memory of a backend. Opaque to all but the backend that made it. */
export interface BackendBuffer {
  readonly dtype: DType;
  /** Number of elements. */
  readonly size: number;
}

/** A buffer together with the shape it is read in. */
export interface Operand {
  readonly buffer: BackendBuffer;
  readonly shape: Shape;
}

/**
 * Elementwise functions of one argument. Those with parameters:
 * `leakyRelu` (slope below zero) and `clip` (low, high).
 */
export type UnaryName =
  | "neg"
  | "exp"
  | "log"
  | "sqrt"
  | "square"
  | "abs"
  | "sign"
  | "tanh"
  | "sigmoid"
  | "relu"
  | "leakyRelu"
  | "softplus"
  | "clip";

/** Elementwise functions of two arguments. The comparisons give 1 or 0. */
export type BinaryName =
  | "add"
  | "sub"
  | "mul"
  | "div"
  | "pow"
  | "maximum"
  | "minimum"
  | "equal"
  | "notEqual"
  | "less"
  | "lessEqual"
  | "greater"
  | "greaterEqual";

/** Reductions over axes. NaN wins in `max` and `min`. `argMax` takes one axis; the first of equal elements wins. */
export type ReduceName = "sum" | "max" | "min" | "argMax";

/** An elementwise function with its parameters, as a product's epilogue takes it. */
export interface Activation {
  readonly name: UnaryName;
  readonly parameters: readonly number[];
}

/** What is done to a product while its results are still at hand: first the bias, then the activation. */
export interface Epilogue {
  /** One value for each of the n columns. */
  readonly bias?: BackendBuffer;
  readonly activation?: Activation;
}

/**
 * A product C[m×n] = A[m×k] · B[k×n], `batch` times over. Sizes are those of the product, after transposing: with
 * `transposeA`, A is stored as k×m. A shared operand is stored once and used for every member of the batch.
 */
export interface MatmulSpec {
  readonly batch: number;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
  readonly sharedA: boolean;
  readonly sharedB: boolean;
}

/** Of two axes of an image: along the height, then along the width. */
export type Extent = readonly [height: number, width: number];

/**
 * Windows that slide over images: cell i of window y reads row y·stride + i·dilation − before of the image, and so along
 * the width. What lies outside of the image is 0.
 */
export interface SlidingWindow {
  /** The size of an image. */
  readonly input: Extent;
  /** How many windows there are. */
  readonly output: Extent;
  /** How many cells a window has. */
  readonly kernel: Extent;
  readonly stride: Extent;
  readonly dilation: Extent;
  /** How far the first window reaches out of the image. */
  readonly before: Extent;
}

/**
 * A convolution y = C(x, w) of images x [batch, …input, inChannels] by a kernel w […kernel, inChannels, outChannels] to
 * images y [batch, …output, outChannels].
 */
export interface ConvolutionSpec extends SlidingWindow {
  readonly batch: number;
  readonly inChannels: number;
  readonly outChannels: number;
}

/** A window into a buffer: element (i, j, …) of `shape` lies at `offset + i·strides[0] + j·strides[1] + …`. */
export interface StridedView {
  readonly shape: Shape;
  readonly strides: readonly number[];
  readonly offset: number;
}

/** A contiguous buffer and the window of a larger one that it fills. */
export interface Placement {
  readonly buffer: BackendBuffer;
  readonly view: StridedView;
}

/** How a byte becomes a float: byte · scale + offset. */
export interface Scaling {
  readonly scale: number;
  readonly offset: number;
}

/** A place in a sequence of random numbers: the next block of four words of one of a seed's streams. */
export interface RandomPlace {
  readonly seed: number;
  readonly stream: number;
  readonly block: number;
}

/** What an update of Adam reads and writes, all of one size. */
export interface AdamBuffers {
  readonly parameter: BackendBuffer;
  readonly gradient: BackendBuffer;
  readonly m: BackendBuffer;
  readonly v: BackendBuffer;
}

/** m ← β₁m + (1 − β₁)g, v ← β₂v + (1 − β₂)g², θ ← θ − (m·rate) / (√v / correction + ε); correction 0: √v + ε. */
export interface AdamValues {
  readonly beta1: number;
  readonly beta2: number;
  readonly rate: number;
  readonly correction: number;
  readonly epsilon: number;
}

/** What an update of RMSprop reads and writes, all of one size. */
export interface RMSpropBuffers {
  readonly parameter: BackendBuffer;
  readonly gradient: BackendBuffer;
  readonly meanSquare: BackendBuffer;
}

/** s ← ρs + (1 − ρ)g², θ ← θ − (g·rate) / (√s + ε). */
export interface RMSpropValues {
  readonly decay: number;
  readonly rate: number;
  readonly epsilon: number;
}

/** What an update of SGD reads and writes, all of one size. */
export interface SGDBuffers {
  readonly parameter: BackendBuffer;
  readonly gradient: BackendBuffer;
  /** Absent where there is no momentum. */
  readonly velocity?: BackendBuffer;
}

/** u ← μu + g, θ ← θ − rate·u; with `nesterov` θ ← θ − rate·(g + μu); without a velocity θ ← θ − rate·g. */
export interface SGDValues {
  readonly rate: number;
  readonly momentum: number;
  readonly nesterov: boolean;
}

/** What runs where, in words and names that a summary can print. */
export interface BackendInfo {
  /** The backend's name with its mode, as `useBackend` takes it: `"reference"`, `"gpu:webasm"`. */
  readonly name: string;
  /** What computes products: `"typescript"`, `"gpu.js webasm"`. */
  readonly products: string;
  /** What computes everything else. */
  readonly elementwise: string;
  /** Threads that compute, the calling one included. */
  readonly threads: number;
  /** Why these are fewer than the machine could run, where a worker cannot start or was lost; else absent. */
  readonly threadsLimitedBy?: string;
}

/** Memory and arithmetic on one device. See the head of this file for what a backend is not. */
export interface Backend {
  /** The backend's name with its mode, as `useBackend` takes it. */
  readonly name: string;
  /** The element types it offers; the first is what new tensors get. */
  readonly dtypes: readonly DType[];
  /** Whether results can be read without waiting. */
  readonly synchronous: boolean;
  /** What runs where. */
  info(): BackendInfo;

  /** Copies host values to the device. `data` may change afterwards. */
  upload(data: FloatArray): BackendBuffer;
  /** A copy of the values, once they are there. Rejects where computing them failed. */
  read(buffer: BackendBuffer): Promise<FloatArray>;
  /** A copy of the values, now. Called only where `synchronous`. */
  readSync(buffer: BackendBuffer): FloatArray;
  /** Gives a buffer's memory back. It is not used again. */
  free(buffer: BackendBuffer): void;
  /** `size` elements of one value. */
  fill(dtype: DType, size: number, value: number): BackendBuffer;
  /** Overwrites `target` with the values of `source`, of the same size and element type, in place. */
  assign(target: BackendBuffer, source: BackendBuffer): void;

  /** An elementwise function of one argument. */
  unary(name: UnaryName, x: BackendBuffer, parameters: readonly number[]): BackendBuffer;
  /** An elementwise function of two arguments, each broadcast to `shape` by the usual rules. */
  binary(name: BinaryName, a: Operand, b: Operand, shape: Shape): BackendBuffer;
  /** `a` where `condition` is not 0 (NaN counts as not 0), else `b`; each broadcast to `shape`. */
  select(condition: Operand, a: Operand, b: Operand, shape: Shape): BackendBuffer;
  /** A reduction over `axes`, which are sorted, distinct and not negative. The result has the other axes, in order. */
  reduce(name: ReduceName, x: Operand, axes: readonly number[]): BackendBuffer;
  /** A matrix product, or a batch of them. An inner size of 0 gives zeros (and then the epilogue). */
  matmul(a: BackendBuffer, b: BackendBuffer, spec: MatmulSpec, epilogue?: Epilogue): BackendBuffer;

  /** Copies a window of `x` into a contiguous buffer: a transpose, a slice, a broadcast (stride 0). */
  copy(x: BackendBuffer, view: StridedView): BackendBuffer;
  /** A buffer of `size` zeros in which each part fills its window. Windows do not overlap. */
  assemble(dtype: DType, size: number, parts: readonly Placement[]): BackendBuffer;
  /** Rows of `x` ([rows, rowSize]) in the order of `indices`: whole numbers in [0, rows), checked by the caller. */
  gatherRows(x: BackendBuffer, indices: Int32Array, rowSize: number): BackendBuffer;
  /** `rows` rows of zeros to which row i of `x` is added at `indices[i]`, in order of i. The adjoint of gatherRows. */
  scatterRows(x: BackendBuffer, indices: Int32Array, rows: number, rowSize: number): BackendBuffer;

  // Fast paths. A backend has those that it speeds up; where it has not, ops compute the same from the primitives.

  /**
   * Called with a buffer that belongs to no scope, so that nobody but the garbage collector will free it. A backend
   * whose memory the collector does not see moves the values to memory that it does, frees the buffer and returns the
   * new one.
   */
  leaveToCollector?(buffer: BackendBuffer): BackendBuffer;
  /**
   * Called with the buffer of a variable: it belongs to no scope, and lives until `free`, or until nobody references it any
   * more; then the function that this returns is called. A backend whose memory the collector does not see has both this
   * and `leaveToCollector`. The function must not reference memory that the collector does see: where a program does
   * not return to the event loop, it is held until the end.
   *
   * @param madeBy what made the buffer, as errors name it
   */
  pin?(buffer: BackendBuffer, madeBy: string): () => void;
  /** C(x, w), and where there is a bias its value for each output channel added. */
  convolve?(x: BackendBuffer, kernel: BackendBuffer, spec: ConvolutionSpec, bias?: BackendBuffer): BackendBuffer;
  /** The adjoint of C(·, w): from what has the shape of y to what has that of x. A bias has a value an input channel. */
  convolveBack?(y: BackendBuffer, kernel: BackendBuffer, spec: ConvolutionSpec, bias?: BackendBuffer): BackendBuffer;
  /** The adjoint of C(x, ·): from what has the shape of y to what has that of w. */
  convolveKernel?(x: BackendBuffer, y: BackendBuffer, spec: ConvolutionSpec): BackendBuffer;
  /** dy · f′ for an activation f, from its result y alone. A leakyRelu has a slope above 0. */
  activationGradient?(activation: Activation, dy: BackendBuffer, y: BackendBuffer): BackendBuffer;
  /** Rows of bytes in the order of `indices`, checked by the caller, each byte as byte·scale + offset. */
  gatherBytes?(bytes: Uint8Array, indices: Int32Array, rowSize: number, scaling: Scaling): BackendBuffer;
  /** `size` normal numbers, those of `Random.fillNormal` from the same place. */
  normal?(size: number, place: RandomPlace): BackendBuffer;
  /** Adam's update in one pass, in place of the parameter and the means m and v. */
  adam?(buffers: AdamBuffers, values: AdamValues): void;
  /** RMSprop's update in one pass, in place of the parameter and the mean square. */
  rmsprop?(buffers: RMSpropBuffers, values: RMSpropValues): void;
  /** SGD's update in one pass, in place of the parameter and the velocity. */
  sgd?(buffers: SGDBuffers, values: SGDValues): void;

  /** Gives back everything that the backend holds: kernels, devices, workers. Its buffers are gone. */
  dispose(): Promise<void>;
  /** Whether `dispose` was called; a disposed backend refuses all work with a BackendError. */
  readonly disposed: boolean;
}
