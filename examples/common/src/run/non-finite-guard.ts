// What is done about a loss that is infinite or not a number. Training goes back to the last checkpoint and repeats
// what was done since, so that as long as losses are finite nothing has to be remembered for this.

import { AdjointError, findNonFinite, type NonFiniteOrigin, scope } from "@adjoint/core";
import type { CheckpointParts } from "@adjoint/core/io";
import type { RunCheckpoints } from "./checkpoints.js";
import type { HistoryRow } from "./history.js";
import { isFiniteRow, type Losses, readLosses } from "./training-loop.js";

/** A loss that is infinite or not a number: training cannot go on from there. */
export class NonFiniteLossError extends AdjointError {
  override readonly name = "NonFiniteLossError";
}

/** What the guard is told. */
export interface GuardOptions<Name extends string> {
  readonly mode: "stop" | "skip";
  readonly checkpoints: RunCheckpoints;
  readonly parts: CheckpointParts;
  readonly iterationOf: (progress: unknown) => number;
  /** One iteration, repeated in the same bits from the same state. */
  readonly step: () => Losses<Name>;
  /** Passes over what the next iteration would have been fed with. */
  readonly skipBatch: () => void;
  /** Saves the state with an iteration left out, as that of the iteration before. */
  readonly save: (iteration: number) => Promise<void>;
  readonly say: (line: string) => void;
}

/** So many batches that are left out at one iteration are no chance any more. */
const MOST_SKIPPED = 10;

/** Explains a loss that is not finite, and stops the run or leaves the iteration's batch out. */
export class NonFiniteGuard<Name extends string> {
  readonly #options: GuardOptions<Name>;
  #skipped = { iteration: 0, count: 0 };

  constructor(options: GuardOptions<Name>) {
    this.#options = options;
  }

  /**
   * Is told of losses of which one is not finite.
   *
   * @returns the iteration to go on from: the one before the one whose batch was left out
   * @throws NonFiniteLossError that names the iteration, the loss, where it came from, and the last good checkpoint
   */
  async refuseLosses(iteration: number, losses: HistoryRow<Name>): Promise<number> {
    const [name, value] = Object.entries(losses).find(([, loss]) => !Number.isFinite(loss)) ?? [];
    this.#options.say(`${name} is ${value} at iteration ${iteration}: repeating from the checkpoint to see why`);
    const first = await this.#replay(iteration - 1);
    const origin = await this.#explain();
    const why = origin?.description ?? "it was finite when the iterations were repeated";
    // a parameter that was wrong before the iteration was made so by the one before
    const culprit = origin?.parameter === undefined ? first + 1 : first;
    return this.#refuse(culprit, `${name} is ${value} at iteration ${first + 1}: ${why}`);
  }

  /** Is told that an iteration left a parameter that is not finite, though its losses were. */
  refuseParameters(iteration: number, problem: string): Promise<number> {
    return this.#refuse(iteration, `at iteration ${iteration} the update overflowed: ${problem}`);
  }

  async #refuse(culprit: number, problem: string): Promise<number> {
    const { mode, checkpoints, skipBatch, save, say } = this.#options;
    if (mode === "stop") throw new NonFiniteLossError("training", `${problem}; ${checkpoints.last}`);
    const again = this.#skipped.iteration === culprit;
    this.#skipped = { iteration: culprit, count: again ? this.#skipped.count + 1 : 1 };
    if (this.#skipped.count > MOST_SKIPPED) {
      throw new NonFiniteLossError(
        "training",
        `${problem}, with ${MOST_SKIPPED} batches left out; ${checkpoints.last}`,
      );
    }
    const done = await this.#replay(culprit - 1);
    scope(skipBatch);
    await save(done);
    say(`${problem}; this batch is left out`);
    return done;
  }

  /**
   * Brings everything to where it was after an iteration.
   *
   * @returns that iteration, or an earlier one after which the losses are not finite any more
   */
  async #replay(iteration: number): Promise<number> {
    const start = await this.#restore();
    for (let done = start; done < iteration; done++) {
      // signals have their turn
      await new Promise((resolve) => setImmediate(resolve));
      if (!isFiniteRow(await readLosses(done + 1, scope(this.#options.step)))) {
        // found late, where losses are read now and then
        return this.#replay(done);
      }
    }
    return Math.max(start, iteration);
  }

  async #restore(): Promise<number> {
    const { checkpoints, iterationOf, parts } = this.#options;
    const { checkpoint } = await checkpoints.load(iterationOf);
    await checkpoint.restore(parts);
    return iterationOf(checkpoint.progress);
  }

  #explain(): Promise<NonFiniteOrigin | undefined> {
    return findNonFinite(() => scope(this.#options.step));
  }
}
