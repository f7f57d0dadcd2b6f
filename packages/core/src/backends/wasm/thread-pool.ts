// The workers of an engine. A job is written into a worker's slot of shared memory and announced by raising a counter;
// the calling thread does its own part meanwhile and then waits for the others. Which thread does what never changes a
// result: a job that is cut into parts has the same bits in any number of them.

import { BackendError } from "../../errors.js";
import { KERNEL_NAMES, type KernelName, type Kernels } from "./kernels.js";
import { type StartedWorker, startWorker } from "./start-worker.js";
import { SLOT } from "./worker-source.js";

/** The most threads that the reserved page has slots for, the calling one included. */
export const MAXIMUM_THREADS = 64;
const SLOTS_ADDRESS = 1024;
/** How often the caller looks before it sleeps, or looks whether a worker is still there. */
const SPINS = 100_000;
/** A part takes about as long as the caller's own; one that takes so much longer (in ms) never ends. */
const PATIENCE = 60_000;

/** The values of a call, one list for each part. */
export type Parts = readonly (readonly number[])[];

interface Member {
  readonly address: number;
  readonly slot: Int32Array;
  readonly values: Float64Array;
  readonly worker: StartedWorker;
  generation: number;
}

/** Workers over one shared memory. */
export class ThreadPool {
  readonly #kernels: Kernels;
  readonly #members: Member[] = [];
  readonly #maySleep = canSleep();
  #problem: string | undefined;
  #closed = false;

  /** Starts `threads` − 1 workers. They take part as soon as each is up; nothing waits for them. */
  constructor(module: WebAssembly.Module, memory: WebAssembly.Memory, kernels: Kernels, threads: number) {
    this.#kernels = kernels;
    for (let i = 0; i < threads - 1; i++) {
      const address = SLOTS_ADDRESS + i * SLOT.bytes;
      const start = { module, memory, names: KERNEL_NAMES, address };
      const worker = startWorker(start, (reason) => {
        if (!this.#closed) this.#problem ??= `worker ${i + 1} is gone: ${reason}`;
      });
      const slot = new Int32Array(memory.buffer, address, SLOT.values / 4);
      const values = new Float64Array(memory.buffer, address + SLOT.values, SLOT.valueCount);
      this.#members.push({ address, slot, values, worker, generation: 0 });
    }
  }

  /** How many threads compute now: the calling one and the workers that are up. */
  get threads(): number {
    let count = 1;
    while (count <= this.#members.length && this.#members[count - 1]?.slot[SLOT.ready]) count++;
    return count;
  }

  /** How many threads compute once all workers are up. */
  get wantedThreads(): number {
    return 1 + this.#members.length;
  }

  /** Resolves when all workers are up. Rejects with a BackendError where one cannot be started. */
  async ready(): Promise<void> {
    while (this.threads <= this.#members.length && !this.#closed) {
      this.#refuseBroken();
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  /**
   * Calls a kernel once for each part, at most `threads` of them, the first on this thread, and returns when all ended.
   *
   * @throws BackendError where a worker failed, now or before
   */
  run(kernel: KernelName, parts: Parts): void {
    this.#refuseBroken();
    const code = KERNEL_NAMES.indexOf(kernel);
    for (let i = 1; i < parts.length; i++) this.#handOut(this.#members[i - 1] as Member, code, parts[i] as number[]);
    this.#kernels[kernel](...(parts[0] as number[]));
    for (let i = 1; i < parts.length; i++) this.#join(this.#members[i - 1] as Member, i);
  }

  /** Ends all workers. */
  close(): void {
    this.#closed = true;
    for (const member of this.#members) {
      this.#handOut(member, -1, []);
      member.worker.terminate();
    }
    this.#members.length = 0;
  }

  #handOut(member: Member, code: number, values: readonly number[]): void {
    const { slot } = member;
    member.values.set(values);
    slot[SLOT.kernel] = code;
    member.generation = (member.generation + 1) | 0;
    Atomics.store(slot, SLOT.generation, member.generation);
    if (Atomics.load(slot, SLOT.asleep)) Atomics.notify(slot, SLOT.generation);
  }

  #join({ address, slot, generation }: Member, index: number): void {
    const previous = (generation - 1) | 0;
    if (this.#kernels.spinWhile(address + 4 * SLOT.done, previous, SPINS) === previous) {
      const start = performance.now();
      while (this.#waitLonger(slot, address, previous) === previous) {
        if (performance.now() - start < PATIENCE) continue;
        this.#problem = `worker ${index} does not answer`;
        this.#refuseBroken();
      }
    }
    if (Atomics.load(slot, SLOT.failed)) this.#problem = `worker ${index} failed in a kernel`;
    this.#refuseBroken();
  }

  #waitLonger(slot: Int32Array, address: number, previous: number): number {
    if (!this.#maySleep) return this.#kernels.spinWhile(address + 4 * SLOT.done, previous, SPINS);
    Atomics.wait(slot, SLOT.done, previous, 100);
    return Atomics.load(slot, SLOT.done);
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
