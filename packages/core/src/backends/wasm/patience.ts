// How a thread waits that has nothing to compute: how long it has done so, and whether it may sleep meanwhile.

/** Turns in which there was something to compute, for others, after which the clock is looked at. */
const TURNS_A_LOOK = 1000;

/** The most milliseconds that count between two looks: a process that is stopped, or sleeps, does not wait. */
const MOST_A_LOOK = 5000;

/** How long the calling thread has been waiting for workers, without anything to compute. */
export class Patience {
  #last = 0;
  #waited = 0;
  #turns = 0;

  /** Begins anew. */
  renew(): void {
    this.#last = 0;
    this.#waited = 0;
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
    if (this.#last) this.#waited += Math.min(now - this.#last, MOST_A_LOOK);
    this.#last = now;
    return this.#waited;
  }
}

/** Whether this thread may sleep: a browser's main thread may not. */
export function canSleep(): boolean {
  try {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 1, 0);
    return true;
  } catch {
    return false;
  }
}
