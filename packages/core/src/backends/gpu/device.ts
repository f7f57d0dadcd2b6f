// The memory of a mode: how values get there, come back, and are given up. Kernels do everything in between.

import { BackendError } from "../../errors.js";
import type { Handle, Pending, Values } from "./handle.js";

/** Where a mode of gpu.js keeps values. */
export interface Device {
  /** Whether results can be read without waiting. */
  readonly synchronous: boolean;
  /** Whether values lie in the memory of the host, so that handles are arrays. */
  readonly onHost: boolean;
  /** The most array arguments that a kernel takes. */
  readonly mostArguments: number;
  /** Whether so many values can lie in one handle. */
  fits(size: number): boolean;
  /** Takes a copy of values, not none. Throws BackendError for more than a handle holds. */
  upload(values: Values): Handle;
  /** A copy of the values. */
  read(handle: Handle, size: number): Pending<Values>;
  /** Gives a handle's memory back. */
  release(handle: Handle): void;
  /** What a kernel returned as a handle of `size` values. */
  adopt(result: unknown, size: number): Handle;
  /** Whether the device is gone, with all that lay on it. */
  isLost(): boolean;
}

/** What is thrown where values do not fit into one handle. */
export function tooLarge(where: string, size: number, limit: string): BackendError {
  return new BackendError(where, `${size} values do not fit into one buffer, which holds ${limit} here`);
}

/** The memory of the host, for the modes cpu and webasm: gpu.js copies what a kernel reads, and returns new arrays. */
export class HostDevice implements Device {
  readonly synchronous: boolean;
  readonly onHost = true;
  readonly mostArguments = 7;
  readonly #where: string;

  constructor(where: string, { synchronous = true } = {}) {
    this.#where = where;
    this.synchronous = synchronous;
  }

  fits(): boolean {
    return true;
  }

  upload(values: Values): Handle {
    return values.slice();
  }

  read(handle: Handle): Values {
    return (handle as Values).slice();
  }

  release(): void {
    // the garbage collector takes it
  }

  /** Results may be flat, rows, layers of rows, or rows of small arrays. */
  adopt(result: unknown, size: number): Handle {
    const flat = result instanceof Float32Array ? result : new Float32Array(size);
    const written = result instanceof Float32Array ? result.length : writeFlat(result, flat, 0);
    if (written !== size) throw new BackendError(this.#where, `a kernel returned ${written} values, not ${size}`);
    return flat;
  }

  isLost(): boolean {
    return false;
  }
}

/** Writes nested arrays of numbers one after the other, from `at` on, and returns where they end. */
function writeFlat(nested: unknown, flat: Float32Array, at: number): number {
  if (nested instanceof Float32Array) {
    // four values of a thread as often as rows of hundreds
    if (nested.length > 16 && at + nested.length <= flat.length) flat.set(nested, at);
    else for (let i = 0; i < nested.length; i++) flat[at + i] = nested[i] as number;
    return at + nested.length;
  }
  let end = at;
  if (Array.isArray(nested)) for (const part of nested as readonly unknown[]) end = writeFlat(part, flat, end);
  return end;
}
