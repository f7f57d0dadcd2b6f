// Making an engine: how many threads it gets here, and its kernels compiled now or in a while.

import { BackendError } from "../../errors.js";
import { Engine } from "./engine.js";
import { kernelBytes } from "./kernels.js";
import { LinearMemory } from "./linear-memory.js";
import { availableThreads, canShareMemory } from "./start-worker.js";
import { MAXIMUM_THREADS } from "./thread-pool.js";

/** Options of an engine. */
export interface EngineOptions {
  /** Threads that compute, the calling one included: in [1, 64]; by default as many as the machine runs, at most 8. */
  readonly threads?: number;
  /** The most pages of 64 KiB that the memory may have; 65,536 (4 GiB) by default. */
  readonly maximumPages?: number;
}

/** An engine, now. In browsers' main threads compiling now is refused for large modules: use `createEngine` there. */
export function createEngineSync(options: EngineOptions = {}): Engine {
  const { memory, threads } = prepare(options);
  try {
    return new Engine(new WebAssembly.Module(kernelBytes(memory.shared)), memory, threads);
  } catch (error) {
    throw explained(error);
  }
}

/** An engine, once its kernels are compiled. @throws BackendError for a number of threads that cannot be had */
export async function createEngine(options: EngineOptions = {}): Promise<Engine> {
  const { memory, threads } = prepare(options);
  try {
    return new Engine(await WebAssembly.compile(kernelBytes(memory.shared)), memory, threads);
  } catch (error) {
    throw explained(error);
  }
}

function explained(cause: unknown): unknown {
  if (!(cause instanceof WebAssembly.CompileError) && !(cause instanceof RangeError)) return cause;
  const needs = "they need WebAssembly with SIMD; without waiting, a browser's main thread may refuse them too";
  return new BackendError("wasm", `the kernels do not compile here (${cause.message}): ${needs}`, { cause });
}

function prepare({ threads, maximumPages }: EngineOptions) {
  const shareable = canShareMemory();
  const count = threads ?? (shareable ? Math.min(8, availableThreads()) : 1);
  if (!Number.isInteger(count) || count < 1 || count > MAXIMUM_THREADS) {
    throw new BackendError("wasm", `threads must be a whole number in [1, ${MAXIMUM_THREADS}], got ${count}`);
  }
  if (count > 1 && !shareable) {
    throw new BackendError("wasm", `${count} threads need shared memory: the page must be cross-origin isolated`);
  }
  const limit = maximumPages === undefined ? {} : { maximumPages };
  return { memory: new LinearMemory({ shared: count > 1, ...limit }), threads: count };
}
