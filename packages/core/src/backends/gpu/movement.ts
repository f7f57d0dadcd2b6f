// Values that only change their place: rows that are gathered or scattered, parts that are put together. On a device by
// kernels; where values lie on the host anyway, by copying, as the reference backend does it.

import { BackendError } from "../../errors.js";
import { stridesOf } from "../../shape.js";
import type { Scaling, StridedView } from "../backend.js";
import { type HostBuffer, ReferenceBackend } from "../reference/index.js";
import type { Dialect } from "./dialect.js";
import type { Expression } from "./expression.js";
import type { Handle, Values } from "./handle.js";
import { indexMap } from "./index-map.js";
import { partLength } from "./product-parts.js";
import { type Program, ProgramWriter } from "./program.js";
import type { Runtime } from "./runtime.js";
import type { StoredValue } from "./stored-value.js";
import type { ValueStore } from "./value-store.js";

/** Whole numbers up to here are float32 values. */
const EXACT = 2 ** 24;
const BYTES_IN_A_NUMBER = 3;

/** A part with the window that it fills. */
export interface Part {
  readonly value: StoredValue;
  readonly view: StridedView;
}

/** Moves values of one backend. Nothing here is of size 0. */
export class Movement {
  readonly #store: ValueStore;
  readonly #runtime: Runtime;
  /** Bytes that were sent to the device, as long as their owner keeps them. */
  readonly #sent = new WeakMap<Uint8Array, StoredValue>();
  readonly #forgotten: FinalizationRegistry<StoredValue>;

  constructor(store: ValueStore, runtime: Runtime) {
    this.#store = store;
    this.#runtime = runtime;
    this.#forgotten = new FinalizationRegistry((value) => store.drop(value));
  }

  /** Rows of `x` in the order of `indices`. */
  gatherRows(x: StoredValue, indices: Int32Array, rowSize: number): StoredValue {
    if (this.#runtime.device.onHost) {
      const rows = indices.slice();
      const copy = ([host]: readonly HostBuffer[]) => reference.gatherRows(host as HostBuffer, rows, rowSize);
      return this.#copied(indices.length * rowSize, [x], copy);
    }
    const value = this.#store.evaluate(x);
    return this.#gathered({ kind: "gather", value, rows: this.#indices(indices), rowSize, bytes: false }, indices);
  }

  /** Rows of bytes, scaled. The bytes are sent once. */
  gatherBytes(bytes: Uint8Array, indices: Int32Array, rowSize: number, { scale, offset }: Scaling): StoredValue {
    const scaled = (element: Expression): Expression => {
      const product: Expression = { kind: "apply", name: "mul", inputs: [element, { kind: "scalar", value: scale }] };
      return { kind: "apply", name: "add", inputs: [product, { kind: "scalar", value: offset }] };
    };
    const { device } = this.#runtime;
    if (device.onHost || !device.fits(Math.ceil(bytes.length / BYTES_IN_A_NUMBER))) {
      const rows = this.#store.upload(rowsOf(bytes, indices, rowSize));
      const result = this.#store.expression(rows.size, scaled({ kind: "load", value: rows, map: flat(rows.size) }));
      this.#store.drop(rows);
      return result;
    }
    const value = this.#send(bytes);
    const gather: Expression = { kind: "gather", value, rows: this.#indices(indices), rowSize, bytes: true };
    return this.#gathered(gather, indices, scaled(gather));
  }

  /** Rows of zeros to which rows of `x` are added in order. */
  scatterRows(x: StoredValue, indices: Int32Array, rows: number, rowSize: number): StoredValue {
    if (this.#runtime.device.onHost) {
      const places = indices.slice();
      const copy = ([host]: readonly HostBuffer[]) => reference.scatterRows(host as HostBuffer, places, rows, rowSize);
      return this.#copied(rows * rowSize, [x], copy);
    }
    const { starts, order, most } = sourcesOf(indices, rows);
    const inputs = [this.#store.evaluate(x), this.#indices(starts), this.#indices(order)] as const;
    const program = scattering(this.#runtime.dialect, inputs, { rowSize, most, size: rows * rowSize });
    const result = this.#store.launch(program, rows * rowSize);
    for (const input of inputs.slice(1)) this.#store.drop(input);
    return result;
  }

  /** Zeros in which each part fills its window. */
  assemble(size: number, parts: readonly Part[]): StoredValue {
    if (this.#runtime.device.onHost) {
      const copy = (hosts: readonly HostBuffer[]) =>
        reference.assemble(
          "float32",
          size,
          parts.map(({ view }, i) => ({ buffer: hosts[i] as HostBuffer, view })),
        );
      const values = parts.map(({ value }) => value);
      return this.#copied(size, values, copy);
    }
    const atOnce = this.#runtime.device.mostArguments - 1;
    let whole = this.#store.constant(size, 0);
    for (let first = 0; first < parts.length; first += atOnce) {
      const some = parts.slice(first, first + atOnce);
      for (const { value } of some) this.#store.evaluate(value);
      const before = whole;
      whole = this.#store.launch(assembling(this.#runtime.dialect, before, some), size);
      this.#store.drop(before);
    }
    return whole;
  }

  #gathered(gather: Expression & { kind: "gather" }, indices: Int32Array, root: Expression = gather): StoredValue {
    const result = this.#store.expression(indices.length * gather.rowSize, root);
    this.#store.drop(gather.rows);
    return result;
  }

  #indices(indices: Int32Array): StoredValue {
    const largest = indices.reduce((most, index) => Math.max(most, index), 0);
    if (largest > EXACT) {
      throw new BackendError(this.#runtime.name, `rows beyond 2^24 cannot be named in this mode, got ${largest}`);
    }
    return this.#store.upload(Float32Array.from(indices));
  }

  #send(bytes: Uint8Array): StoredValue {
    const sent = this.#sent.get(bytes);
    if (sent) return sent;
    const value = this.#store.upload(packed(bytes));
    this.#sent.set(bytes, value);
    this.#forgotten.register(bytes, value);
    return value;
  }

  /** What `copy` makes of the values, which lie on the host. */
  #copied(
    size: number,
    values: readonly StoredValue[],
    copy: (hosts: readonly HostBuffer[]) => HostBuffer,
  ): StoredValue {
    const inputs = values.map((value) => this.#store.evaluate(value));
    const run = (handles: readonly Handle[]) => copy((handles as readonly Values[]).map(hostBuffer)).data as Values;
    return this.#store.launch({ inputs, run }, size);
  }
}

const reference = new ReferenceBackend();

function hostBuffer(data: Values): HostBuffer {
  return { dtype: "float32", size: data.length, data };
}

function flat(size: number) {
  return indexMap([size], [1]);
}

function rowsOf(bytes: Uint8Array, indices: Int32Array, rowSize: number): Values {
  const rows = new Float32Array(indices.length * rowSize);
  indices.forEach((row, i) => {
    rows.set(bytes.subarray(row * rowSize, (row + 1) * rowSize), i * rowSize);
  });
  return rows;
}

/** Three bytes in each float32, which holds whole numbers up to 2²⁴. */
function packed(bytes: Uint8Array): Values {
  const words = new Float32Array(Math.ceil(bytes.length / BYTES_IN_A_NUMBER));
  for (let i = 0, at = 0; i < words.length; i++, at += BYTES_IN_A_NUMBER) {
    words[i] = (bytes[at] ?? 0) + 256 * (bytes[at + 1] ?? 0) + 65536 * (bytes[at + 2] ?? 0);
  }
  return words;
}

/** For each row of the result the rows that go there, in order: those of `order` from starts[row] to starts[row + 1]. */
function sourcesOf(indices: Int32Array, rows: number) {
  const starts = new Int32Array(rows + 1);
  for (const row of indices) starts[row + 1] = (starts[row + 1] as number) + 1;
  const most = starts.reduce((sofar, count) => Math.max(sofar, count), 0);
  for (let row = 0; row < rows; row++) starts[row + 1] = (starts[row + 1] as number) + (starts[row] as number);
  const next = starts.slice();
  const order = new Int32Array(indices.length);
  indices.forEach((row, i) => {
    order[next[row] as number] = i;
    next[row] = (next[row] as number) + 1;
  });
  // a power of two: a loop's length is part of the kernel
  return { starts, order, most: 2 ** Math.ceil(Math.log2(most)) };
}

function scattering(
  dialect: Dialect,
  [x, starts, order]: readonly [StoredValue, StoredValue, StoredValue],
  { rowSize, most, size }: { rowSize: number; most: number; size: number },
): Program {
  const writer = new ProgramWriter(dialect);
  const threads = dialect.threadsFor(size, []) ?? { columns: size, rows: 1 };
  const at = dialect.threadIndex(threads);
  const row = writer.index(dialect.quotient(at, rowSize));
  const column = writer.index(dialect.remainder(at, rowSize));
  const first = writer.index(dialect.toIndex(writer.load(starts, row)));
  const count = writer.index(`${dialect.toIndex(writer.load(starts, writer.index(`${row} + 1`)))} - ${first}`);
  // in parts, as products with as many terms are summed
  const part = partLength(most) || most;
  const [total, sum] = [writer.newName("w"), writer.newName("w")];
  writer.add(dialect.variable(total, "0.0"));
  const body = writer.within(() => {
    const place = writer.index(`m * ${part} + n`);
    const step = writer.within(() => {
      const source = writer.index(dialect.toIndex(writer.load(order, writer.index(`${first} + ${place}`))));
      const value = writer.load(x, writer.index(`${source} * ${rowSize} + ${column}`));
      writer.add(`${sum} = ${writer.apply("add", [sum, value])};`);
    });
    writer.add(dialect.whenLess(place, count, step));
  });
  const ofPart = [
    dialect.variable(sum, "0.0"),
    dialect.loop("n", part, body),
    `${total} = ${writer.apply("add", [total, sum])};`,
  ];
  writer.add(dialect.loop("m", most / part, ofPart));
  return writer.finish("scatter", total, threads, size);
}

function assembling(dialect: Dialect, whole: StoredValue, parts: readonly Part[]): Program {
  const writer = new ProgramWriter(dialect);
  const threads = dialect.threadsFor(whole.size, []) ?? { columns: whole.size, rows: 1 };
  const at = dialect.threadIndex(threads);
  const value = writer.newName("w");
  const start = whole.content.kind === "constant" ? "0.0" : writer.load(whole, at);
  writer.add(dialect.variable(value, start));
  for (const part of parts) addPart(writer, dialect, part, at, value);
  return writer.finish("assemble", value, threads, whole.size);
}

/**
 * Takes the part's element where `at` lies in its window: where each axis, the one with the widest stride first, leaves a
 * place on it. Windows do not overlap, so what an axis leaves is below its stride.
 */
function addPart(writer: ProgramWriter, dialect: Dialect, { value, view }: Part, at: string, target: string): void {
  const { extents, strides, offset } = indexMap(view.shape, view.strides, view.offset);
  const weights = stridesOf(extents);
  const axes = extents
    .map((extent, axis) => ({ extent, stride: strides[axis] as number, weight: weights[axis] as number }))
    .sort((a, b) => b.stride - a.stride);
  const inside = (rest: string, axis: number, from: string): readonly string[] =>
    writer.within(() => {
      const next = axes[axis];
      if (!next) {
        const taken = writer.within(() => writer.add(`${target} = ${writer.load(value, writer.index(from))};`));
        for (const line of [dialect.whenLess(rest, 1, taken)]) writer.add(line);
        return;
      }
      const place = writer.index(dialect.quotient(rest, next.stride));
      const left = writer.index(dialect.remainder(rest, next.stride));
      const index = writer.index(`${from} + ${place} * ${next.weight}`);
      writer.add(dialect.whenLess(place, next.extent, inside(left, axis + 1, index)));
    });
  const rest = writer.index(`${at} - ${offset}`);
  writer.add(dialect.whenLess("-1", rest, inside(rest, 0, "0")));
}
