// A backend of the tests' own that stands for one in a page of a browser: it collects calls, and sends them when
// something is read. So the suites that run in Node test a browser's modes too.

import {
  type Activation,
  type Backend,
  type BackendBuffer,
  BackendError,
  type BackendInfo,
  type BinaryName,
  type DType,
  type Epilogue,
  type FloatArray,
  type MatmulSpec,
  type Operand,
  type Placement,
  type ReduceName,
  type Shape,
  type StridedView,
  type UnaryName,
} from "@adjoint/core";
import type { Page } from "playwright-core";
import type { AdamBuffers, AdamValues, Scaling } from "../../src/backends/backend.js";
import type { MemoryUse } from "../../src/backends/gpu/value-store.js";
import type { RemoteAnswer } from "./remote-page.js";
import { decode, encode, type RemoteBuffer, type RemoteCall } from "./remote-values.js";

export class RemoteBackend implements Backend {
  readonly name: string;
  readonly dtypes: readonly DType[] = ["float32"];
  readonly synchronous = false;
  disposed = false;
  readonly #page: Page;
  #calls: RemoteCall[] = [];
  #ids = 0;
  /** What is on its way to the page, in order. */
  #sending: Promise<unknown> = Promise.resolve();

  constructor(page: Page, name: string) {
    this.#page = page;
    this.name = name;
  }

  info(): BackendInfo {
    return { name: this.name, products: "remote", elementwise: "remote", threads: 1 };
  }

  upload(data: FloatArray): BackendBuffer {
    return this.#make("upload", data.length, data);
  }

  read(buffer: BackendBuffer): Promise<FloatArray> {
    return this.#ask("read", buffer) as Promise<FloatArray>;
  }

  readSync(): FloatArray {
    throw new BackendError(this.name, "readSync was called on an asynchronous backend");
  }

  free(buffer: BackendBuffer): void {
    this.#call("free", buffer);
  }

  fill(dtype: DType, size: number, value: number): BackendBuffer {
    return this.#make("fill", size, dtype, size, value);
  }

  assign(target: BackendBuffer, source: BackendBuffer): void {
    this.#call("assign", target, source);
  }

  unary(name: UnaryName, x: BackendBuffer, parameters: readonly number[]): BackendBuffer {
    return this.#make("unary", x.size, name, x, parameters);
  }

  binary(name: BinaryName, a: Operand, b: Operand, shape: Shape): BackendBuffer {
    return this.#make("binary", sizeOf(shape), name, a, b, shape);
  }

  select(condition: Operand, a: Operand, b: Operand, shape: Shape): BackendBuffer {
    return this.#make("select", sizeOf(shape), condition, a, b, shape);
  }

  reduce(name: ReduceName, x: Operand, axes: readonly number[]): BackendBuffer {
    return this.#make("reduce", sizeOf(x.shape.filter((_, axis) => !axes.includes(axis))), name, x, axes);
  }

  matmul(a: BackendBuffer, b: BackendBuffer, spec: MatmulSpec, epilogue: Epilogue = {}): BackendBuffer {
    return this.#make("matmul", spec.batch * spec.m * spec.n, a, b, spec, epilogue);
  }

  copy(x: BackendBuffer, view: StridedView): BackendBuffer {
    return this.#make("copy", sizeOf(view.shape), x, view);
  }

  assemble(dtype: DType, size: number, parts: readonly Placement[]): BackendBuffer {
    return this.#make("assemble", size, dtype, size, parts);
  }

  gatherRows(x: BackendBuffer, indices: Int32Array, rowSize: number): BackendBuffer {
    return this.#make("gatherRows", indices.length * rowSize, x, indices, rowSize);
  }

  scatterRows(x: BackendBuffer, indices: Int32Array, rows: number, rowSize: number): BackendBuffer {
    return this.#make("scatterRows", rows * rowSize, x, indices, rows, rowSize);
  }

  activationGradient(activation: Activation, dy: BackendBuffer, y: BackendBuffer): BackendBuffer {
    return this.#make("activationGradient", dy.size, activation, dy, y);
  }

  gatherBytes(bytes: Uint8Array, indices: Int32Array, rowSize: number, scaling: Scaling): BackendBuffer {
    return this.#make("gatherBytes", indices.length * rowSize, this.#kept(bytes), indices, rowSize, scaling);
  }

  adam(buffers: AdamBuffers, values: AdamValues): void {
    this.#call("adam", buffers, values);
  }

  async dispose(): Promise<void> {
    this.disposed = true;
    await this.#ask("dispose");
  }

  /** What the page's backend has on its device. */
  async memoryUse(): Promise<MemoryUse> {
    return (await this.#ask("memoryUse")) as MemoryUse;
  }

  /** How many kernels it launched. */
  async launches(): Promise<number> {
    return (await this.#ask("launches")) as number;
  }

  readonly #bytes = new Map<Uint8Array, { readonly id: number }>();

  /** Bytes as the page keeps them: sent once, like a buffer. */
  #kept(bytes: Uint8Array): { readonly id: number } {
    const known = this.#bytes.get(bytes);
    if (known) return known;
    const kept = { id: this.#ids++ };
    this.#bytes.set(bytes, kept);
    this.#calls.push({ method: "keep", result: kept.id, inputs: [encode(bytes)] });
    return kept;
  }

  #make(method: string, size: number, ...inputs: readonly unknown[]): RemoteBuffer {
    const id = this.#ids++;
    this.#calls.push({ method, result: id, inputs: inputs.map(encode) });
    return { dtype: "float32", size, id };
  }

  #call(method: string, ...inputs: readonly unknown[]): void {
    this.#calls.push({ method, inputs: inputs.map(encode) });
  }

  async #ask(method: string, ...inputs: readonly unknown[]): Promise<unknown> {
    const calls = [...this.#calls, { method, inputs: inputs.map(encode) }];
    this.#calls = [];
    const answer = this.#sending.then(() => this.#page.evaluate((sent) => globalThis.callRemote(sent), calls));
    this.#sending = answer.catch(() => undefined);
    const told: RemoteAnswer = await answer;
    if ("problem" in told) throw new BackendError(told.where, told.problem);
    return decode(told.values, () => undefined);
  }
}

function sizeOf(shape: Shape): number {
  return shape.reduce((size, extent) => size * extent, 1);
}
