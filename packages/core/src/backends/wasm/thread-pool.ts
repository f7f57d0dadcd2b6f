// The workers of an engine. A job is a list of parts in shared memory. Every thread, the calling one too, takes the next
// part that is left until none is: one that the system holds up, or that has to wake first, holds up nobody but the
// part it has. The caller takes them from the start and workers from the end, so that each finds in its cache what it
// wrote there before. Which thread does what never changes a result: a job has the same bits in any number of parts.

import { BackendError } from "../../errors.js";
import { KERNEL_NAMES, type Kernel, type KernelName, type Kernels } from "./kernels.js";
import { type StartedWorker, startWorker } from "./start-worker.js";
import { type NativeSource, POOL } from "./worker-source.js";

/** The most threads that a pool has, the calling one included. */
export const MAXIMUM_THREADS = 64;
/** The most parts that a job has. */
export const MAXIMUM_PARTS = POOL.parts;
/** Where the pool's part of the memory begins: in the first page, which nobody else uses. */
const ADDRESS = 1024;
/** How often the caller looks before it sleeps, or looks whether a worker is still there. */
const SPINS = 100_000;
/** A part takes about as long as one of the caller's own; one that takes so much longer (in ms), or a start, never ends. */
const PATIENCE = 60_000;

/** The values of a call, one list for each part. */
export type Parts = readonly (readonly number[])[];

/** Workers over one shared memory. */
export class ThreadPool {
  readonly #kernels: Kernels;
  readonly #shared: Int32Array;
  readonly #values: Float64Array;
  readonly #workers: StartedWorker[] = [];
  readonly #maySleep = canSleep();
  #problem: string | undefined;
  #closed = false;

  /** Starts `threads` − 1 workers. They take part as soon as each is up; nothing waits for them. */
  constructor(
    modules: readonly WebAssembly.Module[],
    memory: WebAssembly.Memory,
    kernels: Kernels,
    threads: number,
    native?: NativeSource,
  ) {
    this.#kernels = kernels;
    this.#shared = new Int32Array(memory.buffer, ADDRESS, POOL.values / 4);
    this.#values = new Float64Array(memory.buffer, ADDRESS + POOL.values, POOL.parts * POOL.valueCount);
    for (let thread = 1; thread < threads; thread++) {
      const start = { modules, memory, names: KERNEL_NAMES, address: ADDRESS, thread, ...(native ? { native } : {}) };
      const worker = startWorker(start, (reason) => {
        if (!this.#closed) this.#problem ??= `worker ${thread} is gone: ${reason}`;
      });
      this.#workers.push(worker);
    }
  }

  /** How many threads compute now: the calling one and the workers that are up. */
  get threads(): number {
    return 1 + Atomics.load(this.#shared, POOL.ready);
  }

  /** How many threads compute once all workers are up. */
  get wantedThreads(): number {
    return 1 + this.#workers.length;
  }

  /**
   * Resolves when all workers are up. Rejects with a BackendError where one cannot be started, or does not answer for a
   * minute; the threads that are up go on computing then.
   */
  async ready(): Promise<void> {
    const began = performance.now();
    while (this.threads < this.wantedThreads && !this.#closed) {
      this.#refuseBroken();
      if (performance.now() - began > PATIENCE) {
        const counts = `${this.threads} of ${this.wantedThreads} threads`;
        throw new BackendError(
          "wasm",
          `after ${PATIENCE / 1000} s, ${counts} are up; go on with those, or ask for fewer`,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  /**
   * Calls a kernel once for each part, of which there are at most `MAXIMUM_PARTS`, and returns when all have ended.
   *
   * @throws BackendError where a thread failed, now or before
   */
  run(kernel: KernelName, parts: Parts): void {
    this.#refuseBroken();
    const call = this.#kernels[kernel] as Kernel;
    this.#publish(KERNEL_NAMES.indexOf(kernel), parts);
    let own = 0;
    while (Atomics.sub(this.#shared, POOL.left, 1) > 0) {
      try {
        call(...(parts[own] as number[]));
      } catch {
        // the others go on for now: nothing may be freed before all have ended
        Atomics.store(this.#shared, POOL.failed, 1);
      }
      own++;
    }
    this.#join(parts.length - own);
  }

  /** Ends all workers. */
  close(): void {
    this.#closed = true;
    this.#publish(-1, []);
    for (const worker of this.#workers) worker.terminate();
    this.#workers.length = 0;
  }

  #publish(code: number, parts: Parts): void {
    const shared = this.#shared;
    for (let i = 0; i < parts.length; i++) this.#values.set(parts[i] as number[], i * POOL.valueCount);
    Atomics.store(shared, POOL.kernel, code);
    Atomics.store(shared, POOL.done, 0);
    Atomics.store(shared, POOL.end, parts.length);
    Atomics.store(shared, POOL.left, parts.length);
    Atomics.add(shared, POOL.generation, 1);
    if (Atomics.load(shared, POOL.asleep)) Atomics.notify(shared, POOL.generation);
  }

  /** Waits until workers have finished `count` parts. */
  #join(count: number): void {
    const shared = this.#shared;
    let done = Atomics.load(shared, POOL.done);
    let start = 0;
    while (done !== count) {
      const now = this.#kernels.spinWhile(ADDRESS + 4 * POOL.done, done, SPINS);
      if (now === done) {
        start ||= performance.now();
        if (performance.now() - start > PATIENCE) this.#problem = "a worker does not answer";
        this.#refuseBroken();
        this.#sleepWhile(done);
      }
      done = Atomics.load(shared, POOL.done);
    }
    if (Atomics.load(shared, POOL.failed)) this.#problem = "a kernel failed";
    this.#refuseBroken();
  }

  #sleepWhile(done: number): void {
    if (!this.#maySleep) return;
    Atomics.store(this.#shared, POOL.callerAsleep, 1);
    Atomics.wait(this.#shared, POOL.done, done, 100);
    Atomics.store(this.#shared, POOL.callerAsleep, 0);
  }

  #refuseBroken(): void {
    if (this.#problem) throw new BackendError("wasm", `${this.#problem}; dispose the backend and choose one anew`);
  }
}

/** Whether this thread may sleep: a browser's main thread may not. */
function canSleep(): boolean {
  try {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 1, 0);
    return true;
  } catch {
    return false;
  }
}
