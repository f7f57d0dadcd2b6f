// Memory for the kernels: one WebAssembly memory, handed out in blocks. A block that was given back is the next one of
// its size to be handed out, so a step that ran once allocates nothing the second time, and finds it where it was. Only
// when no such block waits are the waiting ones joined with their neighbours, others moved out, or the memory grown.

import { BackendError } from "../../errors.js";
import { BlockPool, classOf, roundUp } from "./block-pool.js";
import { MAXIMUM_PAGES } from "./kernels.js";

const PAGE = 65_536;
const ALIGNMENT = 64;
const UNITS_PER_PAGE = PAGE / ALIGNMENT;
/**
 * The pages up to which a memory grows before blocks are joined: 16 MiB. To join blocks and split them again in each step
 * took a small GAN a tenth of its time; with so much, every size has its own.
 */
const UNJOINED_PAGES = 256;
/** The pages up to which a memory grows before anything is moved out of it: 256 MiB. */
const COMFORTABLE_PAGES = 4096;

/** What a memory holds. */
export interface MemoryStatistics {
  /** Pages of 64 KiB. */
  readonly pages: number;
  /** Bytes in use, as asked for and rounded up to their classes. */
  readonly liveBytes: number;
  /** Blocks in use. */
  readonly liveBlocks: number;
}

/** Who can empty blocks of a memory, and say what holds the others. */
export interface Reclaimer {
  /** Whose memory it is, as errors name it. */
  readonly name: string;
  /** Gives blocks back until `enough`, or no more can be. Without `urgent`, only those that are not likely to be used soon. */
  makeRoom(enough: () => boolean, urgent: boolean): void;
  /** What holds the memory, as an error says it; empty for nothing. */
  describe(): string;
}

interface MemoryOptions {
  readonly shared: boolean;
  readonly maximumPages?: number;
  readonly reserved: number;
}

/** A growing memory and its blocks. */
export class LinearMemory {
  readonly memory: WebAssembly.Memory;
  readonly shared: boolean;
  /** Asked before the memory grows beyond 256 MiB, and before it has to refuse. */
  reclaimer: Reclaimer | undefined;
  readonly #maximumPages: number;
  readonly #pool = new BlockPool();
  /** Addresses of blocks that were given back, by class. The pool counts them as in use until they are joined. */
  readonly #waiting: number[][] = [];
  #liveUnits = 0;
  #liveBlocks = 0;
  #buffer: ArrayBufferLike;

  /** Whatever lies below `reserved`, at least 1, is left to who makes the memory; address 0 is nobody's. */
  constructor({ shared, maximumPages = MAXIMUM_PAGES, reserved }: MemoryOptions) {
    this.shared = shared;
    this.#maximumPages = maximumPages;
    this.memory = new WebAssembly.Memory({ initial: 16, maximum: maximumPages, shared });
    this.#buffer = this.memory.buffer;
    const start = Math.ceil(reserved / ALIGNMENT);
    this.#pool.extend(16 * UNITS_PER_PAGE - start, start);
  }

  /** The address of a block of at least `bytes` bytes, a multiple of 64. @throws BackendError where memory runs out */
  allocate(bytes: number): number {
    if (bytes > this.#maximumPages * PAGE) throw this.#outOfMemory(bytes);
    const units = roundUp(Math.ceil(bytes / ALIGNMENT));
    const at = this.#waiting[classOf(units)]?.pop() ?? this.#obtain(units, bytes);
    this.#liveUnits += units;
    this.#liveBlocks++;
    return at * ALIGNMENT;
  }

  /** Gives a block back. `bytes` is what `allocate` was asked for. */
  release(pointer: number, bytes: number): void {
    const units = roundUp(Math.ceil(bytes / ALIGNMENT));
    this.#liveUnits -= units;
    this.#liveBlocks--;
    const index = classOf(units);
    let list = this.#waiting[index];
    if (!list) {
      list = [];
      this.#waiting[index] = list;
    }
    list.push(pointer / ALIGNMENT);
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
      pages: this.#pages,
      liveBytes: this.#liveUnits * ALIGNMENT,
      liveBlocks: this.#liveBlocks,
    };
  }

  get #pages(): number {
    return this.buffer.byteLength / PAGE;
  }

  /** A block where none of its class waits. */
  #obtain(units: number, bytes: number): number {
    const found =
      this.#pool.take(units) ??
      this.#grownUnjoined(units) ??
      this.#joined(units) ??
      this.#grown(units) ??
      this.#reclaimed(units, true);
    if (found === undefined) throw this.#outOfMemory(bytes);
    return found;
  }

  /** A block of new memory, where there is little. */
  #grownUnjoined(units: number): number | undefined {
    if (this.#pages + this.#missingPages(units) > UNJOINED_PAGES) return undefined;
    return this.#grow(units) ? this.#pool.take(units) : undefined;
  }

  /** By how many pages the memory has to grow for a block at its end. */
  #missingPages(units: number): number {
    return Math.ceil((units - this.#pool.freeAtEnd) / UNITS_PER_PAGE);
  }

  /** A block after all that wait were joined with their neighbours. */
  #joined(units: number): number | undefined {
    for (const list of this.#waiting) {
      if (!list) continue;
      for (const at of list) this.#pool.give(at);
      list.length = 0;
    }
    return this.#pool.take(units);
  }

  #reclaimed(units: number, urgent: boolean): number | undefined {
    let found: number | undefined;
    this.reclaimer?.makeRoom(() => {
      found ??= this.#joined(units);
      return found !== undefined;
    }, urgent);
    return found;
  }

  /** A block of new memory; beyond 256 MiB only where nothing that lies idle made room. */
  #grown(units: number): number | undefined {
    const pages = this.#missingPages(units);
    if (this.#pages + pages > Math.min(COMFORTABLE_PAGES, this.#maximumPages)) {
      const found = this.#reclaimed(units, false);
      if (found !== undefined) return found;
    }
    return this.#grow(units) ? this.#pool.take(units) : undefined;
  }

  /** Grows by an eighth at least, so that growing is rare. Whether it could. */
  #grow(units: number): boolean {
    const before = this.#pages;
    const pages = this.#missingPages(units);
    const most = this.#maximumPages - before;
    if (pages > most) return false;
    for (const more of [Math.min(Math.max(pages, Math.ceil(before / 8)), most), pages]) {
      try {
        this.memory.grow(more);
      } catch {
        // more than the system has: fewer may do
        continue;
      }
      this.#buffer = this.memory.buffer;
      this.#pool.extend(more * UNITS_PER_PAGE, 0);
      return true;
    }
    return false;
  }

  #outOfMemory(bytes: number): BackendError {
    const inUse = `${inMiB(this.#liveUnits * ALIGNMENT)} of at most ${inMiB(this.#maximumPages * PAGE)} are in use`;
    const held = this.reclaimer?.describe() ?? "";
    const cure = "use smaller batches, or end scopes earlier";
    const where = this.reclaimer?.name ?? "wasm";
    return new BackendError(
      where,
      `out of memory: ${inMiB(bytes)} more are needed, ${inUse}${held && ` (${held})`}; ${cure}`,
    );
  }
}

/** Bytes as an error says them. */
export function inMiB(bytes: number): string {
  const size = bytes / 2 ** 20;
  if (size >= 10) return `${Math.round(size)} MiB`;
  return `${Number(size.toPrecision(2))} MiB`;
}
