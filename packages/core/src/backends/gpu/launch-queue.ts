// The order in which work is done. Where a device answers at once, work is done when it is handed in; where it answers
// later, each piece waits for the one before, so that what a piece needs is there when its turn comes.

import type { Pending } from "./handle.js";

/** Does pieces of work one after the other. What goes wrong in one is for that one to tell. */
export class LaunchQueue {
  readonly #synchronous: boolean;
  readonly #waiting: (() => Pending<void>)[] = [];
  #running: Promise<void> | undefined;

  constructor(synchronous: boolean) {
    this.#synchronous = synchronous;
  }

  /** Does the work, now or after all that was handed in before. */
  submit(work: () => Pending<void>): void {
    if (this.#synchronous) {
      void work();
      return;
    }
    this.#waiting.push(work);
    this.#running ??= this.#run();
  }

  /** Resolves when nothing is waiting any more. */
  async idle(): Promise<void> {
    while (this.#running) await this.#running;
  }

  async #run(): Promise<void> {
    // not in the turn of the first caller: he may be about to hand in more
    await undefined;
    // an index, not shift(): thousands may be waiting
    for (let i = 0; i < this.#waiting.length; i++) await this.#waiting[i]?.();
    this.#waiting.length = 0;
    this.#running = undefined;
  }
}
