// Free blocks of a memory: split when part of one is taken, joined with free neighbours when given back. Two-level
// segregated fit (Masmano, Ripoll, Crespo and Real, "TLSF: a new dynamic memory allocator for real-time systems", 2004):
// lists by size class and bitmaps of those that are not empty, so taking and giving back are O(1). Which block is taken
// depends on nothing but the calls so far. Sizes and addresses are in units; the memory is never touched.

/** Classes per power of two, as a power of two: a size is rounded up by less than 1/32. */
const CLASS_BITS = 5;
const CLASSES = 1 << CLASS_BITS;

/** A block, in use or free, linked with its neighbours in the memory. */
class Block {
  readonly at: number;
  size: number;
  free = false;
  before: Block | undefined;
  after: Block | undefined;
  /** Neighbours in the list of free blocks of the same class. */
  previous: Block | undefined = undefined;
  next: Block | undefined = undefined;

  constructor(at: number, size: number, before: Block | undefined, after: Block | undefined) {
    this.at = at;
    this.size = size;
    this.before = before;
    this.after = after;
  }
}

/** The class of a size: of all blocks of at least that size and below the next class. */
export function classOf(size: number): number {
  if (size < CLASSES) return size;
  const shift = 31 - CLASS_BITS - Math.clz32(size);
  return (shift + 1) * CLASSES + (size >>> shift) - CLASSES;
}

/** The least size of its class that is not below `size`, so that any block of that class is large enough. */
export function roundUp(size: number): number {
  if (size < CLASSES) return Math.max(1, size);
  const step = 1 << (31 - CLASS_BITS - Math.clz32(size));
  return Math.ceil(size / step) * step;
}

/** The blocks of one memory, which begins with none. */
export class BlockPool {
  /** The first free block of each class. */
  readonly #heads: (Block | undefined)[] = [];
  /** For each power of two, a bit for each class with free blocks; and a bit for each power that has any. */
  readonly #filled = new Int32Array(32);
  #filledPowers = 0;
  readonly #taken = new Map<number, Block>();
  #last: Block | undefined;

  /** The size of the free block at the end of the memory; 0 where the last block is in use. */
  get freeAtEnd(): number {
    return this.#last?.free ? this.#last.size : 0;
  }

  /** Whether `take` would find a block. @param size as `roundUp` gives it */
  has(size: number): boolean {
    return this.#classAbove(classOf(size)) >= 0;
  }

  /** Takes a block of exactly `size`, as `roundUp` gives it. Its address, or undefined where none is large enough. */
  take(size: number): number | undefined {
    const found = this.#classAbove(classOf(size));
    if (found < 0) return undefined;
    const block = this.#heads[found] as Block;
    this.#unlink(block);
    this.#split(block, size);
    this.#taken.set(block.at, block);
    return block.at;
  }

  /** Gives back the block at an address that `take` returned. */
  give(at: number): void {
    const block = this.#taken.get(at);
    if (!block) throw new RangeError(`no block in use at ${at}`);
    this.#taken.delete(at);
    this.#link(this.#join(block));
  }

  /** Adds `size` units behind the last block, free. @param at where the memory begins; heeded the first time */
  extend(size: number, at: number): void {
    const last = this.#last;
    const start = last ? last.at + last.size : at;
    const added = new Block(start, size, last, undefined);
    if (last) last.after = added;
    this.#last = added;
    this.#link(this.#join(added));
  }

  /** The first class at or above `least` that has free blocks; −1 where there is none. */
  #classAbove(least: number): number {
    let power = least >> CLASS_BITS;
    let bits = (this.#filled[power] as number) & (-1 << (least & (CLASSES - 1)));
    if (bits === 0) {
      const powers = this.#filledPowers & (-2 << power);
      if (powers === 0) return -1;
      power = lowestBit(powers);
      bits = this.#filled[power] as number;
    }
    return (power << CLASS_BITS) + lowestBit(bits);
  }

  /** Cuts a block to `size`; the rest is a free block behind it. */
  #split(block: Block, size: number): void {
    const rest = block.size - size;
    if (rest === 0) return;
    const added = new Block(block.at + size, rest, block, block.after);
    if (block.after) block.after.before = added;
    else this.#last = added;
    block.after = added;
    block.size = size;
    this.#link(added);
  }

  /** Makes one block of it and its free neighbours, which is in no list. */
  #join(block: Block): Block {
    const { before, after } = block;
    if (after?.free) {
      this.#unlink(after);
      this.#absorb(block, after);
    }
    if (!before?.free) return block;
    this.#unlink(before);
    this.#absorb(before, block);
    return before;
  }

  #absorb(block: Block, after: Block): void {
    block.size += after.size;
    block.after = after.after;
    if (after.after) after.after.before = block;
    else this.#last = block;
  }

  #link(block: Block): void {
    const index = classOf(block.size);
    const next = this.#heads[index];
    block.free = true;
    block.previous = undefined;
    block.next = next;
    if (next) next.previous = block;
    this.#heads[index] = block;
    const power = index >> CLASS_BITS;
    (this.#filled[power] as number) |= 1 << (index & (CLASSES - 1));
    this.#filledPowers |= 1 << power;
  }

  #unlink(block: Block): void {
    const { previous, next } = block;
    block.free = false;
    if (next) next.previous = previous;
    if (previous) {
      previous.next = next;
      return;
    }
    const index = classOf(block.size);
    this.#heads[index] = next;
    if (next) return;
    const power = index >> CLASS_BITS;
    (this.#filled[power] as number) &= ~(1 << (index & (CLASSES - 1)));
    if (this.#filled[power] === 0) this.#filledPowers &= ~(1 << power);
  }
}

function lowestBit(bits: number): number {
  return 31 - Math.clz32(bits & -bits);
}
