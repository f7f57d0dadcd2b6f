// Making an engine: how many threads it gets here, and its kernels compiled now or in a while.

import { BackendError } from "../../errors.js";
import { Engine, type EngineParts, type NativeKernel } from "./engine.js";
import { compile, compileNow, explained, requireWebAssembly, sharingOf } from "./kernel-modules.js";
import { endOfPlaces, kernelBytes } from "./kernels.js";
import { LinearMemory } from "./linear-memory.js";
import { availableThreads, canShareMemory, whyNoWorkers } from "./start-worker.js";
import { MAXIMUM_THREADS, POOL_END } from "./thread-pool.js";
import { compileWide, requireWide } from "./wide.js";

/** Options of an engine. */
export interface EngineOptions {
  /**
   * Threads that compute, the calling one included: in [1, 64]. By default as many as the machine runs, at most 8, or
   * one where no worker can start.
   */
  readonly threads?: number;
  /** Whether products may use fused multiply-add: faster, and with bits that differ from machine to machine. Default: no. */
  readonly relaxed?: boolean;
  /** Whether kernels compute with vectors of 256 bits, which V8 has as an experiment: faster, the same bits. Default: no. */
  readonly wide?: boolean;
  /** The compiled kernels, from kernels.wasm (one thread) or kernels-threads.wasm; by default they are compiled here. */
  readonly module?: WebAssembly.Module;
  /** The most pages of 64 KiB that the memory may have; 65,536 (4 GiB) by default. */
  readonly maximumPages?: number;
}

/** An engine, now. In browsers' main threads compiling now is refused for large modules: use `createEngine` there. */
export function createEngineSync(options: EngineOptions = {}): Engine {
  const { memory, bytes, ...parts } = prepare(options);
  try {
    if (options.wide) return wideEngine(compileWide(bytes), memory, parts);
    return new Engine(options.module ? [options.module] : compileNow(bytes), memory, parts);
  } catch (error) {
    throw explained(error, options);
  }
}

/**
 * An engine, once its kernels are compiled and, where that is not known before, it has shown whether workers start here.
 *
 * @param native a function that takes part like a kernel, under the name "native"
 * @throws BackendError for a number of threads, or for vectors of 256 bits, that cannot be had
 */
export async function createEngine(options: EngineOptions = {}, native?: NativeKernel): Promise<Engine> {
  const { memory, bytes, ...parts } = prepare(options);
  try {
    const engine = options.wide
      ? wideEngine(compileWide(bytes), memory, { ...parts, native })
      : new Engine(options.module ? [options.module] : await compile(bytes), memory, { ...parts, native });
    return await withWorkers(engine, options);
  } catch (error) {
    throw explained(error, options);
  }
}

async function withWorkers(engine: Engine, { threads }: EngineOptions): Promise<Engine> {
  try {
    if (threads === undefined) await engine.crew?.probe();
    else await engine.crew?.requireAll();
    return engine;
  } catch (error) {
    engine.dispose();
    throw error;
  }
}

/** An engine whose workers do not start where its vectors are not wider for being compiled so. */
function wideEngine(modules: WebAssembly.Module[], memory: LinearMemory, parts: EngineParts): Engine {
  const engine = new Engine(modules, memory, { ...parts, wide: true });
  requireWide(engine);
  return engine;
}

/** Why a caller's module has no threads. */
const ONE_THREAD = "`module` is for one thread; take that of @adjoint/core/kernels-threads.wasm";

function prepare(options: EngineOptions) {
  requireWebAssembly();
  const { threads, relaxed = false, module, maximumPages } = options;
  const sharing = sharingOf(options);
  const obstacle = sharing === "unshared" ? ONE_THREAD : whyNoWorkers();
  const usual = Math.min(8, availableThreads());
  const count = threads ?? (obstacle === undefined ? usual : 1);
  if (!Number.isInteger(count) || count < 1 || count > MAXIMUM_THREADS) {
    throw new BackendError("wasm", `threads must be a whole number in [1, ${MAXIMUM_THREADS}], got ${count}`);
  }
  if (count > 1 && obstacle !== undefined) {
    throw new BackendError("wasm", `${count} threads cannot be had: ${obstacle}, or ask for 1`);
  }
  const shared = sharing === undefined ? count > 1 : sharing === "shared";
  if (shared && !canShareMemory()) {
    throw new BackendError("wasm", "memory cannot be shared here; take the `module` of @adjoint/core/kernels.wasm");
  }
  const limit = maximumPages === undefined ? {} : { maximumPages };
  const memory = new LinearMemory(
    shared ? { shared, reserved: POOL_END, ...limit } : { shared, reserved: endOfPlaces(1), ...limit },
  );
  const limitation = threads === undefined && usual > 1 ? obstacle : undefined;
  return { memory, threads: count, limitation, bytes: module ? [] : kernelBytes(shared, relaxed) };
}
