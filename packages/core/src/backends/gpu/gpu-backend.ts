// The gpu backend: products by gpu.js, everything else by HostPrimitives. float32 only.

import type { DType, FloatArray } from "../../dtype.js";
import { BackendError, DTypeError } from "../../errors.js";
import type { Shape } from "../../shape.js";
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
import { GpuBuffers, type Values, whenReady } from "./gpu-buffer.js";
import { HostPrimitives, type Primitives } from "./host-primitives.js";
import { multiply } from "./products.js";
import type { Runtime } from "./runtime.js";

/** A backend on gpu.js in one mode. In all modes but webgpu, results can be read without waiting. */
export class GpuBackend implements Backend {
  readonly name: string;
  readonly dtypes: readonly DType[] = ["float32"];
  readonly synchronous: boolean;
  readonly #runtime: Runtime;
  readonly #buffers: GpuBuffers;
  readonly #primitives: Primitives;
  #closing: Promise<void> | undefined;

  constructor(runtime: Runtime) {
    this.name = runtime.name;
    this.synchronous = runtime.mode !== "webgpu";
    this.#runtime = runtime;
    this.#buffers = new GpuBuffers(runtime.name);
    this.#primitives = new HostPrimitives(this.#buffers);
  }

  get disposed(): boolean {
    return this.#buffers.closed;
  }

  info(): BackendInfo {
    return { name: this.name, products: `gpu.js ${this.#runtime.mode}`, elementwise: "typescript", threads: 1 };
  }

  upload(data: FloatArray): BackendBuffer {
    if (!(data instanceof Float32Array)) throw new DTypeError(this.name, "takes float32, got float64");
    return this.#buffers.create(data.slice(), data.length);
  }

  async read(buffer: BackendBuffer): Promise<FloatArray> {
    const values = await this.#buffers.valuesOf(buffer);
    return values.slice();
  }

  readSync(buffer: BackendBuffer): FloatArray {
    const values = this.#buffers.valuesOf(buffer);
    if (values instanceof Float32Array) return values.slice();
    throw new BackendError(this.name, "results arrive later in this mode; read them with await tensor.data()");
  }

  free(buffer: BackendBuffer): void {
    this.#buffers.release(buffer);
  }

  fill(dtype: DType, size: number, value: number): BackendBuffer {
    this.#checkType(dtype);
    return this.#buffers.create(new Float32Array(size).fill(value), size);
  }

  assign(target: BackendBuffer, source: BackendBuffer): void {
    this.#buffers.replace(target, this.#buffers.valuesOf(source));
  }

  matmul(a: BackendBuffer, b: BackendBuffer, spec: MatmulSpec, { bias, activation }: Epilogue = {}): BackendBuffer {
    const { batch, m, n } = spec;
    const operands = [this.#buffers.valuesOf(a), this.#buffers.valuesOf(b)] as const;
    let product = whenReady(operands, ([left, right]) => multiply(this.#runtime, left, right, spec));
    // The epilogue runs on the host, where the product is anyway, and where exp and tanh are right for all numbers.
    if (bias) product = whenReady([product, this.#buffers.valuesOf(bias)], ([rows, row]) => addToRows(rows, row));
    const buffer = this.#buffers.create(product, batch * m * n);
    return activation ? this.#primitives.unary(activation.name, buffer, activation.parameters) : buffer;
  }

  unary(name: UnaryName, x: BackendBuffer, parameters: readonly number[]): BackendBuffer {
    return this.#primitives.unary(name, x, parameters);
  }

  binary(name: BinaryName, a: Operand, b: Operand, shape: Shape): BackendBuffer {
    return this.#primitives.binary(name, a, b, shape);
  }

  select(condition: Operand, a: Operand, b: Operand, shape: Shape): BackendBuffer {
    return this.#primitives.select(condition, a, b, shape);
  }

  reduce(name: ReduceName, x: Operand, axes: readonly number[]): BackendBuffer {
    return this.#primitives.reduce(name, x, axes);
  }

  copy(x: BackendBuffer, view: StridedView): BackendBuffer {
    return this.#primitives.copy(x, view);
  }

  assemble(dtype: DType, size: number, parts: readonly Placement[]): BackendBuffer {
    this.#checkType(dtype);
    return this.#primitives.assemble(dtype, size, parts);
  }

  gatherRows(x: BackendBuffer, indices: Int32Array, rowSize: number): BackendBuffer {
    return this.#primitives.gatherRows(x, indices, rowSize);
  }

  scatterRows(x: BackendBuffer, indices: Int32Array, rows: number, rowSize: number): BackendBuffer {
    return this.#primitives.scatterRows(x, indices, rows, rowSize);
  }

  /**
   * Destroys the kernels, the instance of gpu.js and, with the last backend of mode webgpu, the device, after the calls
   * under way have answered. In Node a device keeps the process alive, so this has to be called there.
   */
  dispose(): Promise<void> {
    this.#buffers.close();
    this.#closing ??= this.#runtime.close();
    return this.#closing;
  }

  #checkType(dtype: DType): void {
    if (dtype !== "float32") throw new DTypeError(this.name, `takes float32, got ${dtype}`);
  }
}

/** Adds `row` to each row of a product that nobody else holds yet. */
function addToRows(product: Values, row: Values): Values {
  for (let start = 0; start < product.length; start += row.length) {
    for (let j = 0; j < row.length; j++) product[start + j] = (product[start + j] as number) + (row[j] as number);
  }
  return product;
}
