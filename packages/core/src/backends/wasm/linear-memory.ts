// Memory for the kernels: one WebAssembly memory, handed out in blocks of fixed classes of size. A block that was given
// back is the next one of its class to be handed out, so a step that was run once allocates nothing the second time.

import { BackendError } from "../../errors.js";
import { MAXIMUM_PAGES } from "./kernels.js";

const PAGE = 65_536;
const ALIGNMENT = 64;

/** What a memory holds. */
export interface MemoryStatistics {
  /** Pages of 64 KiB. */
  readonly pages: number;
  /** Bytes in use, as asked for and rounded up to their classes. */
  readonly liveBytes: number;
  /** Blocks in use. */
  readonly liveBlocks: number;
  /** Bytes ever taken from the end of the memory: what they are now, in use or waiting to be. */
  readonly takenBytes: number;
}

interface MemoryOptions {
  readonly shared: boolean;
  readonly maximumPages?: number;
  readonly reserved: number;
}

/** A growing memory and its free blocks. */
export class LinearMemory {
  readonly memory: WebAssembly.Memory;
  readonly shared: boolean;
  readonly #free: number[][] = [];
  readonly #start: number;
  #end: number;
  #liveBytes = 0;
  #liveBlocks = 0;
  #buffer: ArrayBufferLike;

  /** Whatever lies below `reserved`, at least 1, is left to who makes the memory; address 0 is nobody's. */
  constructor({ shared, maximumPages = MAXIMUM_PAGES, reserved }: MemoryOptions) {
    this.shared = shared;
    this.#start = Math.ceil(reserved / ALIGNMENT) * ALIGNMENT;
    this.#end = this.#start;
    this.memory = new WebAssembly.Memory({ initial: 16, maximum: maximumPages, shared });
    this.#buffer = this.memory.buffer;
  }

  /** The address of a block of at least `bytes` bytes, a multiple of 64. @throws BackendError where memory runs out */
  allocate(bytes: number): number {
    const index = classOf(bytes);
    const pointer = this.#free[index]?.pop() ?? this.#take(classBytes(index));
    this.#liveBytes += classBytes(index);
    this.#liveBlocks++;
    return pointer;
  }

  /** Gives a block back. `bytes` is what `allocate` was asked for. */
  release(pointer: number, bytes: number): void {
    const index = classOf(bytes);
    this.#liveBytes -= classBytes(index);
    this.#liveBlocks--;
    let list = this.#free[index];
    if (!list) {
      list = [];
      this.#free[index] = list;
    }
    list.push(pointer);
  }

  /** Calls `use` with the address of a block that is given back after the call, also where that throws. */
  lend(bytes: number, use: (at: number) => void): void {
    const at = this.allocate(bytes);
    try {
      use(at);
    } finally {
      this.release(at, bytes);
    }
  }

  /** The memory's bytes, anew after each growth. Views of it do not outlive the next `allocate`. */
  get buffer(): ArrayBufferLike {
    if (this.#buffer.byteLength === 0) this.#buffer = this.memory.buffer;
    return this.#buffer;
  }

  /** What is in use. */
  statistics(): MemoryStatistics {
    return {
      pages: this.buffer.byteLength / PAGE,
      liveBytes: this.#liveBytes,
      liveBlocks: this.#liveBlocks,
      takenBytes: this.#end - this.#start,
    };
  }

  #take(bytes: number): number {
    const pointer = this.#end;
    const missing = pointer + bytes - this.buffer.byteLength;
    if (missing > 0) this.#grow(missing);
    this.#end = pointer + bytes;
    return pointer;
  }

  /** Grows by an eighth at least, so that growing is rare. */
  #grow(missing: number): void {
    const pages = Math.ceil(missing / PAGE);
    const generous = Math.max(pages, this.buffer.byteLength / PAGE / 8);
    try {
      this.memory.grow(Math.ceil(generous));
    } catch {
      try {
        this.memory.grow(pages);
      } catch (cause) {
        const held = Math.round(this.#liveBytes / 2 ** 20);
        throw new BackendError("wasm", `out of memory: ${missing} bytes more than there are, ${held} MiB in use`, {
          cause,
        });
      }
    }
    this.#buffer = this.memory.buffer;
  }
}

/** Sizes 64, 128, 192, 256, then four classes for each power of two: at most a fifth of a block is unused. */
function classOf(bytes: number): number {
  const units = Math.max(1, Math.ceil(bytes / ALIGNMENT));
  if (units <= 4) return units - 1;
  // a size beyond all memory is asked for, too, and refused by its true number of bytes
  const power = units < 2 ** 31 ? 31 - Math.clz32(units - 1) : Math.floor(Math.log2(units - 1));
  const step = 2 ** (power - 2);
  return 4 * (power - 1) + Math.ceil((units - 2 ** power) / step) - 1;
}

function classBytes(index: number): number {
  if (index < 4) return (index + 1) * ALIGNMENT;
  const power = Math.floor(index / 4) + 1;
  return (2 ** power + ((index % 4) + 1) * 2 ** (power - 2)) * ALIGNMENT;
}
