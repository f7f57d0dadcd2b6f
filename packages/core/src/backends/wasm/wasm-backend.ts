// The wasm backend: hand-written SIMD kernels over one linear memory, and threads where they pay. float32 only.
// Where its buffers lie is told in wasm-buffers.ts.

import type { DType, FloatArray } from "../../dtype.js";
import { DTypeError } from "../../errors.js";
import { type Shape, sizeOf } from "../../shape.js";
import type {
  Activation,
  AdamBuffers,
  AdamValues,
  Backend,
  BackendBuffer,
  BackendInfo,
  BinaryName,
  ConvolutionSpec,
  Epilogue,
  MatmulSpec,
  Operand,
  Placement,
  RandomPlace,
  ReduceName,
  RMSpropBuffers,
  RMSpropValues,
  Scaling,
  SGDBuffers,
  SGDValues,
  StridedView,
  UnaryName,
} from "../backend.js";
import { NO_ACTIVATION, unaryCodes } from "./codes.js";
import { Convolver } from "./convolution.js";
import type { Engine } from "./engine.js";
import { FastConvolver, isFast } from "./fast-convolution.js";
import type { Address } from "./kernel-runner.js";
import type { Product, ProductMaker } from "./products.js";
import { scatterRows } from "./scattering.js";
import { WasmBuffers, type WasmMemory } from "./wasm-buffers.js";

/** The CPU backend. Made by `useBackend("wasm")`, and with the system's products by `useBackend("blas")`. */
export class WasmBackend implements Backend {
  readonly name: string;
  readonly dtypes: readonly DType[] = ["float32"];
  readonly synchronous = true;
  readonly #engine: Engine;
  readonly #products: ProductMaker;
  readonly #buffers: WasmBuffers;
  readonly #convolver: Convolver;
  readonly #fastConvolver: FastConvolver;

  /** Products are computed by the engine's kernels where nothing else is named. */
  constructor(
    engine: Engine,
    products: ProductMaker = {
      name: "wasm",
      description: `wasm ${engine.relaxed ? "relaxed " : ""}${engine.vectors}`,
      multiply: (product) => engine.product(product),
    },
  ) {
    this.name = products.name;
    this.#engine = engine;
    this.#products = products;
    this.#buffers = new WasmBuffers(this, engine);
    const multiply = (product: Product) => products.multiply(product);
    this.#convolver = new Convolver(engine, multiply);
    this.#fastConvolver = new FastConvolver(engine, multiply);
  }

  get disposed(): boolean {
    return this.#buffers.closed;
  }

  info(): BackendInfo {
    const { crew, limitation = crew?.limitation, vectors } = this.#engine;
    const info = { products: this.#products.description, elementwise: `wasm ${vectors}`, threads: this.threads };
    return { name: this.name, ...info, ...(limitation === undefined ? {} : { threadsLimitedBy: limitation }) };
  }

  /** Threads that compute, the calling one included, as far as is known: see `ready`. */
  get threads(): number {
    return this.#engine.crew?.expectedThreads ?? 1;
  }

  /** Whether products use fused multiply-add, whose bits differ from machine to machine. */
  get relaxed(): boolean {
    return this.#engine.relaxed;
  }

  /** Whether kernels compute with vectors of 256 bits, where V8 can join two of 128. The bits are the same. */
  get wide(): boolean {
    return this.#engine.wide;
  }

  /** What the linear memory holds now. */
  memory(): WasmMemory {
    return this.#buffers.memory();
  }

  /**
   * Starts all threads and resolves when those are up that can be had: see `info()`. Rejects with a BackendError where a
   * number was asked for and fewer start, within a minute, or one died. Else they start when there is work for them.
   */
  ready(): Promise<void> {
    return this.#engine.ready();
  }

  /** Makes it an error, from here on, where fewer threads compute. @throws BackendError where one cannot start */
  async requireThreads(): Promise<void> {
    await this.#engine.crew?.requireAll();
  }

  upload(data: FloatArray): BackendBuffer {
    if (!(data instanceof Float32Array)) throw new DTypeError(this.name, "takes float32, got float64");
    const result = this.#buffers.allocate(data.length);
    this.#engine.floats(result.address, data.length).set(data);
    return result;
  }

  async read(buffer: BackendBuffer): Promise<FloatArray> {
    return this.readSync(buffer);
  }

  readSync(buffer: BackendBuffer): FloatArray {
    this.#buffers.checkOpen();
    return this.#buffers.valuesOf(buffer);
  }

  free(buffer: BackendBuffer): void {
    this.#buffers.free(buffer);
  }

  leaveToCollector(buffer: BackendBuffer): BackendBuffer {
    return this.#buffers.leaveToCollector(buffer);
  }

  pin(buffer: BackendBuffer, madeBy: string): () => void {
    return this.#buffers.pin(buffer, madeBy);
  }

  fill(dtype: DType, size: number, value: number): BackendBuffer {
    this.#checkType(dtype);
    const result = this.#buffers.allocate(size);
    this.#engine.fill(result.address, size, value);
    return result;
  }

  assign(target: BackendBuffer, source: BackendBuffer): void {
    this.#buffers.checkOpen();
    const { values, movedOut, size } = this.#buffers.own(target);
    if (values && !movedOut) values.set(this.readSync(source) as Float32Array);
    else this.#buffers.reading([source, target], ([from, to]) => this.#engine.copy(from, to, size));
  }

  unary(name: UnaryName, x: BackendBuffer, parameters: readonly number[]): BackendBuffer {
    return this.#buffers.make(x.size, [x], (out, [from]) => this.#engine.unary(name, from, out, x.size, parameters));
  }

  activationGradient({ name, parameters }: Activation, dy: BackendBuffer, y: BackendBuffer): BackendBuffer {
    const kind = name as "tanh" | "sigmoid" | "relu" | "leakyRelu";
    return this.#buffers.make(y.size, [dy, y], (out, [slope, result]) => {
      this.#engine.activationGradient(kind, result, slope, out, y.size, parameters[0]);
    });
  }

  binary(name: BinaryName, a: Operand, b: Operand, shape: Shape): BackendBuffer {
    return this.#buffers.make(sizeOf(shape), [a.buffer, b.buffer], (out, [left, right]) => {
      this.#engine.binary(name, left, a.shape, right, b.shape, out, shape);
    });
  }

  select(condition: Operand, a: Operand, b: Operand, shape: Shape): BackendBuffer {
    return this.#buffers.make(sizeOf(shape), [condition.buffer, a.buffer, b.buffer], (out, addresses) => {
      this.#engine.select(addresses, [condition.shape, a.shape, b.shape], out, shape);
    });
  }

  reduce(name: ReduceName, { buffer, shape }: Operand, axes: readonly number[]): BackendBuffer {
    const size = sizeOf(shape.filter((_, axis) => !axes.includes(axis)));
    return this.#buffers.make(size, [buffer], (out, [x]) => this.#engine.reduce(name, x, shape, axes, out));
  }

  matmul(a: BackendBuffer, b: BackendBuffer, spec: MatmulSpec, { bias, activation }: Epilogue = {}): BackendBuffer {
    const { batch, m, n, k, transposeA, transposeB, sharedA, sharedB } = spec;
    const code = activation ? unaryCodes[activation.name] : NO_ACTIVATION;
    const parameters = activation?.parameters ?? [];
    const inputs = bias ? [a, b, bias] : [a, b];
    return this.#buffers.make(batch * m * n, inputs, (c, [left = 0, right = 0, row = 0]) => {
      for (let member = 0; member < batch; member++) {
        this.#products.multiply({
          a: left + (sharedA ? 0 : 4 * member * m * k),
          b: right + (sharedB ? 0 : 4 * member * k * n),
          c: c + 4 * member * m * n,
          m,
          n,
          k,
          transposeA,
          transposeB,
          bias: row,
          activation: code,
          parameters,
        });
      }
    });
  }

  convolve(x: BackendBuffer, kernel: BackendBuffer, spec: ConvolutionSpec, bias?: BackendBuffer): BackendBuffer {
    const size = spec.batch * sizeOf(spec.output) * spec.outChannels;
    const inputs = bias ? [x, kernel, bias] : [x, kernel];
    return this.#buffers.make(size, inputs, (out, [images = 0, weights = 0, row = 0]) => {
      this.#convolverFor(spec).forward(spec, { images, kernel: weights, results: out }, row);
    });
  }

  convolveBack(y: BackendBuffer, kernel: BackendBuffer, spec: ConvolutionSpec, bias?: BackendBuffer): BackendBuffer {
    const size = spec.batch * sizeOf(spec.input) * spec.inChannels;
    const inputs = bias ? [y, kernel, bias] : [y, kernel];
    return this.#buffers.make(size, inputs, (out, [results = 0, weights = 0, row = 0]) => {
      this.#convolverFor(spec).back(spec, { images: out, kernel: weights, results }, row);
    });
  }

  convolveKernel(x: BackendBuffer, y: BackendBuffer, spec: ConvolutionSpec): BackendBuffer {
    const size = sizeOf(spec.kernel) * spec.inChannels * spec.outChannels;
    return this.#buffers.make(size, [x, y], (kernel, [images, results]) => {
      this.#convolverFor(spec).kernel(spec, { images, kernel, results });
    });
  }

  copy(x: BackendBuffer, view: StridedView): BackendBuffer {
    return this.#buffers.make(sizeOf(view.shape), [x], (out, [from]) => this.#engine.copyFrom(from, view, out));
  }

  assemble(dtype: DType, size: number, parts: readonly Placement[]): BackendBuffer {
    this.#checkType(dtype);
    const buffers = parts.map(({ buffer }) => buffer);
    return this.#buffers.make(size, buffers, (out, addresses) => {
      this.#engine.fill(out, size, 0);
      parts.forEach(({ view }, i) => {
        this.#engine.copyInto(addresses[i] as Address, view, out);
      });
    });
  }

  gatherRows(x: BackendBuffer, indices: Int32Array, rowSize: number): BackendBuffer {
    return this.#buffers.make(indices.length * rowSize, [x], (out, [from]) => {
      this.#engine.lendIntegers(indices, (at) => this.#engine.gatherRows(from, at, out, indices.length, rowSize));
    });
  }

  scatterRows(x: BackendBuffer, indices: Int32Array, rows: number, rowSize: number): BackendBuffer {
    return this.#buffers.make(rows * rowSize, [x], (out, [from]) => {
      scatterRows(this.#engine, from, indices, { rows, rowSize }, out);
    });
  }

  gatherBytes(bytes: Uint8Array, indices: Int32Array, rowSize: number, { scale, offset }: Scaling): BackendBuffer {
    const size = indices.length * rowSize;
    return this.#buffers.make(size, [], (out) => {
      // only the rows asked for come into the linear memory, one after the other
      this.#engine.memory.lend(size, (rows) => {
        const target = this.#engine.bytes(rows, size);
        indices.forEach((row, i) => {
          target.set(bytes.subarray(row * rowSize, (row + 1) * rowSize), i * rowSize);
        });
        this.#engine.scaleBytes(rows, out, size, scale, offset);
      });
    });
  }

  normal(size: number, place: RandomPlace): BackendBuffer {
    return this.#buffers.make(size, [], (out) => this.#engine.random("normal", out, size, place));
  }

  adam({ parameter, gradient, m, v }: AdamBuffers, values: AdamValues): void {
    this.#buffers.updating(gradient, [parameter, m, v], (slope, [target = 0, mean = 0, square = 0]) => {
      this.#engine.adam(target, slope, mean, square, parameter.size, values);
    });
  }

  rmsprop({ parameter, gradient, meanSquare }: RMSpropBuffers, values: RMSpropValues): void {
    this.#buffers.updating(gradient, [parameter, meanSquare], (slope, [target = 0, mean = 0]) => {
      this.#engine.rmsprop(target, slope, mean, parameter.size, values);
    });
  }

  sgd({ parameter, gradient, velocity }: SGDBuffers, values: SGDValues): void {
    const changed = velocity ? [parameter, velocity] : [parameter];
    this.#buffers.updating(gradient, changed, (slope, [target = 0, speed = 0]) => {
      this.#engine.sgd(target, slope, speed, parameter.size, values);
    });
  }

  async dispose(): Promise<void> {
    this.#buffers.close();
    this.#engine.dispose();
  }

  #convolverFor(spec: ConvolutionSpec): Convolver | FastConvolver {
    return isFast(spec) ? this.#fastConvolver : this.#convolver;
  }

  #checkType(dtype: DType): void {
    if (dtype !== "float32") throw new DTypeError(this.name, `takes float32, got ${dtype}`);
  }
}
