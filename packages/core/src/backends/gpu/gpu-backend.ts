// The gpu backend: every primitive becomes a kernel of gpu.js or part of one, and values stay on the device until they
// are read. float32 only. Longer than other files: it is the contract, method by method.

import type { DType, FloatArray } from "../../dtype.js";
import { BackendError, DTypeError } from "../../errors.js";
import { type Shape, sizeOf } from "../../shape.js";
import type {
  Activation,
  AdamBuffers,
  AdamValues,
  Backend,
  BackendBuffer,
  BackendInfo,
  BinaryName,
  Epilogue,
  MatmulSpec,
  Operand,
  Placement,
  ReduceName,
  Scaling,
  StridedView,
  UnaryName,
} from "../backend.js";
import { AdamUpdates } from "./adam.js";
import { Elementwise, type Input } from "./elementwise.js";
import { GpuBuffer } from "./gpu-buffer.js";
import { indexMap, isFlat } from "./index-map.js";
import { Movement } from "./movement.js";
import { type ProductOperands, productLaunch } from "./products.js";
import { reduce } from "./reductions.js";
import type { Runtime } from "./runtime.js";
import type { StoredValue } from "./stored-value.js";
import { LOST, type MemoryUse, ValueStore } from "./value-store.js";

/** A backend on gpu.js in one mode. In all modes but webgpu, results can be read without waiting. */
export class GpuBackend implements Backend {
  readonly name: string;
  readonly dtypes: readonly DType[] = ["float32"];
  readonly synchronous: boolean;
  readonly #runtime: Runtime;
  readonly #store: ValueStore;
  readonly #elementwise: Elementwise;
  readonly #adam: AdamUpdates;
  readonly #movement: Movement;
  /** Frees what the collector takes. */
  readonly #abandoned: FinalizationRegistry<{ value: StoredValue | undefined }>;
  #state: "open" | "lost" | "closed" = "open";
  #closing: Promise<void> | undefined;

  constructor(runtime: Runtime) {
    this.name = runtime.name;
    this.synchronous = runtime.device.synchronous;
    this.#runtime = runtime;
    this.#store = new ValueStore(runtime, () => this.#lose());
    this.#elementwise = new Elementwise(this.#store, runtime.device.mostArguments);
    this.#adam = new AdamUpdates(this.#store, runtime.device);
    this.#movement = new Movement(this.#store, runtime);
    this.#abandoned = new FinalizationRegistry((held) => this.#letGo(held));
  }

  get disposed(): boolean {
    return this.#state !== "open";
  }

  /** Handles on the device, and the values in them: what stays as it is while a program repeats itself. */
  get memoryUse(): MemoryUse {
    return this.#store.use;
  }

  /** How many kernels were launched so far. */
  get launches(): number {
    return this.#store.launches;
  }

  info(): BackendInfo {
    const kernels = `gpu.js ${this.#runtime.mode}`;
    return { name: this.name, products: kernels, elementwise: kernels, threads: 1 };
  }

  upload(data: FloatArray): BackendBuffer {
    this.#checkOpen();
    if (!(data instanceof Float32Array)) throw new DTypeError(this.name, "takes float32, got float64");
    return this.#wrap(this.#store.upload(data));
  }

  async read(buffer: BackendBuffer): Promise<FloatArray> {
    return this.#store.read(this.#valueOf(buffer));
  }

  readSync(buffer: BackendBuffer): FloatArray {
    const value = this.#valueOf(buffer);
    if (this.synchronous) return this.#store.readNow(value);
    throw new BackendError(this.name, "results arrive later in this mode; read them with await tensor.data()");
  }

  free(buffer: BackendBuffer): void {
    if (!(buffer instanceof GpuBuffer) || buffer.owner !== this) return;
    this.#abandoned.unregister(buffer);
    this.#letGo(buffer.held);
  }

  fill(dtype: DType, size: number, value: number): BackendBuffer {
    this.#checkType(dtype);
    return this.#wrap(this.#store.constant(size, Math.fround(value)));
  }

  assign(target: BackendBuffer, source: BackendBuffer): void {
    this.#replace(target, this.#store.hold(this.#store.evaluate(this.#valueOf(source))));
  }

  matmul(a: BackendBuffer, b: BackendBuffer, spec: MatmulSpec, { bias, activation }: Epilogue = {}): BackendBuffer {
    const { batch, m, n } = spec;
    const operands = { a: this.#valueOf(a), b: this.#valueOf(b), bias: bias && this.#valueOf(bias), activation };
    const size = batch * m * n;
    if (size * spec.k === 0) return this.#finish(this.#store.constant(size, 0), [batch * m, n], operands);
    const { launch, epilogueDone } = productLaunch(this.#runtime, operands, spec);
    for (const input of launch.inputs) this.#store.evaluate(input);
    const product = this.#store.launch(launch, size);
    return epilogueDone ? this.#wrap(product) : this.#finish(product, [batch * m, n], operands);
  }

  unary(name: UnaryName, x: BackendBuffer, parameters: readonly number[]): BackendBuffer {
    const shape = [x.size];
    return this.#apply(name, [{ value: this.#valueOf(x), shape }, ...parameters], shape);
  }

  binary(name: BinaryName, a: Operand, b: Operand, shape: Shape): BackendBuffer {
    return this.#apply(name, [this.#input(a), this.#input(b)], shape);
  }

  select(condition: Operand, a: Operand, b: Operand, shape: Shape): BackendBuffer {
    return this.#apply("select", [this.#input(condition), this.#input(a), this.#input(b)], shape);
  }

  reduce(name: ReduceName, x: Operand, axes: readonly number[]): BackendBuffer {
    const value = this.#valueOf(x.buffer);
    const results = sizeOf(x.shape.filter((_, axis) => !axes.includes(axis)));
    if (results === 0 || x.buffer.size === 0) return this.#wrap(this.#store.constant(results, EMPTY[name]));
    const element = this.#elementwise.elementToReduce(value);
    return this.#wrap(reduce(this.#store, this.#runtime.dialect, element, { name, shape: x.shape, axes }));
  }

  copy(x: BackendBuffer, view: StridedView): BackendBuffer {
    const value = this.#valueOf(x);
    const size = sizeOf(view.shape);
    if (size === 0 || value.content.kind === "constant") {
      return this.#wrap(this.#store.constant(size, value.content.kind === "constant" ? value.content.number : 0));
    }
    const map = indexMap(view.shape, view.strides, view.offset);
    // nobody writes to values: a copy of all of them is the same values once more
    if (isFlat(map) && size === value.size) return this.#wrap(this.#store.hold(value));
    return this.#wrap(this.#store.expression(size, { kind: "load", value: this.#store.evaluate(value), map }));
  }

  assemble(dtype: DType, size: number, parts: readonly Placement[]): BackendBuffer {
    this.#checkType(dtype);
    const filled = parts.map(({ buffer, view }) => ({ value: this.#valueOf(buffer), view }));
    const some = filled.filter(({ value }) => value.size > 0);
    if (size === 0 || some.length === 0) return this.#wrap(this.#store.constant(size, 0));
    return this.#wrap(this.#movement.assemble(size, some));
  }

  gatherRows(x: BackendBuffer, indices: Int32Array, rowSize: number): BackendBuffer {
    const value = this.#valueOf(x);
    if (indices.length * rowSize === 0) return this.#wrap(this.#store.constant(0, 0));
    return this.#wrap(this.#movement.gatherRows(value, indices, rowSize));
  }

  scatterRows(x: BackendBuffer, indices: Int32Array, rows: number, rowSize: number): BackendBuffer {
    const value = this.#valueOf(x);
    if (indices.length * rowSize * rows === 0) return this.#wrap(this.#store.constant(rows * rowSize, 0));
    return this.#wrap(this.#movement.scatterRows(value, indices, rows, rowSize));
  }

  gatherBytes(bytes: Uint8Array, indices: Int32Array, rowSize: number, scaling: Scaling): BackendBuffer {
    this.#checkOpen();
    if (indices.length * rowSize === 0) return this.#wrap(this.#store.constant(0, 0));
    return this.#wrap(this.#movement.gatherBytes(bytes, indices, rowSize, scaling));
  }

  activationGradient({ name, parameters }: Activation, dy: BackendBuffer, y: BackendBuffer): BackendBuffer {
    if (name !== "tanh" && name !== "sigmoid" && name !== "relu" && name !== "leakyRelu") {
      throw new BackendError(this.name, `${name} has no gradient in its result`);
    }
    const shape = [dy.size];
    const inputs = [{ value: this.#valueOf(dy), shape }, { value: this.#valueOf(y), shape }, ...parameters];
    return this.#apply(`${name}Gradient`, inputs, shape);
  }

  adam(buffers: AdamBuffers, values: AdamValues): void {
    const { parameter, gradient, m, v } = buffers;
    if (parameter.size === 0) return;
    const results = this.#adam.update(
      {
        parameter: this.#valueOf(parameter),
        gradient: this.#valueOf(gradient),
        m: this.#valueOf(m),
        v: this.#valueOf(v),
      },
      values,
    );
    this.#replace(m, results.m);
    this.#replace(v, results.v);
    this.#replace(parameter, results.parameter);
  }

  /** Memory of a device is freed by hand, or with the buffer when that is collected; arrays of the host are the collector's. */
  leaveToCollector(buffer: BackendBuffer): BackendBuffer {
    if (buffer instanceof GpuBuffer && !this.#runtime.device.onHost) {
      this.#abandoned.register(buffer, buffer.held, buffer);
    }
    return buffer;
  }

  pin(buffer: BackendBuffer): () => void {
    if (!(buffer instanceof GpuBuffer) || this.#runtime.device.onHost) return NOTHING_TO_FREE;
    const { held } = buffer;
    return () => this.#letGo(held);
  }

  /**
   * Destroys the kernels, the instance of gpu.js and, with the last backend of mode webgpu, the device, after the calls
   * under way have answered. In Node a device keeps the process alive, so this has to be called there.
   */
  dispose(): Promise<void> {
    this.#state = "closed";
    return this.#close();
  }

  #close(): Promise<void> {
    this.#closing ??= this.#store.idle().then(() => this.#runtime.close());
    return this.#closing;
  }

  /** The device is gone: nothing works any more, and `useBackend` starts another backend. */
  #lose(): void {
    if (this.#state !== "open") return;
    this.#state = "lost";
    // what fails here failed with the device
    this.#close().catch(() => undefined);
  }

  /** A product with its bias and its activation, which join what comes after it. */
  #finish(product: StoredValue, shape: Shape, { bias, activation }: ProductOperands): GpuBuffer {
    let result = this.#wrap(product);
    const then = (name: UnaryName | BinaryName, ...inputs: readonly Input[]): void => {
      const next = this.#apply(name, [{ value: this.#valueOf(result), shape }, ...inputs], shape);
      this.free(result);
      result = next;
    };
    if (bias) then("add", { value: bias, shape: [bias.size] });
    if (activation) then(activation.name, ...activation.parameters);
    return result;
  }

  #apply(name: Parameters<Elementwise["apply"]>[0], inputs: readonly Input[], shape: Shape): GpuBuffer {
    this.#checkOpen();
    return this.#wrap(this.#elementwise.apply(name, inputs, shape));
  }

  #input({ buffer, shape }: Operand): Input {
    return { value: this.#valueOf(buffer), shape };
  }

  #wrap(value: StoredValue): GpuBuffer {
    return new GpuBuffer(this, value);
  }

  #replace(buffer: BackendBuffer, value: StoredValue): void {
    const former = this.#valueOf(buffer);
    (buffer as GpuBuffer).held.value = value;
    this.#store.drop(former);
  }

  #letGo(held: { value: StoredValue | undefined }): void {
    const { value } = held;
    held.value = undefined;
    if (value && this.#state === "open") this.#store.drop(value);
  }

  #valueOf(buffer: BackendBuffer): StoredValue {
    this.#checkOpen();
    if (!(buffer instanceof GpuBuffer) || buffer.owner !== this) {
      throw new BackendError(this.name, "was handed a buffer of another backend");
    }
    const { value } = buffer.held;
    if (value === undefined) throw new BackendError(this.name, "was handed a buffer that was given back");
    return value;
  }

  #checkOpen(): void {
    if (this.#state === "closed") throw new BackendError(this.name, "the backend was disposed; call useBackend again");
    if (this.#state === "lost") throw new BackendError(this.name, LOST);
  }

  #checkType(dtype: DType): void {
    this.#checkOpen();
    if (dtype !== "float32") throw new DTypeError(this.name, `takes float32, got ${dtype}`);
  }
}

const NOTHING_TO_FREE = (): void => undefined;

/** Reductions of nothing. */
const EMPTY: Readonly<Record<ReduceName, number>> = { sum: 0, max: -Infinity, min: Infinity, argMax: 0 };
