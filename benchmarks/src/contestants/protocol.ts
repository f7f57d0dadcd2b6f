// What the main process asks of a contestant, and what it answers. Every contestant runs in a process of its own that
// stays alive, so that its threads and its memory are its own, and computes only when it is asked to.

/** Who computes. `threads` is what the contestant is told to use; it says itself what it does use. */
export interface ContestantSpec {
  readonly library: "adjoint" | "tfjs" | "jax-js" | "gpu.js" | "numpy" | "torch";
  /** The library's own name of a backend or mode, where it has several. */
  readonly backend?: string;
  readonly threads: number;
  /** The set of kernels that OpenBLAS is told to take; by itself it goes by what it knows of the processor. */
  readonly blasCore?: string;
  /** For adjoint: whether its kernels compute with vectors of 256 bits. */
  readonly wide?: boolean;
}

/** A product C[m×n] = A[m×k] · B[k×n]; with `transposeA`, `a` is stored as k×m. */
export interface ProductTask {
  readonly kind: "product";
  readonly m: number;
  readonly k: number;
  readonly n: number;
  readonly transposeA: boolean;
  readonly a: Float32Array;
  readonly b: Float32Array;
}

/** Functions of one or two matrices: elementwise, or reducing all (`sum`, `max`) or the first axis (`sumRows`). */
export type FunctionName = "add" | "mul" | "tanh" | "exp" | "sum" | "sumRows" | "max";

/** One of those functions. */
export interface FunctionTask {
  readonly kind: "function";
  readonly name: FunctionName;
  readonly shape: readonly [number, number];
  readonly inputs: readonly Float32Array[];
}

/** What one iteration of the GAN is fed with. */
export interface GanInputs {
  /** [batchSize, 784], in [−1, 1]. */
  readonly real: Float32Array;
  /** [batchSize, 100] each. */
  readonly discriminatorNoise: Float32Array;
  readonly generatorNoise: Float32Array;
}

/** Iterations of the GAN from given weights, on given batches, one after the other and from the start again. */
export interface GanTask {
  readonly kind: "gan";
  readonly batchSize: number;
  /** Units of both hidden layers. */
  readonly width: number;
  /** Kernel and bias of the generator's two layers, then of the discriminator's. */
  readonly weights: readonly Float32Array[];
  readonly batches: readonly GanInputs[];
  /** adjoint only: each iteration draws its own batch from bytes, as the example does; `batches` are not used. */
  readonly draws?: boolean;
}

/**
 * Iterations of a GAN with convolutions from given weights, on given batches: 100 → 7×7×256 → 14×14×128 → 14×14×64 →
 * 28×28×1, each but the last normalized over the batch, against convolutions of 32, 64 and 128 filters, all 3×3. One
 * update of the discriminator on both kinds of images, one of the generator.
 */
export interface DcganTask {
  readonly kind: "dcgan";
  readonly batchSize: number;
  /** As adjoint has them, channels last, in the order of `DCGAN_SHAPES`. */
  readonly weights: readonly Float32Array[];
  readonly batches: readonly GanInputs[];
}

/** The generator's dense kernel, its kernels and biases, then the discriminator's kernels and biases. */
export const DCGAN_SHAPES: readonly (readonly number[])[] = [
  [100, 12544],
  ...[[3, 3, 128, 256], [128]],
  ...[[3, 3, 64, 128], [64]],
  ...[[3, 3, 1, 64], [1]],
  ...[[3, 3, 1, 32], [32]],
  ...[[3, 3, 32, 64], [64]],
  ...[[3, 3, 64, 128], [128]],
  ...[[2048, 1], [1]],
];

/** Adam's rate and first decay in that GAN, and what its normalizations add to a variance. */
export const DCGAN_OPTIONS = { learningRate: 2e-4, beta1: 0.5, epsilon: 1e-7, normalizationEpsilon: 1e-5 } as const;

/** adjoint only: one update with a discriminator in the given state. See workloads/freezing.ts. */
export interface FreezingTask {
  readonly kind: "freezing";
  readonly subject: "generator update" | "discriminator's input gradient";
  readonly variant: "trainable" | "frozen" | "constant" | "products";
}

/** Work that can be prepared once and run any number of times. */
export type Task = ProductTask | FunctionTask | GanTask | DcganTask | FreezingTask;

/** How many iterations of the GAN a contestant shows the losses of before it is timed. */
export const SHOWN_ITERATIONS = 3;

/** A request; the answer carries its `id`. Times are taken by the contestant itself. */
export type Request =
  | { readonly id: number; readonly action: "about" }
  | { readonly id: number; readonly action: "prepare"; readonly key: string; readonly task: Task }
  | { readonly id: number; readonly action: "run"; readonly key: string; readonly calls: number }
  | { readonly id: number; readonly action: "forget"; readonly key: string };

/** What a contestant says of itself. */
export interface About {
  /** Versions by package name. */
  readonly versions: Readonly<Record<string, string>>;
  /** Threads that compute. */
  readonly threads: number;
  /** What else a reader should know. */
  readonly note?: string;
  /** The set of kernels that its OpenBLAS took, where it has one and tells. */
  readonly blasCore?: string;
}

/** The answer to a request: one of these, or why there is none. */
export interface Answer {
  readonly id: number;
  readonly about?: About;
  /** What the work gives, for comparing with the others'. */
  readonly result?: Float32Array;
  /** For all calls of a run together. */
  readonly milliseconds?: number;
  readonly error?: string;
}
