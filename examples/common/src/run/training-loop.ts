// The loop around a training step: when losses are read, when checkpoints and pictures are due, and when to stop. It
// knows nothing of what is trained.

import { scope, type Tensor } from "@adjoint/core";
import type { HistoryRow } from "./history.js";
import { type Intervals, isSampled } from "./run-start.js";
import type { Stopwatch } from "./stopwatch.js";

/** Scalars by name, as a step gives them. */
export type Losses<Name extends string> = { readonly [K in Name]: Tensor };

/** What the loop is told. Between two readings of the losses nothing is waited for, so that no device is held up. */
export interface LoopOptions<Name extends string> extends Intervals {
  /** Iterations that were done before; 0 by default. */
  readonly start?: number;
  /** Iterations between two calls of `onCheckpoint`. */
  readonly checkpointInterval: number;
  /** Told when a stretch of iterations has ended; checkpoints, pictures and files are not counted. */
  readonly stopwatch: Stopwatch;
  /** One iteration. */
  readonly step: () => Losses<Name>;
  /** Called before the two below, wherever losses were read for the history: at both intervals and in the last iteration. */
  readonly onLosses: (row: HistoryRow<Name>) => void;
  /** Called after every iteration. */
  readonly onIteration: (iteration: number) => void;
  /** Called at checkpoint intervals and after the last iteration; returns the iteration to go on from. */
  readonly onCheckpoint: (iteration: number) => Promise<number>;
  /** Called at sample intervals and after the last iteration. */
  readonly onSample: (iteration: number) => Promise<void>;
  /**
   * Called instead of all others where a loss of an iteration is infinite or not a number; returns the iteration to go
   * on from. Without it such losses are losses like others. Every iteration's are looked at where a backend answers at
   * once, else those that are read.
   */
  readonly onNonFinite?: ((iteration: number, losses: HistoryRow<Name>) => Promise<number>) | undefined;
  /** Asked before each iteration but the first; true makes it the last one. */
  readonly shouldStop: () => boolean;
}

/** The longest time without letting timers and signals have their turn. */
const TURN_MILLISECONDS = 15;

/** Runs the step until `iterations` are done or `shouldStop` says so, and returns how many were done. */
export async function runTraining<Name extends string>(options: LoopOptions<Name>): Promise<number> {
  const { iterations, start = 0, checkpointInterval, historyInterval, onNonFinite, stopwatch } = options;
  const breathe = createBreather();
  let done = start;
  for (let first = true; done < iterations; first = false) {
    const iteration = done + 1;
    const last = iteration === iterations || (!first && options.shouldStop());
    const sampling = last || isSampled(iteration, options);
    const saving = last || iteration % checkpointInterval === 0;
    const recording = sampling || iteration % historyInterval === 0;
    const row = await takeStep(iteration, options, recording || saving);
    if (onNonFinite && row && !isFiniteRow(row)) {
      done = await onNonFinite(iteration, row);
      stopwatch.restart(done);
      continue;
    }
    done = iteration;
    if (row && (recording || saving)) stopwatch.lap(iteration);
    if (row && recording) options.onLosses(row);
    options.onIteration(iteration);
    if (saving) done = await options.onCheckpoint(iteration);
    if (done !== iteration) continue;
    if (sampling) await options.onSample(iteration);
    if (saving || sampling) stopwatch.restart(iteration);
    if (last) break;
    await breathe();
  }
  return done;
}

/** Does an iteration. Gives its losses where they are asked for, or are not finite and at hand. */
async function takeStep<Name extends string>(
  iteration: number,
  { step, onNonFinite }: LoopOptions<Name>,
  reading: boolean,
): Promise<HistoryRow<Name> | undefined> {
  if (reading) return readLosses(iteration, step());
  // in a scope, since nobody else reads what the step returns
  return scope(() => {
    const losses = step();
    const tensors = Object.entries<Tensor>(losses);
    if (!onNonFinite || !tensors.every(([, { backend }]) => backend.synchronous)) return undefined;
    const values = tensors.map(([name, loss]) => [name, loss.itemSync()] as const);
    if (values.every(([, value]) => Number.isFinite(value))) return undefined;
    return { iteration, ...(Object.fromEntries(values) as { [K in Name]: number }) };
  });
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

/** Reads the losses of an iteration. */
export async function readLosses<Name extends string>(
  iteration: number,
  losses: Losses<Name>,
): Promise<HistoryRow<Name>> {
  const names = Object.keys(losses) as Name[];
  const values = await Promise.all(names.map((name) => losses[name].item()));
  const named = Object.fromEntries(names.map((name, i) => [name, values[i]])) as { [K in Name]: number };
  return { iteration, ...named };
}

/** Whether all losses are numbers to go on with. */
export function isFiniteRow(row: HistoryRow<string>): boolean {
  return Object.values(row).every(Number.isFinite);
}
