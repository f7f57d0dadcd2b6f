// How far a run is: a bar with speed and time left on a terminal, plain lines elsewhere.

import cliProgress from "cli-progress";

/** Where progress is written: standard output, or what a test listens to. */
export interface Output extends NodeJS.WritableStream {
  readonly isTTY?: boolean;
}

/** Shows how far a run is. */
export interface Progress {
  /** Tells how many iterations are done. Cheap enough for every iteration. */
  update(done: number): void;
  /** Prints a line that stays. */
  line(text: string): void;
  /** Ends the display; lines are printed as usual from here on. */
  stop(): void;
}

/** A bar where `output` is a terminal that can draw one, plain lines elsewhere. `done`: iterations of earlier. */
export function createProgress(output: Output, total: number, done = 0): Progress {
  const drawable = output.isTTY === true && process.env.TERM !== "dumb";
  return drawable ? new ProgressBar(output, total, done) : new ProgressLines(output, total, done);
}

class ProgressBar implements Progress {
  readonly #output: Output;
  readonly #speed: Speedometer;
  readonly #bars: cliProgress.MultiBar;
  readonly #bar: cliProgress.SingleBar;
  #active = true;

  constructor(output: Output, total: number, done: number) {
    this.#output = output;
    this.#speed = new Speedometer(total, done);
    this.#bars = new cliProgress.MultiBar({
      format: "{bar} {value}/{total} · {speed}",
      barCompleteChar: "█",
      barIncompleteChar: "░",
      barsize: 30,
      stream: output,
      // the program's own handling of Ctrl-C stops the bar
      gracefulExit: false,
    });
    this.#bar = this.#bars.create(total, done, { speed: "" });
  }

  update(done: number): void {
    this.#bar.update(done, { speed: this.#speed.describe(done) });
  }

  line(text: string): void {
    if (this.#active) this.#bars.log(`${text}\n`);
    else this.#output.write(`${text}\n`);
  }

  stop(): void {
    if (!this.#active) return;
    this.#active = false;
    // stop() alone would lose the lines that wait to be printed
    this.#bars.update();
    this.#bars.stop();
  }
}

/** Without a bar, a sign of life at least this often. */
const SILENCE_MILLISECONDS = 30_000;

class ProgressLines implements Progress {
  readonly #output: Output;
  readonly #total: number;
  readonly #speed: Speedometer;
  #lastLine = performance.now();

  constructor(output: Output, total: number, done: number) {
    this.#output = output;
    this.#total = total;
    this.#speed = new Speedometer(total, done);
  }

  update(done: number): void {
    const speed = this.#speed.describe(done);
    if (performance.now() - this.#lastLine > SILENCE_MILLISECONDS) this.line(`${done}/${this.#total} · ${speed}`);
  }

  line(text: string): void {
    this.#output.write(`${text}\n`);
    this.#lastLine = performance.now();
  }

  stop(): void {}
}

/** Weight of the last second in the average speed. */
const NEWEST = 0.2;

/** Iterations per second, smoothed over some seconds, and what they say about the time left. */
class Speedometer {
  readonly #total: number;
  #markTime = performance.now();
  #markDone: number;
  #speed: number | undefined;

  constructor(total: number, done: number) {
    this.#total = total;
    this.#markDone = done;
  }

  /** In words, given how many iterations are done. */
  describe(done: number): string {
    const seconds = (performance.now() - this.#markTime) / 1000;
    if (seconds >= 1) {
      const now = (done - this.#markDone) / seconds;
      this.#speed = this.#speed === undefined ? now : this.#speed + NEWEST * (now - this.#speed);
      this.#markTime = performance.now();
      this.#markDone = done;
    }
    if (!this.#speed) return "";
    return `${this.#speed.toPrecision(3)} it/s · ${formatDuration((this.#total - done) / this.#speed)} left`;
  }
}

/** Seconds as a person reads them: `8 s`, `3 min 05 s`, `1 h 02 min`. */
export function formatDuration(seconds: number): string {
  const whole = Math.round(seconds);
  const two = (value: number) => String(value).padStart(2, "0");
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)} h ${two(minutes % 60)} min`;
}
