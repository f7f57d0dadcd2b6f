// The workers of an engine, and the queue of jobs that they and the calling thread share. The caller puts a job there and
// goes on: workers compute while it prepares the next ones, and it helps them when it has to wait. Jobs are computed in
// the order in which they came, each by all threads: every one takes the next part that is left until none is, so one
// that the system holds up, or that has to wake first, holds up nobody but the part it has. The caller takes parts from
// the start and workers from the end, so that each finds in its cache what it wrote there before. Calls too small to be
// cut are gathered: those between two larger jobs are one job of one part. Which thread does what never changes a
// result: a job has the same bits in any number of parts.

import { BackendError } from "../../errors.js";
import { endOfPlaces, KERNEL_NAMES, type Kernel, type KernelName, type Kernels } from "./kernels.js";
import { canSleep, Patience } from "./patience.js";
import { availableThreads } from "./start-worker.js";
import { WorkerCrew } from "./worker-crew.js";
import { CODE_BITS, LOOKS, type NativeSource, POOL, POOL_BYTES } from "./worker-source.js";

/** The most threads that a pool has, the calling one included. */
export const MAXIMUM_THREADS = 64;
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
/** A part takes about as long as one of the caller's own; one that takes so much longer (in ms) never ends. */
const PATIENCE = 60_000;

/**
 * To start a worker takes a thread some milliseconds, as long as to compute some hundred grains. A program that has less
 * to do ends earlier without.
 */
const WORTH_STARTING = 500;
/** So many calls wait for each other at most before threads may begin with them. */
const MOST_GATHERED = 32;
/** What a word of the codes says that begins a part of one call. */
const ONE_CALL = 2 ** CODE_BITS;
/** The bits of it that name a kernel. */
const CODES = ONE_CALL - 1;

/** What the queue says to who waits: see `awaitPart` in assembly/jobs.ts. */
const [NOTHING_NEW, ALL_ENDED] = [0, 2];

/** What to do where a pool cannot go on. */
const ANEW = "dispose the backend and choose one anew";

/** The values of a call, one list for each part. */
export type Parts = readonly (readonly number[])[];

/** What a pool is made of beside kernels and memory. */
export interface PoolParts {
  readonly threads: number;
  /** How many panels of B a tile of a product takes at once. */
  readonly panels: number;
  readonly native?: NativeSource | undefined;
}

/** Workers over one shared memory. */
export class ThreadPool {
  readonly #kernels: Kernels;
  readonly #functions: readonly Kernel[];
  readonly #words: Int32Array;
  readonly #values: Float64Array;
  readonly #wanted: number;
  readonly #crew: WorkerCrew;
  /** How much work there was while no worker was started, in grains. */
  #work = 0;
  readonly #maySleep = canSleep();
  readonly #awake: number;
  /** Whether jobs were put in the queue since it was last seen empty. */
  #busy = false;
  /** How many calls are written behind the last job: of the next one, which all of them become together. */
  #gathered = 0;
  #problem: string | undefined;

  /** With `threads` − 1 workers, which start later. They take part as soon as they are up; nothing waits for them. */
  constructor(
    modules: readonly WebAssembly.Module[],
    memory: WebAssembly.Memory,
    kernels: Kernels,
    { threads, panels, native }: PoolParts,
  ) {
    this.#kernels = kernels;
    this.#functions = KERNEL_NAMES.map((name) => kernels[name] as Kernel);
    this.#words = new Int32Array(memory.buffer, ADDRESS, POOL.values / 4);
    this.#values = new Float64Array(memory.buffer, ADDRESS + POOL.values, POOL.places * POOL.valueCount);
    this.#wanted = threads;
    this.#awake = threads > availableThreads() ? 0 : AWAKE;
    this.#crew = new WorkerCrew({
      words: this.#words,
      wanted: threads,
      start: { modules, memory, names: KERNEL_NAMES, address: ADDRESS, panels, awake: this.#awake },
      native,
      onFailure: (problem) => {
        this.#problem ??= problem;
      },
    });
  }

  /** How many threads compute now: the calling one and the workers that are up. */
  get threads(): number {
    return 1 + Atomics.load(this.#words, POOL.ready / 4);
  }

  /** How many threads compute at most: the highest number of one is below. */
  get wantedThreads(): number {
    return this.#wanted;
  }

  /** Its workers. */
  get crew(): Pick<WorkerCrew, "expectedThreads" | "limitation" | "probe" | "requireAll" | "ready"> {
    return this.#crew;
  }

  /**
   * Told of work that comes, in grains. Starts the workers once there was enough that they could have shared.
   *
   * @throws BackendError where a thread failed before, or a required one does not start
   */
  expect(grains: number): void {
    this.#refuseBroken();
    if (this.#work >= WORTH_STARTING || grains < 2) return;
    this.#work += grains;
    if (this.#work < WORTH_STARTING) return;
    this.#crew.start();
    this.#refuseBroken();
  }

  /** Whether there may be jobs that have not ended. */
  get busy(): boolean {
    return this.#busy;
  }

  /**
   * Calls a kernel once for each part, after all jobs before. What the job writes is there after `finish`. The queue has
   * room for 2,048 parts; where `cutsOf` cuts, there are at most 320.
   *
   * @throws BackendError where a thread failed before
   */
  run(kernel: KernelName, parts: Parts): void {
    this.#refuseBroken();
    this.#publishGathered();
    const first = this.#placeOf(parts.length);
    const word = codeOf(kernel) | ONE_CALL;
    for (let i = 0; i < parts.length; i++) this.#write((first + i) % POOL.places, word, parts[i] as readonly number[]);
    this.#busy = true;
    this.#kernels.publish(ADDRESS, parts.length, parts.length);
  }

  /**
   * Calls a kernel once, in any thread. Small calls one after the other become one part of one job, as long as there is
   * other work: to hand each of them on would take longer than most do.
   *
   * @throws BackendError where a thread failed before
   */
  runOnce(kernel: KernelName, values: readonly number[]): void {
    this.#refuseBroken();
    const first = this.#placeOf(this.#gathered + 1);
    this.#write((first + this.#gathered) % POOL.places, codeOf(kernel), values);
    (this.#words[POOL.codes / 4 + first] as number) += ONE_CALL;
    this.#gathered++;
    this.#busy = true;
    if (this.#gathered === MOST_GATHERED || this.#kernels.awaitPart(ADDRESS, 1, 0) === ALL_ENDED)
      this.#publishGathered();
  }

  /**
   * Returns when all jobs have ended, in which the calling thread helps.
   *
   * @throws BackendError where a thread failed, now or before
   */
  finish(): void {
    if (!this.#busy) return;
    this.#publishGathered();
    const patience = new Patience();
    for (;;) {
      if (this.#help()) patience.renew();
      const state = this.#kernels.awaitPart(ADDRESS, LOOKS, 0);
      if (state === ALL_ENDED) break;
      this.#wait(patience, state);
    }
    this.#busy = false;
    if (Atomics.load(this.#words, POOL.failed / 4)) this.#problem = `a kernel failed; ${ANEW}`;
    this.#refuseBroken();
  }

  /** Ends all workers. */
  close(): void {
    Atomics.store(this.#words, POOL.closed / 4, 1);
    this.#crew.close();
  }

  /** Makes the calls that wait for it a job. */
  #publishGathered(): void {
    if (this.#gathered) this.#kernels.publish(ADDRESS, 1, this.#gathered);
    this.#gathered = 0;
  }

  #write(place: number, word: number, values: readonly number[]): void {
    this.#words[POOL.codes / 4 + place] = word;
    const at = POOL.valueCount * place;
    for (let j = 0; j < values.length; j++) this.#values[at + j] = values[j] as number;
  }

  /**
   * Where the next job is to be written, once there is room for so many calls. Where there is none, half of all room is
   * made first: so this thread computes for a while and then prepares jobs for a while. By turns, it would come late to
   * each of them, and the others would wait for its part.
   */
  #placeOf(calls: number): number {
    const { placeOfParts } = this.#kernels;
    const free = placeOfParts(ADDRESS, 1, calls);
    if (free >= 0) return free;
    const patience = new Patience();
    for (;;) {
      const place = placeOfParts(ADDRESS, POOL.jobs / 2, Math.max(calls, POOL.places / 2));
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
      let failed = 0;
      try {
        const calls = (this.#words[POOL.codes / 4 + part] as number) >>> CODE_BITS;
        for (let i = 0; i < calls; i++) this.#call((part + i) % POOL.places);
      } catch {
        // the others go on for now: nothing may be freed before all have ended
        failed = 1;
      }
      endPart(ADDRESS, 0, failed);
    }
    return helped;
  }

  #call(place: number): void {
    const code = (this.#words[POOL.codes / 4 + place] as number) & CODES;
    callWith(this.#functions[code] as Kernel, this.#values, POOL.valueCount * place);
  }

  /** Sleeps for a while where the queue stays as it is, if it may, and throws once that has gone on for too long. */
  #wait(patience: Patience, state: number): void {
    const waited = patience.waited(state === NOTHING_NEW);
    if (waited > PATIENCE) this.#problem = `a worker does not answer; ${ANEW}`;
    this.#refuseBroken();
    if (state === NOTHING_NEW && this.#maySleep && waited >= this.#awake) this.#nap();
  }

  #nap(): void {
    Atomics.add(this.#words, POOL.sleepers / 4, 1);
    this.#kernels.sleep(ADDRESS, NAP);
    Atomics.sub(this.#words, POOL.sleepers / 4, 1);
  }

  #refuseBroken(): void {
    if (this.#problem !== undefined) throw new BackendError("wasm", this.#problem);
  }
}

const codes = new Map(KERNEL_NAMES.map((name, code) => [name, code]));

function codeOf(kernel: KernelName): number {
  return codes.get(kernel) as number;
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
