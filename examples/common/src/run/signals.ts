// Ctrl-C and a request to terminate: the first lets the run end in order, a second one ends it at once.

/** Signals that end a run, and the exit codes that tell so. */
const EXIT_CODES = { SIGINT: 130, SIGTERM: 143 } as const;

/** A signal that ends a run. */
export type EndingSignal = keyof typeof EXIT_CODES;

/**
 * A terminal's Ctrl-C reaches this process and npm, which passes it on: two that come together are one. They may be
 * noticed a while apart, where the first has made the program write a page.
 */
const SAME_MILLISECONDS = 1000;

/** Remembers the first signal; call `stop` to give the signals back. */
export class SignalWatch {
  #received: { readonly signal: EndingSignal; readonly at: number } | undefined;
  readonly #listener = (signal: NodeJS.Signals): void => this.#receive(signal as EndingSignal);
  readonly #onFirst: (signal: EndingSignal) => void;

  /** Starts watching. `onFirst` is called when the first signal comes. */
  constructor(onFirst: (signal: EndingSignal) => void) {
    this.#onFirst = onFirst;
    for (const signal of Object.keys(EXIT_CODES)) process.on(signal, this.#listener);
  }

  /** The first signal that came, if one did. */
  get received(): EndingSignal | undefined {
    return this.#received?.signal;
  }

  /** Stops watching. */
  stop(): void {
    for (const signal of Object.keys(EXIT_CODES)) process.off(signal, this.#listener);
  }

  #receive(signal: EndingSignal): void {
    const now = performance.now();
    if (!this.#received) {
      this.#received = { signal, at: now };
      this.#onFirst(signal);
    } else if (now - this.#received.at > SAME_MILLISECONDS) {
      process.exit(exitCodeOf(signal));
    }
  }
}

/** The exit code of a program that a signal ended. */
export function exitCodeOf(signal: EndingSignal): number {
  return EXIT_CODES[signal];
}
