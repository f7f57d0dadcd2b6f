// What a library's side of the benchmarks fulfils, in the process of the contestant.

import type { About, Task } from "./protocol.js";

/** Work that is ready to be timed. */
export interface Prepared {
  /** What it gives, for comparing with the others'. */
  readonly result: Float32Array;
  /** Done before each turn, and not timed. */
  readonly begin?: () => void;
  /** What is timed. */
  readonly call: () => void | Promise<void>;
  /** Waits until all that was called is done; absent where a call returns no sooner. */
  readonly settle?: () => Promise<void>;
  /** Gives back what it holds. */
  readonly forget?: () => void;
}

/** A library that takes part. */
export interface Implementation {
  about(): About;
  /** Throws an Error that says why where the library cannot do a task. */
  prepare(task: Task): Promise<Prepared>;
}

/** The error for a task that a library takes no part in. */
export function noPart(library: string, task: Task): Error {
  return new Error(`${library} takes no part in "${task.kind}"`);
}
