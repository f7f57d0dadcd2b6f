// Everything but products, for now: computed by the reference backend on the host, as soon as the values are there.
// This class is what gives way to kernels of gpu.js; nothing else has to change for it.

import type { DType } from "../../dtype.js";
import { BackendError } from "../../errors.js";
import { type Shape, sizeOf } from "../../shape.js";
import type {
  Backend,
  BackendBuffer,
  BinaryName,
  Operand,
  Placement,
  ReduceName,
  StridedView,
  UnaryName,
} from "../backend.js";
import { type HostBuffer, ReferenceBackend } from "../reference/index.js";
import { type GpuBuffers, type Pending, type Values, whenReady } from "./gpu-buffer.js";

/** The primitives that are not products. */
export type Primitives = Pick<
  Backend,
  "unary" | "binary" | "select" | "reduce" | "copy" | "assemble" | "gatherRows" | "scatterRows"
>;

type Inputs = readonly BackendBuffer[];
type HostBuffers<Of extends Inputs> = { readonly [Index in keyof Of]: HostBuffer };

/** The primitives on the host. See the contract for what they compute. */
export class HostPrimitives implements Primitives {
  readonly #buffers: GpuBuffers;
  readonly #reference = new ReferenceBackend();

  constructor(buffers: GpuBuffers) {
    this.#buffers = buffers;
  }

  unary(name: UnaryName, x: BackendBuffer, parameters: readonly number[]): BackendBuffer {
    return this.#run(x.size, [x], ([host]) => this.#reference.unary(name, host, parameters));
  }

  binary(name: BinaryName, a: Operand, b: Operand, shape: Shape): BackendBuffer {
    return this.#run(sizeOf(shape), [a.buffer, b.buffer], ([left, right]) =>
      this.#reference.binary(name, { ...a, buffer: left }, { ...b, buffer: right }, shape),
    );
  }

  select(condition: Operand, a: Operand, b: Operand, shape: Shape): BackendBuffer {
    return this.#run(sizeOf(shape), [condition.buffer, a.buffer, b.buffer], ([chosen, yes, no]) =>
      this.#reference.select({ ...condition, buffer: chosen }, { ...a, buffer: yes }, { ...b, buffer: no }, shape),
    );
  }

  reduce(name: ReduceName, x: Operand, axes: readonly number[]): BackendBuffer {
    const size = sizeOf(x.shape.filter((_, axis) => !axes.includes(axis)));
    return this.#run(size, [x.buffer], ([host]) => this.#reference.reduce(name, { ...x, buffer: host }, axes));
  }

  copy(x: BackendBuffer, view: StridedView): BackendBuffer {
    return this.#run(sizeOf(view.shape), [x], ([host]) => this.#reference.copy(host, view));
  }

  assemble(dtype: DType, size: number, parts: readonly Placement[]): BackendBuffer {
    const inputs: Inputs = parts.map(({ buffer }) => buffer);
    return this.#run(size, inputs, (hosts) =>
      this.#reference.assemble(
        dtype,
        size,
        parts.map(({ view }, i) => ({ buffer: hosts[i] as HostBuffer, view })),
      ),
    );
  }

  gatherRows(x: BackendBuffer, indices: Int32Array, rowSize: number): BackendBuffer {
    // a copy: the caller may write to its own before the values are there
    const rows = indices.slice();
    return this.#run(rows.length * rowSize, [x], ([host]) => this.#reference.gatherRows(host, rows, rowSize));
  }

  scatterRows(x: BackendBuffer, indices: Int32Array, rows: number, rowSize: number): BackendBuffer {
    const places = indices.slice();
    return this.#run(rows * rowSize, [x], ([host]) => this.#reference.scatterRows(host, places, rows, rowSize));
  }

  /** A buffer of `size` values for what `compute` makes of the inputs' values. */
  #run<const Of extends Inputs>(
    size: number,
    inputs: Of,
    compute: (hosts: HostBuffers<Of>) => HostBuffer,
  ): BackendBuffer {
    const pending: readonly Pending<Values>[] = inputs.map((buffer) => this.#buffers.valuesOf(buffer));
    const values = whenReady(pending, (arrived) => float32(compute(arrived.map(hostBuffer) as HostBuffers<Of>)));
    return this.#buffers.create(values, size);
  }
}

function hostBuffer(data: Values): HostBuffer {
  return { dtype: "float32", size: data.length, data };
}

function float32({ data }: HostBuffer): Values {
  if (data instanceof Float32Array) return data;
  throw new BackendError("gpu", "the reference backend answered in float64");
}
