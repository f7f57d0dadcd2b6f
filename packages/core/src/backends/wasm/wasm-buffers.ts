// Buffers of the wasm backend. A buffer lies in the linear memory as long as a scope owns it, and is freed when that
// ends, so that a step that was run once allocates nothing the second time. What belongs to no scope is copied to an
// ordinary array, which the garbage collector takes; kernels that read it copy it in for the length of the call. Of
// parameters, which lie in the linear memory for long, and what is done when that gets full, see residents.ts.

import { BackendError } from "../../errors.js";
import type { Backend, BackendBuffer } from "../backend.js";
import type { Engine } from "./engine.js";
import type { Address } from "./kernel-runner.js";
import { Residents } from "./residents.js";

/** Memory of the wasm backend: at an address of the linear memory, or in an array of its own. */
export interface WasmBuffer extends BackendBuffer {
  /** 0 once it was freed, and for a buffer that has an array. */
  address: Address;
  values: Float32Array | undefined;
  /** Whether it has an array only for want of linear memory, and gets an address where it is used again. */
  movedOut: boolean;
  /** When it was read or written last, counted in calls of kernels. */
  lastUse: number;
  /** Of a parameter, and of whatever else is pinned. */
  pin: Pin | undefined;
}

/** What stands for a pinned buffer. It references the buffer only while that has an address. */
export interface Pin {
  buffer: WasmBuffer | undefined;
  /** What made the buffer. */
  readonly madeBy: string;
  /** The longest time between two uses, counted as `lastUse`. */
  interval: number;
}

/** What the memory of a wasm backend holds. */
export interface WasmMemory {
  /** Pages of 64 KiB that the linear memory has. It never shrinks. */
  readonly pages: number;
  /** Buffers that live in it. */
  readonly buffers: number;
  /** Bytes that those take. */
  readonly bytes: number;
  /** How often a buffer was moved out of it so far, to make room. */
  readonly movedOut: number;
  /** How often one came back, since it was used again. */
  readonly movedBack: number;
}

/** Makes, finds and frees the buffers of one backend, until it is closed. */
export class WasmBuffers {
  readonly #owner: Backend;
  readonly #engine: Engine;
  readonly #residents: Residents;
  #closed = false;
  /** Calls of kernels so far. A buffer whose last use is the present one is at work, and stays where it is. */
  #now = 0;

  constructor(owner: Backend, engine: Engine) {
    this.#owner = owner;
    this.#engine = engine;
    this.#residents = new Residents(owner, engine, () => this.#now);
    engine.memory.reclaimer = this.#residents;
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
    if (this.#closed) throw new BackendError(this.#owner.name, "the backend was disposed; call useBackend again");
  }

  /** What the linear memory holds now. */
  memory(): WasmMemory {
    const { pages, liveBlocks, liveBytes } = this.#engine.memory.statistics();
    const { movedOut, movedBack } = this.#residents;
    return { pages, buffers: liveBlocks, bytes: liveBytes, movedOut, movedBack };
  }

  /** A copy of what a buffer holds. */
  valuesOf(buffer: BackendBuffer): Float32Array {
    const { address, values, size } = this.own(buffer);
    return new Float32Array(values ?? this.#engine.floats(address, size));
  }

  /** Gives a buffer's memory back. */
  free(buffer: BackendBuffer): void {
    const own = this.own(buffer);
    if (own.pin) this.#residents.remove(own.pin);
    if (own.address) this.#engine.memory.release(own.address, 4 * own.size);
    own.address = 0;
    own.values = undefined;
  }

  /** The same values in an array of their own. */
  leaveToCollector(buffer: BackendBuffer): BackendBuffer {
    const own = this.own(buffer);
    own.movedOut = false;
    if (own.values) return own;
    const left = unplaced(own.size);
    left.values = this.valuesOf(own);
    this.free(own);
    return left;
  }

  /** Keeps a buffer in the linear memory for as long as there is room. Returns what frees it once nobody has it. */
  pin(buffer: BackendBuffer, madeBy: string): () => void {
    const own = this.own(buffer);
    const pin: Pin = { buffer: undefined, madeBy, interval: 0 };
    own.pin = pin;
    own.lastUse = this.#now;
    this.#residents.add(pin, own);
    return () => this.#abandon(pin);
  }

  /** A buffer of `size` values that are not set yet. */
  allocate(size: number): WasmBuffer {
    this.#touch([]);
    return this.#place(size);
  }

  /** A new buffer that `compute` fills; freed again where that fails. */
  make<const Inputs extends readonly BackendBuffer[]>(
    size: number,
    inputs: Inputs,
    compute: (out: Address, addresses: { readonly [I in keyof Inputs]: Address }) => void,
  ): BackendBuffer {
    this.#touch(inputs);
    const result = this.#place(size);
    try {
      this.#withAddresses(inputs, (addresses) => compute(result.address, addresses));
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
    this.#touch(inputs);
    this.#withAddresses(inputs, use);
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
    if (own.address === undefined) throw new BackendError(this.#owner.name, "was handed a buffer of another backend");
    if (own.address === 0 && !own.values) {
      throw new BackendError(this.#owner.name, "was handed a buffer that was freed");
    }
    return own as WasmBuffer;
  }

  /** Begins the next call of a kernel: what it uses stays where it is until the one after. */
  #touch(inputs: readonly BackendBuffer[]): void {
    const now = ++this.#now;
    for (const buffer of inputs) {
      const own = this.own(buffer);
      if (own.pin) own.pin.interval = Math.max(own.pin.interval, now - own.lastUse);
      own.lastUse = now;
    }
  }

  /** A buffer for the call at work. */
  #place(size: number): WasmBuffer {
    this.checkOpen();
    const buffer = unplaced(size);
    buffer.address = this.#engine.memory.allocate(4 * size);
    return buffer;
  }

  #withAddresses<const Inputs extends readonly BackendBuffer[]>(
    inputs: Inputs,
    use: (addresses: { readonly [I in keyof Inputs]: Address }) => void,
  ): void {
    const copies: WasmBuffer[] = [];
    try {
      const addresses = inputs.map((buffer) => {
        const own = this.own(buffer);
        if (own.movedOut) this.#residents.bringBack(own);
        if (!own.values) return own.address;
        const copy = this.#place(own.size);
        copies.push(copy);
        this.#engine.floats(copy.address, own.size).set(own.values);
        return copy.address;
      });
      use(addresses as { readonly [I in keyof Inputs]: Address });
    } finally {
      for (const copy of copies) this.free(copy);
    }
  }

  /** Called when a pinned buffer was collected. One that was moved out then has nothing to give back. */
  #abandon({ buffer }: Pin): void {
    if (buffer && !this.#closed) this.free(buffer);
  }
}

function unplaced(size: number): WasmBuffer {
  return { dtype: "float32", size, address: 0, values: undefined, movedOut: false, lastUse: 0, pin: undefined };
}
