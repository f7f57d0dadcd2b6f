// Runs an experiment: the training loop with its progress, its folder, Ctrl-C, and an end that is always written down.

import { join } from "node:path";
import { AdjointError } from "@adjoint/core";
import type { Panel } from "./chart.js";
import { History, type HistoryRow } from "./history.js";
import { createProgress, type Output, type Progress } from "./progress.js";
import { RUN_FILES, type RunFolder } from "./run-folder.js";
import { type Pictures, RunReport } from "./run-report.js";
import type { RunDescription, RunSummary } from "./run-summary.js";
import { describeParameters, describeStatus, milliseconds, wholeNumber } from "./run-texts.js";
import { exitCodeOf, SignalWatch } from "./signals.js";
import { Stopwatch } from "./stopwatch.js";
import { type Losses, runTraining } from "./training-loop.js";

/** What is trained, and how it is shown. */
export interface Experiment<Name extends string> {
  readonly title: string;
  readonly folder: RunFolder;
  readonly description: RunDescription;
  readonly historyInterval: number;
  readonly sampleInterval: number;
  /** One iteration. */
  readonly step: () => Losses<Name>;
  /** Takes the pictures of the moment. */
  readonly takePictures: () => Promise<Pictures>;
  /** A curve for each loss, in the order of the history's columns. */
  readonly panels: readonly Panel<Name>[];
  readonly captions: { readonly picture: string; readonly samples: string };
  /** The line that is printed at each sample interval. */
  readonly describeLosses: (row: HistoryRow<Name>) => string;
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
  const history = new History(experiment.panels.map(({ name }) => name));
  const stopwatch = new Stopwatch();
  const report = new RunReport({ ...experiment, history, stopwatch });
  const progress = createProgress(output, experiment.description.iterationsAsked);
  const signals = new SignalWatch((signal) => {
    progress.line(`${signal}: finishing this iteration and writing what was done; once more to leave at once`);
  });
  try {
    const done = await train(experiment, { history, stopwatch, report, progress, signals });
    const interrupted = done < experiment.description.iterationsAsked ? signals.received : undefined;
    const summary = await report.finish(
      interrupted ? { status: "interrupted", signal: interrupted } : { status: "finished" },
    );
    progress.stop();
    for (const line of closingLines(summary, experiment.folder)) output.write(`${line}\n`);
    return interrupted ? exitCodeOf(interrupted) : 0;
  } catch (error) {
    progress.stop();
    // an error of the file system would come again; what was written before is whole
    if (error instanceof AdjointError) {
      await report.finish({ status: "failed", error: error.message });
      output.write(`What was done until then is in ${experiment.folder.path}\n`);
    }
    throw error;
  } finally {
    signals.stop();
  }
}

interface Instruments<Name extends string> {
  readonly history: History<Name>;
  readonly stopwatch: Stopwatch;
  readonly report: RunReport<Name>;
  readonly progress: Progress;
  readonly signals: SignalWatch;
}

function train<Name extends string>(
  experiment: Experiment<Name>,
  { history, stopwatch, report, progress, signals }: Instruments<Name>,
): Promise<number> {
  return runTraining({
    ...experiment,
    iterations: experiment.description.iterationsAsked,
    stopwatch,
    onLosses: (row) => history.add(row),
    onIteration: (iteration) => progress.update(iteration),
    onSample: async (iteration) => {
      if (history.last) progress.line(experiment.describeLosses(history.last));
      await report.addSample(iteration, await experiment.takePictures());
    },
    shouldStop: () => signals.received !== undefined,
  });
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

function closingLines(summary: RunSummary, { path }: RunFolder): string[] {
  const median = summary.medianMillisecondsPerIteration;
  return [
    `${describeStatus(summary)}${median === null ? "" : ` Median: ${milliseconds(median)} an iteration.`}`,
    `Pictures, losses and summary are in ${path}; open ${join(path, RUN_FILES.page)}`,
  ];
}
