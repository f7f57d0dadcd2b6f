// The workers of an engine, and the queue of jobs that they and the calling thread share. The caller puts a job there and
// goes on: workers compute while it prepares the next ones, and it helps them when it has to wait. Jobs are computed in
// the order in which they came, each by all threads: every one takes the next part that is left until none is, so one
// that the system holds up, or that has to wake first, holds up nobody but the part it has. The caller takes parts from
// the start and workers from the end, so that each finds in its cache what it wrote there before. Which thread does
// what never changes a result: a job has the same bits in any number of parts.

import { BackendError } from "../../errors.js";
import { endOfPlaces, KERNEL_NAMES, type Kernel, type KernelName, type Kernels } from "./kernels.js";
import { availableThreads, type StartedWorker, startWorker } from "./start-worker.js";
import { LOOKS, type NativeSource, POOL, POOL_BYTES } from "./worker-source.js";

/** The most threads that a pool has, the calling one included. */
export const MAXIMUM_THREADS = 64;
/** The most parts that a job has. */
export const MAXIMUM_PARTS = 4 * MAXIMUM_THREADS;
/** Where the pool's part of the memory begins. */
const ADDRESS = endOfPlaces(MAXIMUM_THREADS);
/** Below this address the memory is the pool's and, before it, what the kernels of each thread have for themselves. */
export const POOL_END = ADDRESS + POOL_BYTES;
/**
 * How long a thread without work looks for more before it sleeps, in milliseconds. A system may put the thread that it
 * wakes behind the one that wakes it, on the same processor, and leave it there for a time slice: several milliseconds
 * of Linux's, in which training would go on without it. Where there are more threads than processors, one that only
 * looks holds up another that would compute: then it sleeps at once.
 */
const AWAKE = 2;
/** How long the caller sleeps before it looks again, in milliseconds. */
const NAP = 100;
/** A part takes about as long as one of the caller's own; one that takes so much longer (in ms), or a start, never ends. */
const PATIENCE = 60_000;

/** Turns in which there was something to compute, for others, after which the clock is looked at. */
const TURNS_A_LOOK = 1000;

/** What the queue says to who waits: see `awaitPart` in assembly/jobs.ts. */
const [NOTHING_NEW, ALL_ENDED] = [0, 2];

/** The values of a call, one list for each part. */
export type Parts = readonly (readonly number[])[];

/** Workers over one shared memory. */
export class ThreadPool {
  readonly #kernels: Kernels;
  readonly #functions: readonly Kernel[];
  readonly #words: Int32Array;
  readonly #values: Float64Array;
  readonly #workers: StartedWorker[] = [];
  readonly #maySleep = canSleep();
  readonly #awake: number;
  /** Whether jobs were put in the queue since it was last seen empty. */
  #busy = false;
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
    this.#functions = KERNEL_NAMES.map((name) => kernels[name] as Kernel);
    this.#words = new Int32Array(memory.buffer, ADDRESS, POOL.values / 4);
    this.#values = new Float64Array(memory.buffer, ADDRESS + POOL.values, POOL.parts * POOL.valueCount);
    this.#awake = threads > availableThreads() ? 0 : AWAKE;
    const shared = { modules, memory, names: KERNEL_NAMES, address: ADDRESS, awake: this.#awake };
    for (let thread = 1; thread < threads; thread++) {
      const start = { ...shared, thread, ...(native ? { native } : {}) };
      const worker = startWorker(start, (reason) => {
        if (!this.#closed) this.#problem ??= `worker ${thread} is gone: ${reason}`;
      });
      this.#workers.push(worker);
    }
  }

  /** How many threads compute now: the calling one and the workers that are up. */
  get threads(): number {
    return 1 + Atomics.load(this.#words, POOL.ready / 4);
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

  /** Whether there may be jobs that have not ended. */
  get busy(): boolean {
    return this.#busy;
  }

  /**
   * Calls a kernel once for each part, of which there are at most `MAXIMUM_PARTS`, after all jobs before. What the job
   * writes is there after `finish`.
   *
   * @throws BackendError where a thread failed before
   */
  run(kernel: KernelName, parts: Parts): void {
    this.#refuseBroken();
    const first = this.#placeOf(parts.length);
    const code = KERNEL_NAMES.indexOf(kernel);
    for (let i = 0; i < parts.length; i++) {
      const place = (first + i) % POOL.parts;
      this.#words[POOL.codes / 4 + place] = code;
      const values = parts[i] as readonly number[];
      const at = POOL.valueCount * place;
      for (let j = 0; j < values.length; j++) this.#values[at + j] = values[j] as number;
    }
    this.#busy = true;
    this.#kernels.publish(ADDRESS, parts.length);
  }

  /**
   * Returns when all jobs have ended, in which the calling thread helps.
   *
   * @throws BackendError where a thread failed, now or before
   */
  finish(): void {
    if (!this.#busy) return;
    const patience = new Patience();
    for (;;) {
      if (this.#help()) patience.renew();
      const state = this.#kernels.awaitPart(ADDRESS, LOOKS, 0);
      if (state === ALL_ENDED) break;
      this.#wait(patience, state);
    }
    this.#busy = false;
    if (Atomics.load(this.#words, POOL.failed / 4)) this.#problem = "a kernel failed";
    this.#refuseBroken();
  }

  /** Ends all workers. */
  close(): void {
    this.#closed = true;
    Atomics.store(this.#words, POOL.closed / 4, 1);
    for (const worker of this.#workers) worker.terminate();
    this.#workers.length = 0;
  }

  /** Where the next job's parts are to be written, once there is room for them. */
  #placeOf(count: number): number {
    const patience = new Patience();
    for (;;) {
      const place = this.#kernels.placeOfParts(ADDRESS, count);
      if (place >= 0) return place;
      if (this.#help()) patience.renew();
      this.#wait(patience, this.#kernels.awaitPart(ADDRESS, LOOKS, 0));
    }
  }

  /** Computes what is left of the job at work. Whether anything was. */
  #help(): boolean {
    const { takePart, endPart } = this.#kernels;
    let helped = false;
    for (let part = takePart(ADDRESS, 0); part >= 0; part = takePart(ADDRESS, 0)) {
      helped = true;
      const call = this.#functions[this.#words[POOL.codes / 4 + part] as number] as Kernel;
      let failed = 0;
      try {
        callWith(call, this.#values, POOL.valueCount * part);
      } catch {
        // the others go on for now: nothing may be freed before all have ended
        failed = 1;
      }
      endPart(ADDRESS, 0, failed);
    }
    return helped;
  }

  /** Sleeps for a while where the queue stays as it is, if it may, and throws once that has gone on for too long. */
  #wait(patience: Patience, state: number): void {
    const waited = patience.waited(state === NOTHING_NEW);
    if (waited > PATIENCE) this.#problem = "a worker does not answer";
    this.#refuseBroken();
    if (state === NOTHING_NEW && this.#maySleep && waited >= this.#awake) this.#kernels.sleep(ADDRESS, NAP);
  }

  #refuseBroken(): void {
    if (this.#problem) throw new BackendError("wasm", `${this.#problem}; dispose the backend and choose one anew`);
  }
}

/** How long the calling thread has been waiting for workers, without anything to compute. */
class Patience {
  #since = 0;
  #turns = 0;

  /** Begins anew. */
  renew(): void {
    this.#since = 0;
    this.#turns = 0;
  }

  /**
   * In milliseconds. To read a clock takes longer than small kernels do: unless it has to be known `certainly`, most
   * turns give 0 without a look.
   */
  waited(certainly: boolean): number {
    this.#turns++;
    if (!certainly && this.#turns % TURNS_A_LOOK !== 0) return 0;
    const now = performance.now();
    this.#since ||= now;
    return now - this.#since;
  }
}

/** Calls a kernel with the values of a part. Written out, since spreading an array takes longer than small kernels do. */
function callWith(call: Kernel, values: Float64Array, at: number): void {
  const value = (i: number) => values[at + i] as number;
  // biome-ignore format: four by four
  call(
    value(0), value(1), value(2), value(3),
    value(4), value(5), value(6), value(7),
    value(8), value(9), value(10), value(11),
    value(12), value(13), value(14), value(15),
  );
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
