// How long an iteration takes, measured over stretches of several, so that a device that answers late is timed right.

/** Measures stretches of iterations. */
export class Stopwatch {
  readonly #started = performance.now();
  readonly #millisecondsPerIteration: number[] = [];
  readonly #secondsBefore: number;
  #markTime = performance.now();
  #markIteration: number;

  /** For a run that goes on: how long it took so far, and how many iterations it has done. */
  constructor({ seconds = 0, iteration = 0 } = {}) {
    this.#secondsBefore = seconds;
    this.#markIteration = iteration;
  }

  /** Starts a stretch after an iteration: time that passed since the last lap is not counted. */
  restart(iteration: number): void {
    this.#markTime = performance.now();
    this.#markIteration = iteration;
  }

  /** Ends a stretch with an iteration whose results have been read, and starts the next. */
  lap(iteration: number): void {
    const milliseconds = performance.now() - this.#markTime;
    this.#millisecondsPerIteration.push(milliseconds / (iteration - this.#markIteration));
    this.restart(iteration);
  }

  /** Median over the stretches; NaN before the first has ended. */
  get medianMillisecondsPerIteration(): number {
    const sorted = [...this.#millisecondsPerIteration].sort((a, b) => a - b);
    const low = sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN;
    const high = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
    return (low + high) / 2;
  }

  /** Seconds since the stopwatch was made, with everything that is in no stretch, and with those of before. */
  get totalSeconds(): number {
    return this.#secondsBefore + (performance.now() - this.#started) / 1000;
  }
}
