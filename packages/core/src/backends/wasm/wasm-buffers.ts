// Buffers of the wasm backend. A buffer lies in the linear memory as long as a scope owns it, and is freed when that
// ends, so that a step that was run once allocates nothing the second time. What belongs to no scope is copied to an
// ordinary array, which the garbage collector takes; kernels that read it copy it in for the length of the call.

import { BackendError } from "../../errors.js";
import type { BackendBuffer } from "../backend.js";
import type { Engine } from "./engine.js";
import type { Address } from "./kernel-runner.js";

/** Memory of the wasm backend: at an address of the linear memory, or in an array of its own. */
export interface WasmBuffer extends BackendBuffer {
  /** 0 once it was freed, and for a buffer that has an array. */
  address: Address;
  readonly values: Float32Array | undefined;
}

/** What the memory of a wasm backend holds. */
export interface WasmMemory {
  /** Pages of 64 KiB that the linear memory has. It never shrinks. */
  readonly pages: number;
  /** Buffers that live in it. */
  readonly buffers: number;
  /** Bytes that those take. */
  readonly bytes: number;
}

/** Makes, finds and frees the buffers of one backend, until it is closed. */
export class WasmBuffers {
  readonly #where: string;
  readonly #engine: Engine;
  #closed = false;

  /** @param where the backend's name, as errors have it */
  constructor(where: string, engine: Engine) {
    this.#where = where;
    this.#engine = engine;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /** Refuses everything but freeing from here on. */
  close(): void {
    this.#closed = true;
  }

  /** Throws once it was closed. */
  checkOpen(): void {
    if (this.#closed) throw new BackendError(this.#where, "the backend was disposed; call useBackend again");
  }

  /** What the linear memory holds now. */
  memory(): WasmMemory {
    const { pages, liveBlocks, liveBytes } = this.#engine.memory.statistics();
    return { pages, buffers: liveBlocks, bytes: liveBytes };
  }

  /** A copy of what a buffer holds. */
  valuesOf(buffer: BackendBuffer): Float32Array {
    const { address, values, size } = this.own(buffer);
    return values ? values.slice() : Float32Array.from(this.#engine.floats(address, size));
  }

  /** Gives a buffer's memory back. */
  free(buffer: BackendBuffer): void {
    const own = this.own(buffer);
    if (own.values) return;
    this.#engine.memory.release(own.address, 4 * own.size);
    own.address = 0;
  }

  /** The same values in an array of their own. */
  leaveToCollector(buffer: BackendBuffer): BackendBuffer {
    const own = this.own(buffer);
    if (own.values) return own;
    const left: WasmBuffer = { dtype: "float32", size: own.size, address: 0, values: this.valuesOf(own) };
    this.free(own);
    return left;
  }

  /** A buffer of `size` values that are not set yet. */
  allocate(size: number): WasmBuffer {
    this.checkOpen();
    return { dtype: "float32", size, address: this.#engine.memory.allocate(4 * size), values: undefined };
  }

  /** A new buffer that `compute` fills; freed again where that fails. */
  make<const Inputs extends readonly BackendBuffer[]>(
    size: number,
    inputs: Inputs,
    compute: (out: Address, addresses: { readonly [I in keyof Inputs]: Address }) => void,
  ): BackendBuffer {
    const result = this.allocate(size);
    try {
      this.reading(inputs, (addresses) => compute(result.address, addresses));
      return result;
    } catch (error) {
      this.free(result);
      throw error;
    }
  }

  /** Calls `use` with the addresses of buffers; those that have arrays are copied in for the length of the call. */
  reading<const Inputs extends readonly BackendBuffer[]>(
    inputs: Inputs,
    use: (addresses: { readonly [I in keyof Inputs]: Address }) => void,
  ): void {
    const copies: WasmBuffer[] = [];
    try {
      const addresses = inputs.map((buffer) => {
        const { address, values, size } = this.own(buffer);
        if (!values) return address;
        const copy = this.allocate(size);
        copies.push(copy);
        this.#engine.floats(copy.address, size).set(values);
        return copy.address;
      });
      use(addresses as { readonly [I in keyof Inputs]: Address });
    } finally {
      for (const copy of copies) this.free(copy);
    }
  }

  /** Calls `kernel` with the addresses of a gradient and of what it changes in place. */
  updating(
    gradient: BackendBuffer,
    changed: readonly BackendBuffer[],
    kernel: (gradient: Address, changed: readonly Address[]) => void,
  ): void {
    this.checkOpen();
    this.reading([gradient, ...changed], ([slope, ...addresses]) => {
      kernel(slope as Address, addresses);
      changed.forEach((buffer, i) => {
        // what was copied in goes back to where it lives
        const { values } = this.own(buffer);
        values?.set(this.#engine.floats(addresses[i] as Address, buffer.size));
      });
    });
  }

  /** One of ours that was not freed. */
  own(buffer: BackendBuffer): WasmBuffer {
    const own = buffer as Partial<WasmBuffer> & BackendBuffer;
    if (own.address === undefined) throw new BackendError(this.#where, "was handed a buffer of another backend");
    if (own.address === 0 && !own.values) throw new BackendError(this.#where, "was handed a buffer that was freed");
    return own as WasmBuffer;
  }
}
