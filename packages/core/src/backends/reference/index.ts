// The reference backend: plain loops over host arrays, float32 or float64, readable before fast. The oracle of all
// tests: float32 results are computed in float64 and rounded once.

import { allocate, type DType, dtypeOf, type FloatArray } from "../../dtype.js";
import { BackendError, ShapeError } from "../../errors.js";
import { oneOf, optionsOf, readOptions } from "../../options.js";
import { type Shape, sameShape, sizeOf } from "../../shape.js";
import type {
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
} from "../backend.js";
import { broadcast, offsetsOf, reduceInto } from "./loops.js";
import { matmulInto } from "./matmul.js";
import { binaryFunctions, unaryFunctions } from "./scalar-functions.js";

/** A buffer of the reference backend: a host array. */
export interface HostBuffer extends BackendBuffer {
  readonly data: FloatArray;
}

const OPTIONS = optionsOf<{ dtype?: DType }>({ dtype: oneOf("float32", "float64") });

/** The plain TypeScript backend. With `dtype: "float64"` new tensors are float64; both types are always available. */
export class ReferenceBackend implements Backend {
  readonly name: string;
  readonly dtypes: readonly DType[];
  readonly synchronous = true;
  #disposed = false;

  constructor(options: { dtype?: DType } = {}) {
    const { dtype = "float32" } = readOptions("ReferenceBackend", options, OPTIONS);
    this.name = dtype === "float64" ? "reference:float64" : "reference";
    this.dtypes = dtype === "float64" ? ["float64", "float32"] : ["float32", "float64"];
  }

  get disposed(): boolean {
    return this.#disposed;
  }

  info(): BackendInfo {
    return { name: this.name, products: "typescript", elementwise: "typescript", threads: 1 };
  }

  upload(data: FloatArray): HostBuffer {
    return this.#wrap(data.slice());
  }

  async read(buffer: BackendBuffer): Promise<FloatArray> {
    return this.readSync(buffer);
  }

  readSync(buffer: BackendBuffer): FloatArray {
    return this.#data(buffer).slice();
  }

  free(_buffer: BackendBuffer): void {
    // the garbage collector takes it
  }

  fill(dtype: DType, size: number, value: number): HostBuffer {
    return this.#wrap(allocate(dtype, size).fill(value));
  }

  assign(target: BackendBuffer, source: BackendBuffer): void {
    this.#data(target).set(this.#data(source));
  }

  unary(name: UnaryName, x: BackendBuffer, parameters: readonly number[]): HostBuffer {
    const data = this.#data(x);
    const result = allocate(x.dtype, x.size);
    const [first = 0, second = 0] = parameters;
    const apply = unaryFunctions[name];
    for (let i = 0; i < result.length; i++) result[i] = apply(data[i] as number, first, second);
    return this.#wrap(result);
  }

  binary(name: BinaryName, a: Operand, b: Operand, shape: Shape): HostBuffer {
    const result = allocate(a.buffer.dtype, sizeOf(shape));
    const apply = binaryFunctions[name];
    if (b.buffer.size === 1 && a.buffer.size === result.length) {
      // the commonest broadcast by far: a number
      const left = this.#data(a.buffer);
      const right = this.#data(b.buffer)[0] as number;
      for (let i = 0; i < result.length; i++) result[i] = apply(left[i] as number, right);
      return this.#wrap(result);
    }
    const left = this.#spread(a, shape);
    const right = this.#spread(b, shape);
    for (let i = 0; i < result.length; i++) result[i] = apply(left[i] as number, right[i] as number);
    return this.#wrap(result);
  }

  select(condition: Operand, a: Operand, b: Operand, shape: Shape): HostBuffer {
    const [chosen, yes, no] = [this.#spread(condition, shape), this.#spread(a, shape), this.#spread(b, shape)];
    const result = allocate(a.buffer.dtype, sizeOf(shape));
    for (let i = 0; i < result.length; i++) result[i] = (chosen[i] !== 0 ? yes[i] : no[i]) as number;
    return this.#wrap(result);
  }

  reduce(name: ReduceName, { buffer, shape }: Operand, axes: readonly number[]): HostBuffer {
    const result = allocate(buffer.dtype, sizeOf(shape.filter((_, axis) => !axes.includes(axis))));
    reduceInto(result, name, this.#data(buffer), shape, axes);
    return this.#wrap(result);
  }

  matmul(a: BackendBuffer, b: BackendBuffer, spec: MatmulSpec, epilogue: Epilogue = {}): HostBuffer {
    const result = allocate(a.dtype, spec.batch * spec.m * spec.n);
    matmulInto(result, this.#data(a), this.#data(b), spec);
    const product: HostBuffer = this.#wrap(result);
    const { bias, activation } = epilogue;
    const shape = [spec.batch * spec.m, spec.n];
    const biased = bias
      ? this.binary("add", { buffer: product, shape }, { buffer: bias, shape: [spec.n] }, shape)
      : product;
    return activation ? this.unary(activation.name, biased, activation.parameters) : biased;
  }

  copy(x: BackendBuffer, view: StridedView): HostBuffer {
    const data = this.#data(x);
    const offsets = offsetsOf(view.shape, view.strides, view.offset);
    const result = allocate(x.dtype, offsets.length);
    for (let i = 0; i < offsets.length; i++) result[i] = data[offsets[i] as number] as number;
    return this.#wrap(result);
  }

  assemble(dtype: DType, size: number, parts: readonly Placement[]): HostBuffer {
    const result = allocate(dtype, size);
    for (const { buffer, view } of parts) {
      const data = this.#data(buffer);
      const offsets = offsetsOf(view.shape, view.strides, view.offset);
      for (let i = 0; i < offsets.length; i++) result[offsets[i] as number] = data[i] as number;
    }
    return this.#wrap(result);
  }

  gatherRows(x: BackendBuffer, indices: Int32Array, rowSize: number): HostBuffer {
    const data = this.#data(x);
    const result = allocate(x.dtype, indices.length * rowSize);
    indices.forEach((row, i) => {
      result.set(data.subarray(row * rowSize, (row + 1) * rowSize), i * rowSize);
    });
    return this.#wrap(result);
  }

  scatterRows(x: BackendBuffer, indices: Int32Array, rows: number, rowSize: number): HostBuffer {
    const data = this.#data(x);
    const totals = new Float64Array(rows * rowSize);
    indices.forEach((row, i) => {
      const target = totals.subarray(row * rowSize, (row + 1) * rowSize);
      for (let j = 0; j < rowSize; j++) target[j] = (target[j] as number) + (data[i * rowSize + j] as number);
    });
    const result = allocate(x.dtype, totals.length);
    result.set(totals);
    return this.#wrap(result);
  }

  async dispose(): Promise<void> {
    this.#disposed = true;
  }

  #wrap(data: FloatArray): HostBuffer {
    if (this.#disposed) throw new BackendError(this.name, "the backend was disposed; call useBackend again");
    return { dtype: dtypeOf(data), size: data.length, data };
  }

  #data(buffer: BackendBuffer): FloatArray {
    const { data } = buffer as Partial<HostBuffer>;
    if (!data) throw new BackendError(this.name, "was handed a buffer of another backend");
    if (data.length !== buffer.size) throw new ShapeError(this.name, "a buffer changed its size");
    return data;
  }

  /** An operand's values as they are read when it is broadcast to `shape`; the values themselves where it need not be. */
  #spread({ buffer, shape: from }: Operand, shape: Shape): FloatArray {
    return sameShape(from, shape) ? this.#data(buffer) : broadcast(this.#data(buffer), from, shape);
  }
}
