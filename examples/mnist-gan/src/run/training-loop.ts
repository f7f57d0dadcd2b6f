// The loop around a training step: when losses are read, when pictures are due, and when to stop. It knows nothing of
// what is trained.

import { AdjointError, scope, type Tensor } from "@adjoint/core";
import type { HistoryRow } from "./history.js";
import type { Stopwatch } from "./stopwatch.js";

/** A loss that is infinite or not a number: training cannot go on from there. */
export class NonFiniteLossError extends AdjointError {}

/** Scalars by name, as a step gives them. */
export type Losses<Name extends string> = { readonly [K in Name]: Tensor };

/** What the loop is told. */
export interface LoopOptions<Name extends string> {
  readonly iterations: number;
  /** Iterations between two readings of the losses. Between them nothing is read, so that a device is not held up. */
  readonly historyInterval: number;
  /** Iterations between two calls of `onSample`. */
  readonly sampleInterval: number;
  /** Told when a stretch of iterations has ended; pictures and files are not counted. */
  readonly stopwatch: Stopwatch;
  /** One iteration. */
  readonly step: () => Losses<Name>;
  /** Called before `onSample`, wherever losses were read: at both intervals and in the last iteration. */
  readonly onLosses: (row: HistoryRow<Name>) => void;
  /** Called after every iteration. */
  readonly onIteration: (iteration: number) => void;
  /** Called at sample intervals and after the last iteration. */
  readonly onSample: (iteration: number) => Promise<void>;
  /** Asked before each iteration but the first; true makes it the last one. */
  readonly shouldStop: () => boolean;
}

/** The longest time without letting timers and signals have their turn. */
const TURN_MILLISECONDS = 15;

/**
 * Runs the step until `iterations` are done or `shouldStop` says so, and returns how many were done.
 *
 * @throws NonFiniteLossError that names the iteration and the loss
 */
export async function runTraining<Name extends string>(options: LoopOptions<Name>): Promise<number> {
  const { iterations, historyInterval, sampleInterval, stopwatch, step } = options;
  const breathe = createBreather();
  for (let iteration = 1; ; iteration++) {
    const last = iteration === iterations || (iteration > 1 && options.shouldStop());
    const sampling = last || iteration % sampleInterval === 0;
    if (sampling || iteration % historyInterval === 0) {
      const row = await readLosses(iteration, step());
      stopwatch.lap(iteration);
      checkFinite(row, historyInterval);
      options.onLosses(row);
    } else {
      // in a scope, since nobody reads what the step returns
      scope(() => void step());
    }
    options.onIteration(iteration);
    if (sampling) {
      await options.onSample(iteration);
      stopwatch.restart(iteration);
    }
    if (last) return iteration;
    await breathe();
  }
}

/** Gives a function that lets timers and signals have their turn, if that is due. */
function createBreather(): () => Promise<void> | undefined {
  let lastTurn = performance.now();
  return () => {
    if (performance.now() - lastTurn < TURN_MILLISECONDS) return undefined;
    return new Promise((resolve) => {
      setImmediate(() => {
        lastTurn = performance.now();
        resolve();
      });
    });
  };
}

async function readLosses<Name extends string>(iteration: number, losses: Losses<Name>): Promise<HistoryRow<Name>> {
  const names = Object.keys(losses) as Name[];
  const values = await Promise.all(names.map((name) => losses[name].item()));
  const named = Object.fromEntries(names.map((name, i) => [name, values[i]])) as { [K in Name]: number };
  return { iteration, ...named };
}

function checkFinite(row: HistoryRow<string>, historyInterval: number): void {
  const wrong = Object.entries(row).find(([, value]) => !Number.isFinite(value));
  if (!wrong) return;
  const [name, value] = wrong;
  const checked = historyInterval > 1 ? ` (losses are checked every ${historyInterval} iterations)` : "";
  throw new NonFiniteLossError("training", `${name} is ${value} at iteration ${row.iteration}${checked}`);
}
