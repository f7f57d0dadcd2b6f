// A backend of the tests' own: the reference backend behind the contract, which counts calls, keeps account of every
// buffer, and refuses what no caller may do (use a buffer after it was freed, free it twice).

import {
  type Backend,
  type BackendBuffer,
  type BackendInfo,
  type BinaryName,
  type DType,
  type Epilogue,
  type FloatArray,
  type MatmulSpec,
  type Operand,
  type Placement,
  type ReduceName,
  ReferenceBackend,
  type Shape,
  type StridedView,
  type UnaryName,
} from "@adjoint/core";

export class StrictBackend implements Backend {
  readonly name: string;
  readonly synchronous: boolean;
  /** Buffers that were made and not freed. */
  readonly live = new Set<BackendBuffer>();
  /** How often each primitive was called; `unary`, `binary` and `reduce` with the function's name: `binary add`. */
  readonly calls = new Map<string, number>();
  readonly leaveToCollector?: (buffer: BackendBuffer) => BackendBuffer;
  readonly pin?: (buffer: BackendBuffer) => () => void;
  readonly #inner: ReferenceBackend;
  #disposed = false;

  /** With `collected`, buffers that no scope owns are moved elsewhere, as by a backend with memory of its own. */
  constructor({ name = "strict", synchronous = true, dtype = "float64" as DType, collected = false } = {}) {
    this.name = name;
    this.synchronous = synchronous;
    this.#inner = new ReferenceBackend({ dtype });
    if (!collected) return;
    this.leaveToCollector = (buffer) => this.#move(buffer);
    this.pin = (buffer) => () => {
      if (!this.#disposed) this.free(buffer);
    };
  }

  get dtypes(): readonly DType[] {
    return this.#inner.dtypes;
  }

  get disposed(): boolean {
    return this.#disposed;
  }

  /** How often a primitive was called since the last `reset`. */
  count(call: string): number {
    return this.calls.get(call) ?? 0;
  }

  reset(): void {
    this.calls.clear();
  }

  info(): BackendInfo {
    return { ...this.#inner.info(), name: this.name };
  }

  upload(data: FloatArray): BackendBuffer {
    return this.#made("upload", [], this.#inner.upload(data));
  }

  async read(buffer: BackendBuffer): Promise<FloatArray> {
    this.#check("read", [buffer]);
    return this.#inner.readSync(buffer);
  }

  readSync(buffer: BackendBuffer): FloatArray {
    if (!this.synchronous) throw new Error("readSync was called on an asynchronous backend");
    this.#check("readSync", [buffer]);
    return this.#inner.readSync(buffer);
  }

  free(buffer: BackendBuffer): void {
    this.#check("free", [buffer]);
    this.live.delete(buffer);
  }

  fill(dtype: DType, size: number, value: number): BackendBuffer {
    return this.#made("fill", [], this.#inner.fill(dtype, size, value));
  }

  assign(target: BackendBuffer, source: BackendBuffer): void {
    this.#check("assign", [target, source]);
    this.#inner.assign(target, source);
  }

  unary(name: UnaryName, x: BackendBuffer, parameters: readonly number[]): BackendBuffer {
    return this.#made(`unary ${name}`, [x], this.#inner.unary(name, x, parameters));
  }

  binary(name: BinaryName, a: Operand, b: Operand, shape: Shape): BackendBuffer {
    return this.#made(`binary ${name}`, [a.buffer, b.buffer], this.#inner.binary(name, a, b, shape));
  }

  select(condition: Operand, a: Operand, b: Operand, shape: Shape): BackendBuffer {
    const used = [condition.buffer, a.buffer, b.buffer];
    return this.#made("select", used, this.#inner.select(condition, a, b, shape));
  }

  reduce(name: ReduceName, x: Operand, axes: readonly number[]): BackendBuffer {
    return this.#made(`reduce ${name}`, [x.buffer], this.#inner.reduce(name, x, axes));
  }

  matmul(a: BackendBuffer, b: BackendBuffer, spec: MatmulSpec, epilogue?: Epilogue): BackendBuffer {
    const used = epilogue?.bias ? [a, b, epilogue.bias] : [a, b];
    return this.#made("matmul", used, this.#inner.matmul(a, b, spec, epilogue));
  }

  copy(x: BackendBuffer, view: StridedView): BackendBuffer {
    return this.#made("copy", [x], this.#inner.copy(x, view));
  }

  assemble(dtype: DType, size: number, parts: readonly Placement[]): BackendBuffer {
    const used = parts.map(({ buffer }) => buffer);
    return this.#made("assemble", used, this.#inner.assemble(dtype, size, parts));
  }

  gatherRows(x: BackendBuffer, indices: Int32Array, rowSize: number): BackendBuffer {
    return this.#made("gatherRows", [x], this.#inner.gatherRows(x, indices, rowSize));
  }

  scatterRows(x: BackendBuffer, indices: Int32Array, rows: number, rowSize: number): BackendBuffer {
    return this.#made("scatterRows", [x], this.#inner.scatterRows(x, indices, rows, rowSize));
  }

  async dispose(): Promise<void> {
    this.#disposed = true;
    this.live.clear();
  }

  #made(call: string, used: readonly BackendBuffer[], buffer: BackendBuffer): BackendBuffer {
    this.#check(call, used);
    this.live.add(buffer);
    return buffer;
  }

  #move(buffer: BackendBuffer): BackendBuffer {
    const moved = this.#made("leaveToCollector", [buffer], this.#inner.upload(this.#inner.readSync(buffer)));
    this.free(buffer);
    return moved;
  }

  #check(call: string, used: readonly BackendBuffer[]): void {
    this.calls.set(call, this.count(call) + 1);
    for (const buffer of used) {
      if (!this.live.has(buffer))
        throw new Error(`${call} was handed a buffer that was freed, or is another backend's`);
    }
  }
}
