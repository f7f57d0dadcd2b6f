// Runs an experiment: the training loop with its progress, its folder, Ctrl-C, and an end that is always written down.

import { join } from "node:path";
import { AdjointError, NonFiniteError } from "@adjoint/core";
import type { CheckpointParts } from "@adjoint/core/io";
import { FileSystemError } from "@adjoint/core/node";
import type { FinalPicture, Findings, Moment } from "../program.js";
import type { Panel } from "./chart.js";
import type { RunCheckpoints } from "./checkpoints.js";
import type { HistoryRow } from "./history.js";
import { NonFiniteGuard } from "./non-finite-guard.js";
import { createProgress, type Output, type Progress } from "./progress.js";
import { RUN_FILES, type RunFolder } from "./run-folder.js";
import { type Pictures, RunReport } from "./run-report.js";
import { isSampled, type RunStart } from "./run-start.js";
import type { RunDescription, RunSummary } from "./run-summary.js";
import { describeFindings, describeParameters, describeStatus, milliseconds, wholeNumber } from "./run-texts.js";
import { exitCodeOf, SignalWatch } from "./signals.js";
import { Stopwatch } from "./stopwatch.js";
import { type Losses, runTraining } from "./training-loop.js";

/** What is trained, and how it is shown. */
export interface Experiment<Name extends string> {
  readonly title: string;
  /** What a user types to start the program. */
  readonly command: string;
  readonly folder: RunFolder;
  readonly description: RunDescription;
  readonly historyInterval: number;
  readonly sampleInterval: number;
  readonly checkpointInterval: number;
  /** Iterations of one pass over all training images. */
  readonly epoch: number;
  readonly start: RunStart<Name>;
  /** Whether the run goes on with other options than those of the checkpoint that it starts from. */
  readonly changed: boolean;
  readonly checkpoints: RunCheckpoints;
  /** What a checkpoint holds, and what is saved beside it. */
  readonly parts: CheckpointParts;
  readonly progressAt: (iteration: number, seconds: number) => unknown;
  readonly iterationOf: (progress: unknown) => number;
  readonly onNonFinite: "stop" | "skip" | "ignore";
  /** One iteration. */
  readonly step: () => Losses<Name>;
  /** Draws what the next iteration would be fed with, and drops it. */
  readonly skipBatch: () => void;
  /** Takes the pictures of the moment. */
  readonly takePictures: () => Promise<Pictures>;
  /** Pictures of the end. */
  readonly finalPictures: readonly FinalPicture[];
  /** Makes the files of what was trained, by name, when training has ended. */
  readonly modelFiles: () => Promise<ReadonlyMap<string, Uint8Array>>;
  /** A curve for each loss, in the order of the history's columns. */
  readonly panels: readonly Panel<Name>[];
  readonly captions: { readonly picture: string; readonly samples: string };
  /** The line that is printed at each sample interval. */
  readonly describeLosses: (moment: Moment<Name>) => string;
  /** Finds out, when training has ended by itself, how good it has become. */
  readonly afterTraining: () => Promise<readonly Findings[]>;
}

/**
 * Trains until all iterations are done or a signal comes, and writes the run's folder.
 *
 * @returns the program's exit code: 0, or 128 plus the number of the signal that ended the run
 * @throws NonFiniteLossError, or what writing the files throws; what was done before is in the folder
 */
export async function runExperiment<Name extends string>(
  experiment: Experiment<Name>,
  output: Output,
): Promise<number> {
  for (const line of openingLines(experiment)) output.write(`${line}\n`);
  const { start } = experiment;
  const { history } = start;
  const stopwatch = new Stopwatch(start);
  const report = new RunReport({ ...experiment, history, stopwatch }, start.sampled);
  const progress = createProgress(output, experiment.description.iterationsAsked, start.iteration);
  const signals = new SignalWatch((signal) => {
    progress.line(`${signal}: finishing this iteration and writing what was done; once more to leave at once`);
  });
  try {
    const done = await train(experiment, { stopwatch, report, progress, signals });
    for (const [name, content] of await experiment.modelFiles()) await experiment.folder.write(name, content);
    const interrupted = done < experiment.description.iterationsAsked ? signals.received : undefined;
    const findings = interrupted ? [] : await experiment.afterTraining();
    const summary = await report.finish(
      interrupted ? { status: "interrupted", signal: interrupted } : { status: "finished" },
      { findings, pictures: experiment.finalPictures },
    );
    progress.stop();
    for (const line of closingLines(summary, experiment, findings)) output.write(`${line}\n`);
    return interrupted ? exitCodeOf(interrupted) : 0;
  } catch (error) {
    progress.stop();
    if (error instanceof AdjointError) {
      // an error of the file system would come again; what was written before is whole
      if (!(error instanceof FileSystemError)) await report.finish({ status: "failed", error: error.message });
      output.write(`What was done until then is in ${experiment.folder.path}; ${experiment.checkpoints.last}\n`);
    }
    throw error;
  } finally {
    signals.stop();
  }
}

interface Instruments<Name extends string> {
  readonly stopwatch: Stopwatch;
  readonly report: RunReport<Name>;
  readonly progress: Progress;
  readonly signals: SignalWatch;
}

async function train<Name extends string>(
  experiment: Experiment<Name>,
  instruments: Instruments<Name>,
): Promise<number> {
  const { stopwatch, report, progress, signals } = instruments;
  const { onNonFinite, start } = experiment;
  const { history } = start;
  const iterations = experiment.description.iterationsAsked;
  const addSample = async (iteration: number) => report.addSample(iteration, await experiment.takePictures());
  const save = (iteration: number) => saveCheckpoint(experiment, instruments, iteration);
  const guard = onNonFinite === "ignore" ? undefined : createGuard(experiment, onNonFinite, save, instruments);
  // where options changed too: whatever returns to the last checkpoint must find them
  if (start.iteration === 0 || experiment.changed) await save(start.iteration);
  // a checkpoint is written before its iteration's pictures
  if (start.iteration > 0 && isSampled(start.iteration, { ...experiment, iterations }))
    await addSample(start.iteration);
  stopwatch.restart(start.iteration);
  return runTraining({
    ...experiment,
    iterations,
    start: start.iteration,
    stopwatch,
    onLosses: (row) => history.add(row),
    onIteration: (iteration) => progress.update(iteration),
    onCheckpoint: async (iteration) => {
      try {
        await save(iteration);
        return iteration;
      } catch (error) {
        if (guard && error instanceof NonFiniteError) return guard.refuseParameters(iteration, error.message);
        throw error;
      }
    },
    onSample: async (iteration) => {
      progress.line(experiment.describeLosses(momentOf(experiment)));
      await addSample(iteration);
    },
    onNonFinite: guard && ((iteration, losses) => guard.refuseLosses(iteration, losses)),
    shouldStop: () => signals.received !== undefined,
  });
}

/** The last row of the history, and the mean of the rows since the line before it. */
function momentOf<Name extends string>({ start, sampleInterval, epoch }: Experiment<Name>): Moment<Name> {
  const last = start.history.last as HistoryRow<Name>;
  const before = (Math.ceil(last.iteration / sampleInterval) - 1) * sampleInterval;
  return { last, mean: start.history.meanSince(before), epoch: last.iteration / epoch };
}

async function saveCheckpoint<Name extends string>(
  { checkpoints, onNonFinite, parts, progressAt, start }: Experiment<Name>,
  { report, stopwatch }: Instruments<Name>,
  iteration: number,
): Promise<void> {
  // the rows first, so that there is no checkpoint without them
  start.history.keep((i) => i <= iteration);
  await report.writeHistory();
  const progress = progressAt(iteration, stopwatch.totalSeconds);
  await checkpoints.save(iteration, { ...parts, progress, allowNonFinite: onNonFinite === "ignore" });
}

function createGuard<Name extends string>(
  { checkpoints, parts, step, skipBatch, iterationOf }: Experiment<Name>,
  mode: "stop" | "skip",
  save: (iteration: number) => Promise<void>,
  { progress }: Instruments<Name>,
): NonFiniteGuard<Name> {
  const say = (line: string) => progress.line(line);
  return new NonFiniteGuard({ mode, checkpoints, parts, step, skipBatch, iterationOf, save, say });
}

function openingLines({ description, folder }: Pick<Experiment<string>, "description" | "folder">): string[] {
  const { backend, data, parameters } = description;
  const threads = `${backend.threads} ${backend.threads === 1 ? "thread" : "threads"}`;
  return [
    `backend     ${backend.name} (${backend.reason}): products by ${backend.products}, the rest by ${backend.elementwise}, ${threads}`,
    `data        ${wholeNumber(data.images)} images from ${data.source}`,
    `parameters  ${describeParameters(parameters)}`,
    `folder      ${folder.path}`,
  ];
}

function closingLines(
  summary: RunSummary,
  { folder: { path }, command }: Pick<Experiment<string>, "folder" | "command">,
  findings: readonly Findings[],
): string[] {
  const median = summary.medianMillisecondsPerIteration;
  const goOn = summary.status === "interrupted" ? [`To go on: ${command} -- --resume ${path}`] : [];
  return [
    ...findings.flatMap(describeFindings),
    `${describeStatus(summary)}${median === null ? "" : ` Median: ${milliseconds(median)} an iteration.`}`,
    `Pictures, losses, models and summary are in ${path}; open ${join(path, RUN_FILES.page)}`,
    ...goOn,
  ];
}
