// The workers of a pool: when they start, how many compute, and what it means where one does not. Where a number of
// threads was asked for, a worker that does not start is an error; by default the others go on without it, and
// `limitation` says why. One that ends after it came up may have left a part undone: that is always an error.

import { BackendError } from "../../errors.js";
import { type StartedWorker, startWorker, surelyStarts } from "./start-worker.js";
import { type NativeSource, POOL, type WorkerStart } from "./worker-source.js";

/** How long a worker is waited for, in milliseconds. */
const PATIENCE = 60_000;

/** What a crew is made of. */
export interface CrewParts {
  /** The pool's words in shared memory. */
  readonly words: Int32Array;
  /** Threads that are wanted, the calling one included. */
  readonly wanted: number;
  /** What every worker is told when it starts. */
  readonly start: Omit<WorkerStart, "thread" | "native">;
  readonly native: NativeSource | undefined;
  /** Called once with the message where the pool cannot go on. */
  readonly onFailure: (problem: string) => void;
}

/** Workers 1 to `wanted` − 1; the calling thread is 0. */
export class WorkerCrew {
  readonly #parts: CrewParts;
  readonly #workers: StartedWorker[] = [];
  /** Threads that do not compute, or no longer. */
  readonly #missing = new Set<number>();
  #limitation: string | undefined;
  #failure: string | undefined;
  /** Whether some were waited for in vain: then those count that are up. */
  #late = false;
  /** Whether fewer threads than are wanted are an error. */
  #exact = false;
  #closed = false;

  constructor(parts: CrewParts) {
    this.#parts = parts;
  }

  /** Whether any worker was started. */
  get started(): boolean {
    return this.#workers.length > 0 || this.#missing.size > 0;
  }

  /** How many threads compute once all are up that still may be. */
  get expectedThreads(): number {
    const up = (thread: number) => !this.#late || this.#isUp(thread);
    return 1 + this.#threadNumbers.filter((thread) => up(thread) && !this.#missing.has(thread)).length;
  }

  /** Why fewer threads compute than are wanted. */
  get limitation(): string | undefined {
    return this.#limitation;
  }

  /** Starts the workers up to the one of that number, where they are not started. */
  start(last = this.#parts.wanted - 1): void {
    while (this.#workers.length < last && this.#missing.size === 0 && !this.#closed) {
      const thread = this.#workers.length + 1;
      try {
        this.#workers.push(this.#startOne(thread));
      } catch (error) {
        this.#lose(thread, error instanceof Error ? error.message : String(error));
      }
    }
  }

  /** Starts one worker where it is not known that one can start, and resolves when it is. */
  async probe(): Promise<void> {
    if (surelyStarts()) return;
    this.start(1);
    await this.#settled(1);
  }

  /**
   * From here on, fewer threads than are wanted are an error. Where it is not known that workers can start, they do now.
   *
   * @throws BackendError where one cannot start, or does not answer for a minute
   */
  async requireAll(): Promise<void> {
    if (!surelyStarts()) await this.#startAll();
    if (this.#limitation !== undefined) throw new BackendError("wasm", this.#refusal());
    this.#exact = true;
  }

  /**
   * Starts all workers and resolves when as many threads are up as can be had.
   *
   * @throws BackendError where one ended after it was up, or all are required and one is missing
   */
  async ready(): Promise<void> {
    await this.#startAll();
    if (this.#failure !== undefined) throw new BackendError("wasm", this.#failure);
    if (this.#exact && this.#limitation !== undefined) throw new BackendError("wasm", this.#refusal());
  }

  /** Ends all workers. */
  close(): void {
    this.#closed = true;
    for (const worker of this.#workers) worker.terminate();
  }

  get #threadNumbers(): number[] {
    return Array.from({ length: this.#parts.wanted - 1 }, (_, i) => i + 1);
  }

  #startOne(thread: number): StartedWorker {
    const { start, native } = this.#parts;
    const all = { ...start, thread, ...(native ? { native: native.data } : {}) };
    return startWorker(all, native?.source, (reason) => this.#lose(thread, reason));
  }

  async #startAll(): Promise<void> {
    this.start();
    if (await this.#settled(this.#parts.wanted - 1)) return;
    this.#late = true;
    this.#limitation ??= `after ${PATIENCE / 1000} s, ${this.expectedThreads} of ${this.#parts.wanted} threads are up`;
  }

  /** Whether each of the first `last` workers came up, or is known not to; false where one takes too long. */
  async #settled(last: number): Promise<boolean> {
    const began = performance.now();
    const open = () =>
      this.#threadNumbers.slice(0, last).some((thread) => !this.#isUp(thread) && !this.#missing.has(thread));
    while (open() && !this.#closed) {
      if (performance.now() - began > PATIENCE) return false;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    return true;
  }

  #isUp(thread: number): boolean {
    return Atomics.load(this.#parts.words, POOL.up / 4 + thread) === 1;
  }

  /** Notes down that a worker is gone. Where one cannot start, those after it are not tried. */
  #lose(thread: number, reason: string): void {
    if (this.#closed || this.#missing.has(thread)) return;
    this.#missing.add(thread);
    if (this.#isUp(thread)) {
      this.#limitation = `worker ${thread} is gone: ${reason}`;
      this.#fail(`${this.#limitation}; dispose the backend and choose one anew`);
      return;
    }
    this.#limitation ??= `worker ${thread} does not start: ${reason}`;
    for (const later of this.#threadNumbers) if (later > this.#workers.length) this.#missing.add(later);
    if (this.#exact) this.#fail(this.#refusal());
  }

  #fail(failure: string): void {
    this.#failure ??= failure;
    this.#parts.onFailure(failure);
  }

  #refusal(): string {
    if (this.#late) return `${this.#limitation}; go on with those, or ask for fewer`;
    const { wanted } = this.#parts;
    return `${wanted} threads were asked for, and ${this.#limitation}; ask for fewer, or leave the number out`;
  }
}
