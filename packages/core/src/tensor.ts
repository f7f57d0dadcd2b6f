// Tensor: a shape, a backend buffer, and, where it was computed from something that needs a gradient, its place in the
// graph. Ops are added as methods by ops/methods.ts, so that this file knows none of them.

import type { Backend, BackendBuffer, Operand } from "./backends/backend.js";
import type { DType, FloatArray } from "./dtype.js";
import { BackendError, ShapeError } from "./errors.js";
import { formatTensor } from "./format.js";
import type { TensorMethods } from "./ops/methods.js";
import { formatShape, type Shape, sizeOf } from "./shape.js";
import { Storage } from "./storage.js";

/** A computed tensor's place in the graph: what it was made from, and how a gradient goes back from it. */
export interface GraphNode {
  /** Rises with every node: a node is younger than all that it was made from. */
  readonly id: number;
  readonly op: string;
  readonly inputs: readonly Tensor[];
  /** The inputs' storage versions when the node was made. */
  readonly versions: readonly number[];
  /** Given the gradient of the output, one thunk an input, called only where that input's gradient is asked for. */
  readonly gradient: (dy: Tensor) => readonly (() => Tensor)[];
}

/** How a tensor is built from parts. Internal: users call `tensor`, `zeros` and the ops. */
export interface TensorParts {
  readonly storage: Storage;
  readonly shape: Shape;
  readonly requiresGradient?: boolean;
}

/**
 * An immutable array of float32 (or, on the reference backend, float64) numbers, row-major, of any rank.
 * Made by `tensor`, `zeros`, `randomNormal` and the like, and by ops; read by `await data()`.
 */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: ops/methods.ts installs every method that its type lists
export class Tensor {
  /** Sizes along the axes; `[]` is a scalar. */
  readonly shape: Shape;
  /** @internal */
  readonly storage: Storage;
  /** @internal The place in the graph; absent for a leaf. */
  node: GraphNode | undefined;
  /** Whether ops on this tensor are recorded, so that `gradients` can be asked for with respect to it. */
  requiresGradient: boolean;

  /** @internal */
  constructor({ storage, shape, requiresGradient = false }: TensorParts) {
    if (sizeOf(shape) !== storage.description.size) {
      throw new ShapeError(storage.madeBy, `${storage.description.size} elements do not fill ${formatShape(shape)}`);
    }
    // most tensors have another's shape, and freezing a copy takes longer than many a small kernel
    this.shape = Object.isFrozen(shape) ? shape : Object.freeze([...shape]);
    this.storage = storage;
    this.requiresGradient = requiresGradient;
  }

  /** The type of the elements. */
  get dtype(): DType {
    return this.storage.description.dtype;
  }

  /** The number of elements. */
  get size(): number {
    return this.storage.description.size;
  }

  /** The number of axes. */
  get rank(): number {
    return this.shape.length;
  }

  /** The backend that holds the values. */
  get backend(): Backend {
    return this.storage.backend;
  }

  /** Whether gradients with respect to this tensor are refused. Only a Parameter can be frozen. */
  get frozen(): boolean {
    return false;
  }

  /** What error messages call this tensor. */
  get label(): string {
    return `the tensor ${formatShape(this.shape)} made by ${this.storage.madeBy}`;
  }

  /** Reads the values, row-major, as a new array. Works on every backend. Throws ReleasedError after its scope ended. */
  async data(): Promise<FloatArray> {
    return this.backend.read(this.bufferFor("data"));
  }

  /** Reads the one value of a tensor of size 1. Works on every backend. Throws ShapeError for any other size. */
  async item(): Promise<number> {
    this.#checkSingle("item");
    return (await this.backend.read(this.bufferFor("item")))[0] as number;
  }

  /** Like `data()`, at once. Throws BackendError on an asynchronous backend. */
  dataSync(): FloatArray {
    this.#checkSynchronous("dataSync", "await data()");
    return this.backend.readSync(this.bufferFor("dataSync"));
  }

  /** Like `item()`, at once. Throws BackendError on an asynchronous backend. */
  itemSync(): number {
    this.#checkSingle("itemSync");
    this.#checkSynchronous("itemSync", "await item()");
    return this.backend.readSync(this.bufferFor("itemSync"))[0] as number;
  }

  /** Gives the memory back now, also that of reshapes of this tensor. Never needed: scopes and the collector do it. */
  dispose(): void {
    this.storage.release("was disposed; use it before dispose(), or leave the freeing to scope()");
  }

  /** The shape and the values, laid out as NumPy does it; on an asynchronous backend the shape alone. */
  toString(): string {
    const head = `Tensor ${formatShape(this.shape)} ${this.dtype}`;
    if (this.storage.released) return `${head} (released)`;
    if (this.backend.disposed) return `${head} (its backend ${this.backend.name} was disposed)`;
    if (!this.backend.synchronous) return `${head} on ${this.backend.name} (await data() to see the values)`;
    return `${head}\n${formatTensor(this.dataSync(), this.shape)}`;
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }

  /** @internal The buffer, for the op or method named; throws ReleasedError where it is gone. */
  bufferFor(where: string): BackendBuffer {
    return this.storage.bufferFor(where);
  }

  /** @internal The buffer with its shape, as backends take it. */
  operandFor(where: string): Operand {
    return { buffer: this.bufferFor(where), shape: this.shape };
  }

  #checkSingle(where: string): void {
    if (this.size !== 1) {
      throw new ShapeError(where, `needs a tensor of one element, got ${formatShape(this.shape)}; read it with data()`);
    }
  }

  #checkSynchronous(where: string, instead: string): void {
    if (!this.backend.synchronous) {
      throw new BackendError(where, `${this.backend.name} answers asynchronously: call ${instead} instead`);
    }
  }
}

// The ops as methods: a.matmul(b) is matmul(a, b). A type only: ops/methods.ts installs them.
export interface Tensor extends TensorMethods, Disposable {}

/** `Symbol.dispose`, for `using`, where the compiler's `lib` has it: older ones can read these declarations too. */
type DisposeSymbol = SymbolConstructor extends { readonly dispose: infer S extends symbol } ? S : never;
type Disposable = { readonly [S in DisposeSymbol]: () => void };

// older browsers have no such symbol
if (Symbol.dispose) {
  Object.defineProperty(Tensor.prototype, Symbol.dispose, {
    value(this: Tensor) {
      this.dispose();
    },
    configurable: true,
    writable: true,
  });
}

/** Wraps a backend's buffer as a tensor that no graph knows. `madeBy` is the op, as errors name it. */
export function wrap(backend: Backend, buffer: BackendBuffer, shape: Shape, madeBy: string): Tensor {
  return new Tensor({ storage: new Storage(backend, buffer, madeBy), shape });
}

/** The same values under another shape of the same size, without its place in the graph. Copies nothing. */
export function viewOf(x: Tensor, shape: Shape): Tensor {
  return new Tensor({ storage: x.storage, shape });
}
