// The languages in which kernels are written, as far as they differ. A kernel computes, for each flat index of its
// result, statements that end in a value.

import type { FunctionName } from "./expression.js";
import type { IndexMap } from "./index-map.js";
import type { KernelDescription } from "./kernel-cache.js";

/** How the threads of a kernel lie: `columns` by `rows`, with `columns · rows` at least the number of results. */
export interface Threads {
  readonly columns: number;
  readonly rows: number;
}

/** The parts of a kernel that its program is put together from. */
export interface ProgramParts {
  /** How many array arguments it takes, named by their numbers. */
  readonly arrays: number;
  /** Numbers that it takes after them. */
  readonly numbers: number;
  readonly statements: readonly string[];
  /** The value of the thread. */
  readonly result: string;
  /** Helpers that were called. */
  readonly helpers: ReadonlySet<string>;
}

/** Writes kernels in one language. All it returns is text; `index` texts are whole numbers, the others floats. */
export interface Dialect {
  /** The threads of a kernel of `size` results that reads through `maps`; undefined where it cannot be written. */
  threadsFor(size: number, maps: readonly IndexMap[]): Threads | undefined;
  /** The flat index of the thread. */
  threadIndex(threads: Threads): string;
  /** Where element `at` of a map lies. `threads` are those of the kernel where `at` is its thread's index. */
  indexThrough(map: IndexMap, at: string, threads?: Threads): string;
  /** at / divisor, rounded down, of an index that is no thread's and below 2²⁴ in scripts. */
  quotient(at: string, divisor: number): string;
  /** The remainder of the same. */
  remainder(at: string, divisor: number): string;
  /** An array argument's element. */
  load(array: number, index: string): string;
  /** A number argument. */
  number(place: number): string;
  /** A whole number that is stored as a float, as an index. */
  toIndex(text: string): string;
  /** The part of an index that is the counter of a loop. */
  counter(name: string): string;
  /** The counter of a loop as a float. */
  counted(name: string): string;
  /** A function of names or numbers; what it needs is added to `helpers`. */
  apply(name: FunctionName, inputs: readonly string[], helpers: Set<string>): string;
  /** Byte `place` (an index, 0 to 2) of three that are packed in a number. */
  byte(packed: string, place: string, helpers: Set<string>): string;
  /** Statements: a constant, an index that is used more than once, a variable, a new value of it, a loop. */
  constant(name: string, value: string): string;
  /** Names an index, or gives it back where indices cannot be named. */
  nameIndex(name: string, value: string): { readonly statement: string; readonly text: string };
  variable(name: string, value: string): string;
  loop(counter: string, count: number, statements: readonly string[]): string;
  /** Does `statements` where index `at` is less than `limit`. */
  whenLess(at: string, limit: number | string, statements: readonly string[]): string;
  /** −∞ or ∞. */
  infinity(sign: 1 | -1, helpers: Set<string>): string;
  /** The whole of it, as gpu.js takes it. */
  describe(parts: ProgramParts, threads: Threads, lengths: readonly number[], results: number): KernelDescription;
}
