// Buffers of the gpu backend. A buffer stands for float32 values that are there, or for a promise of them: modes that
// answer at once never wait, and webgpu, which always answers later, chains.
//
// Values are never changed once a buffer holds them: `assign` puts other values in their place. A call therefore takes
// what its buffers held when it was made, however long it waits, and calls keep their order.

import { BackendError, ShapeError } from "../../errors.js";
import type { BackendBuffer } from "../backend.js";

/** The values of a buffer. Nobody writes to them. */
export type Values = Float32Array<ArrayBufferLike>;

/** Something that is there, or will be. */
export type Pending<T> = T | Promise<T>;

/** Memory of the gpu backend. Made and read through its `GpuBuffers`. */
export class GpuBuffer implements BackendBuffer {
  readonly dtype = "float32";
  /** Whoever made it. */
  readonly owner: GpuBuffers;
  readonly size: number;
  /** Nothing once it was given back. */
  held: Pending<Values> | undefined;

  constructor(owner: GpuBuffers, held: Pending<Values>, size: number) {
    this.owner = owner;
    this.held = held;
    this.size = size;
  }
}

/** Makes, reads and fills the buffers of one backend, until it is disposed. */
export class GpuBuffers {
  readonly #where: string;
  #closed = false;

  constructor(where: string) {
    this.#where = where;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Refuses everything from here on. */
  close(): void {
    this.#closed = true;
  }

  /** A buffer of values that nobody else writes to. */
  create(values: Pending<Values>, size: number): GpuBuffer {
    this.#checkOpen();
    return new GpuBuffer(this, this.#expect(values, size), size);
  }

  /** What a buffer holds now. */
  valuesOf(buffer: BackendBuffer): Pending<Values> {
    const { held } = this.#own(buffer);
    if (held === undefined) throw new BackendError(this.#where, "was handed a buffer that was given back");
    return held;
  }

  /** Has a buffer hold other values from here on. Calls made before keep what they took. */
  replace(buffer: BackendBuffer, values: Pending<Values>): void {
    this.#own(buffer).held = this.#expect(values, buffer.size);
  }

  /** Lets go of what a buffer holds. */
  release(buffer: BackendBuffer): void {
    if (buffer instanceof GpuBuffer && buffer.owner === this) buffer.held = undefined;
  }

  #own(buffer: BackendBuffer): GpuBuffer {
    this.#checkOpen();
    if (buffer instanceof GpuBuffer && buffer.owner === this) return buffer;
    throw new BackendError(this.#where, "was handed a buffer of another backend");
  }

  #checkOpen(): void {
    if (this.#closed) throw new BackendError(this.#where, "the backend was disposed; call useBackend again");
  }

  /** The same values, refused where they are not `size` many. */
  #expect(values: Pending<Values>, size: number): Pending<Values> {
    if (values instanceof Float32Array) return this.#checkSize(values, size);
    const checked = values.then((arrived) => this.#checkSize(arrived, size));
    // what went wrong is told to whoever reads the buffer; nobody needs to read it
    checked.catch(() => undefined);
    return checked;
  }

  #checkSize(values: Values, size: number): Values {
    if (values.length === size) return values;
    throw new ShapeError(this.#where, `a buffer of ${size} values was given ${values.length}`);
  }
}

/** Calls `compute` with the values, at once where all of them are there. */
export function whenReady<const Inputs extends readonly Pending<Values>[], Result>(
  inputs: Inputs,
  compute: (values: { readonly [Index in keyof Inputs]: Values }) => Pending<Result>,
): Pending<Result> {
  type All = { readonly [Index in keyof Inputs]: Values };
  if (inputs.every((input) => input instanceof Float32Array)) return compute(inputs as All);
  return Promise.all(inputs).then((values) => compute(values as All));
}
