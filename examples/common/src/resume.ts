// Going on with a run: its options are those that its checkpoint holds, but for those that may change.

import { resolve } from "node:path";
import { ArgumentError, type BackendName, DataError } from "@adjoint/core";
import type { Asked, RunOptions } from "./options.js";
import type { FoundCheckpoint } from "./run/checkpoints.js";
import { optionFlag } from "./run/run-texts.js";

/** What of a run is saved beside its parts. */
export interface RunProgress {
  readonly program: string;
  readonly iteration: number;
  /** How long the run took so far. */
  readonly seconds: number;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly options: RunOptions;
  /** The backend that computed, by its own name where the option says `auto`, and why it was taken. */
  readonly backend: BackendName;
  readonly reason: string;
  /** SHA-256 of the images. */
  readonly images: string;
  /** What the run went on with that differs from how it was started; absent in files of before, and where nothing does. */
  readonly changes?: readonly OptionChange[];
}

/** An option that changed when the run went on. */
export interface OptionChange {
  readonly option: string;
  /** The last iteration with the former value. */
  readonly iteration: number;
  readonly from: number;
  readonly to: number;
}

/** Options that change which bits come out, and may change all the same: the run notes from where on. */
const NOTED = ["batchSize", "learningRate"] as const;

/** Options that do not change which bits come out, or that say for how long. */
const MAY_CHANGE: readonly string[] = [
  "iterations",
  "epochs",
  "threads",
  "wide",
  "checkpointInterval",
  "onNonFinite",
  "layout",
  "measures",
  "data",
  "resume",
];

/** Reads what was saved. Throws DataError for the checkpoint of another program. */
export function readProgress({ checkpoint, path }: FoundCheckpoint, program: string): RunProgress {
  const progress = checkpoint.progress as Partial<RunProgress> | null;
  if (progress?.program === program) return progress as RunProgress;
  const found = JSON.stringify(progress?.program ?? null);
  throw new DataError("--resume", `${path}: program: expected "${program}", found ${found}`);
}

/** The iteration in what was saved. */
export function iterationOf(progress: unknown): number {
  return (progress as RunProgress).iteration;
}

/**
 * The options of a run that goes on: those of before, with what was asked for now where that may change.
 *
 * @throws ArgumentError for one that contradicts the run's
 */
export function resumedOptions<Own extends object>(
  { options: asked, given }: Asked<Own>,
  { options, backend }: RunProgress,
  folder: string,
): RunOptions & Own {
  // what a machine can do is no matter of the run: it is asked for each time
  const { wide: _wide, ...kept } = options;
  const former = kept as RunOptions & Own;
  for (const name of given) {
    if (isNoted(name)) checkEpochs(name, asked, former, folder);
    const same = asked[name] === former[name] || (name === "backend" && asked.backend === backend);
    if (same || MAY_CHANGE.includes(name) || isNoted(name)) continue;
    const problem = `${folder} was started with ${former[name]}, and cannot go on with ${asked[name]}`;
    throw new ArgumentError(optionFlag(name), `${problem}; leave the option out, or start a new run`);
  }
  const mayChange = given.filter((name) => MAY_CHANGE.includes(name) || isNoted(name));
  const changed = mayChange.map((name) => [name, asked[name]]);
  // an option that was unknown when the run began has its default
  const { resume: _, ...resumed } = { ...asked, ...former, ...Object.fromEntries(changed), out: folder };
  return resumed as RunOptions & Own;
}

function isNoted(name: PropertyKey): name is (typeof NOTED)[number] {
  return NOTED.some((noted) => noted === name);
}

/** Another batch size moves the ends of epochs: a run that counts them, or has its intervals by them, keeps its own. */
function checkEpochs(name: string, asked: RunOptions, former: RunOptions, folder: string): void {
  const { batchSize, epochs, sampleInterval, checkpointInterval } = former;
  if (name !== "batchSize" || asked.batchSize === batchSize) return;
  if (epochs === undefined && sampleInterval !== undefined && checkpointInterval !== undefined) return;
  const problem = `${folder} counts in epochs of batches of ${batchSize}, and cannot go on with ${asked.batchSize}`;
  throw new ArgumentError("--batch-size", `${problem}; leave the option out, or start a new run`);
}

/** The changes of a run so far, with those that it goes on with now. */
export function changesOf(former: RunProgress, options: RunOptions): readonly OptionChange[] {
  const now = NOTED.flatMap((option) => {
    const [from, to] = [former.options[option], options[option]];
    return from === to ? [] : [{ option, iteration: former.iteration, from, to }];
  });
  return [...(former.changes ?? []), ...now];
}

/** Throws ArgumentError where the run has done more than it is to do. */
export function checkLength({ iteration, options }: RunProgress, iterations: number, folder: string): void {
  if (iterations >= iteration) return;
  const problem = `${folder} has done ${iteration} already, and cannot end with ${iterations}`;
  throw new ArgumentError(options.epochs === undefined ? "--iterations" : "--epochs", problem);
}

/** Throws ArgumentError where the run would go on with other images. */
export function checkSameImages(former: RunProgress, images: string, folder: string): void {
  if (former.images === images) return;
  throw new ArgumentError("--data", `${folder} was trained with other images, and cannot go on with these`);
}

/** Options as they are saved: the folder of the run is where it is found. */
export function savedOptions({ out: _, resume: __, data, ...options }: RunOptions): RunOptions {
  return { ...options, ...(data === undefined ? {} : { data: resolve(data) }) };
}
