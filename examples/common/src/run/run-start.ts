// Where a run begins: at nothing, or at a checkpoint with what was written until then.

import { readFile } from "node:fs/promises";
import { DataError } from "@adjoint/core";
import { History } from "./history.js";
import { RUN_FILES, type RunFolder } from "./run-folder.js";

/** What there is before the first iteration of this process. */
export interface RunStart<Name extends string> {
  readonly iteration: number;
  /** How long the run took until there. */
  readonly seconds: number;
  readonly history: History<Name>;
  /** Iterations of which there are pictures. */
  readonly sampled: readonly number[];
}

/** When rows and pictures are due. */
export interface Intervals {
  readonly iterations: number;
  readonly historyInterval: number;
  readonly sampleInterval: number;
}

/** Whether an iteration's pictures are taken. */
export function isSampled(iteration: number, { iterations, sampleInterval }: Intervals): boolean {
  return iteration % sampleInterval === 0 || iteration === iterations;
}

/** The start of a run that is new. */
export function newStart<Name extends string>(names: readonly Name[]): RunStart<Name> {
  return { iteration: 0, seconds: 0, history: new History(names), sampled: [] };
}

/**
 * The start of a run that goes on from a checkpoint: its rows and pictures until there are taken over. What a run that
 * never stopped would not have is removed: what came after the checkpoint, and what belongs to an end that was none.
 *
 * @throws DataError where history.csv cannot be read or a row is missing
 */
export async function startAt<Name extends string>(
  { iteration, seconds }: { iteration: number; seconds: number },
  folder: RunFolder,
  names: readonly Name[],
  intervals: Intervals,
): Promise<RunStart<Name>> {
  const path = folder.pathOf(RUN_FILES.history);
  const history = History.fromCsv(names, await readFile(path, "utf8"), path);
  const isDue = (i: number) => i <= iteration && (isSampled(i, intervals) || i % intervals.historyInterval === 0);
  history.keep(isDue);
  const there = new Set(history.rows.map((row) => row.iteration));
  for (let i = 1; i <= iteration; i++) {
    if (isDue(i) && !there.has(i)) throw new DataError("--resume", `${path}: the row of iteration ${i} is missing`);
  }
  const sampled = await folder.keepSamples((i) => i <= iteration && isSampled(i, intervals));
  return { iteration, seconds, history, sampled };
}
