// What the parts of the engine need of it: kernels over a memory, run by as many threads as their size is worth.

import type { KernelName, Kernels } from "./kernels.js";
import type { LinearMemory } from "./linear-memory.js";

/** An address in the engine's memory. */
export type Address = number;

/** So many elements are worth another thread where memory sets the pace. */
export const GRAIN_CHEAP = 32_768;
/** So many are, where computing does. */
const GRAIN_DEAR = 6_144;
const DEAR: ReadonlySet<string> = new Set(["exp", "log", "tanh", "sigmoid", "softplus", "pow"]);

/** How many elements of an elementwise function are worth another thread. */
export function costs(name: string): number {
  return DEAR.has(name) ? GRAIN_DEAR : GRAIN_CHEAP;
}

/** Kernels, their memory and their threads, as products, reductions and copies use them. What they write is there later. */
export interface KernelRunner {
  readonly memory: LinearMemory;
  readonly kernels: Kernels;
  /** Whether products use fused multiply-add, and leave their epilogue to be done after. */
  readonly relaxed: boolean;
  /** Threads that compute now: it rises while workers come up, from one line of code to the next. */
  readonly threads: number;
  /** Threads that compute once all are up. */
  readonly wantedThreads: number;

  /** Calls a kernel once, after all that was called before. */
  call(kernel: KernelName, values: number[]): void;

  /** Calls `use` with the address of 32-bit whole numbers, which kernels called in there find. */
  lendIntegers(values: ArrayLike<number>, use: (at: Address) => void): void;

  /**
   * Calls a kernel on `length` items, cut for as many threads as have at least `grain` of them: see shares.ts.
   *
   * @param step each part but the last is a multiple of it
   * @param values the kernel's values for the items [from, to); called once for each part
   */
  split(
    kernel: KernelName,
    length: number,
    grain: number,
    step: number,
    values: (from: number, to: number) => number[],
  ): void;
}
