// A run that was trained, to see what it came to.

import { join } from "node:path";
import { type Random, useBackend } from "@adjoint/core";
import { readCheckpointFile } from "@adjoint/core/node";
import { loadMnist } from "@adjoint/mnist";
import { parseOptions, type RunOptions } from "./options.js";
import type { Program, Training } from "./program.js";
import { type RunProgress, readProgress } from "./resume.js";
import { RUN_FILES } from "./run/run-folder.js";

/** What a run's newest checkpoint holds. */
export interface LoadedRun {
  readonly progress: RunProgress;
  readonly training: Training<string>;
  /** Draws what a generator's images are measured with, as at the end of the run. */
  readonly measuresRandom: Random;
}

/**
 * Makes what a program trained in a folder, with the values of its newest checkpoint, on the `wasm` backend. The folder
 * stays as it is.
 *
 * @throws FileSystemError or FileFormatError where there is no checkpoint; DataError for another program's
 */
export async function loadRun<Name extends string, Own extends object>(
  program: Program<Name, Own>,
  folder: string,
): Promise<LoadedRun> {
  // what reads no run need not load what trains
  const { createSetting, partsOf } = await import("./train.js");
  const path = join(folder, RUN_FILES.checkpoint);
  const checkpoint = await readCheckpointFile(path);
  const progress = readProgress({ checkpoint, path, problems: [] }, program.name);
  const options = withDefaults(program, progress.options);
  await useBackend("wasm");
  const setting = createSetting(options, loadMnist("train"));
  const training = program.create(setting);
  await checkpoint.restore(partsOf(training));
  return { progress, training, measuresRandom: setting.random("measures") };
}

/**
 * Options of a run, with the defaults of those that were unknown when it began. None of the images is looked at: those
 * that it was trained with need not be there any more.
 */
function withDefaults<Name extends string, Own extends object>(
  program: Program<Name, Own>,
  { data: _, ...saved }: RunOptions,
) {
  const defaults = parseOptions<Own>(program, []);
  return { ...(defaults.kind === "run" ? defaults.options : {}), ...saved } as RunOptions & Own;
}
