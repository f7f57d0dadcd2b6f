// One run of a program: the data, the backend, the folder and what is trained from the options, from the beginning or
// from where a run stopped.

import { type BackendChoice, type BackendName, DataError, Random, useBackend } from "@adjoint/core";
import type { Checkpoint } from "@adjoint/core/io";
import { loadMnist, type Mnist } from "@adjoint/mnist";
import { createModelFiles, modelFile } from "./model-files.js";
import { type Asked, inOrder, type RunOptions } from "./options.js";
import { type Findings, type Program, type Setting, STREAMS, type Training } from "./program.js";
import {
  changesOf,
  checkLength,
  checkSameImages,
  iterationOf,
  type OptionChange,
  type RunProgress,
  readProgress,
  resumedOptions,
  savedOptions,
} from "./resume.js";
import { RunCheckpoints } from "./run/checkpoints.js";
import { type Experiment, runExperiment } from "./run/experiment.js";
import type { Output } from "./run/progress.js";
import { RunFolder } from "./run/run-folder.js";
import { newStart, startAt } from "./run/run-start.js";
import { type RunDescription, usedVersions } from "./run/run-summary.js";

/** What a run is made from. */
interface Run<Name extends string, Own extends object> {
  readonly program: Program<Name, Own>;
  readonly options: RunOptions & Own;
  readonly mnist: Mnist;
  readonly choice: BackendChoice;
  readonly training: Training<Name>;
  readonly folder: RunFolder;
  readonly checkpoints: RunCheckpoints;
  /** What was saved with the checkpoint to go on from; absent for a new run. */
  readonly former?: RunProgress | undefined;
}

/**
 * Trains what a program declares and writes the run's folder.
 *
 * @returns the program's exit code
 * @throws AdjointError where the data, the backend or the folder cannot be had, an option contradicts the run that is
 *   to go on, or a loss stops being finite
 */
export async function train<Name extends string, Own extends object>(
  program: Program<Name, Own>,
  asked: Asked<Own>,
  output: Output,
): Promise<number> {
  const { options } = asked;
  if (options.resume !== undefined) {
    const folder = await RunFolder.open(options.resume);
    return goOn(program, asked, folder, output).finally(() => folder.close());
  }
  const mnist = loadMnist("train", { directory: options.data });
  const choice = await chooseBackend(options);
  try {
    const training = program.create(createSetting(options, mnist));
    const { out: path, overwrite } = options;
    const folder = await RunFolder.create(program.name, { path, overwrite }, ownFiles(training));
    try {
      const checkpoints = new RunCheckpoints(folder);
      const run = { program, options, mnist, choice, training, folder, checkpoints };
      return await runExperiment(await createExperiment(run), output);
    } finally {
      await folder.close();
    }
  } finally {
    await choice.backend.dispose();
  }
}

/** The images to go on with. Where it was the run that named their folder, an error says how to name another. */
function findImages(directory: string | undefined, given: readonly string[]): Mnist {
  try {
    return loadMnist("train", { directory });
  } catch (error) {
    if (!(error instanceof DataError) || directory === undefined || given.includes("data")) throw error;
    const problem = `${error.message}, where the run had its images; if they are elsewhere now, name that with --data`;
    throw new DataError("--resume", problem, { cause: error });
  }
}

async function goOn<Name extends string, Own extends object>(
  program: Program<Name, Own>,
  asked: Asked<Own>,
  folder: RunFolder,
  output: Output,
): Promise<number> {
  const { path } = folder;
  const checkpoints = new RunCheckpoints(folder);
  const found = await checkpoints.load(iterationOf);
  const former = readProgress(found, program.name);
  const options = resumedOptions(asked, former, path);
  const mnist = findImages(options.data, asked.given);
  checkSameImages(former, mnist.sha256, path);
  checkLength(former, lengthOf(options, mnist).iterations, path);
  // by its own name: what auto takes may change from one time to the next, and so would the bits
  const { backend, reason } = former;
  const choice = { ...(await chooseBackend({ ...options, backend })), reason };
  try {
    const training = program.create(createSetting(options, mnist));
    await restore(found.checkpoint, training, options.learningRate !== former.options.learningRate);
    for (const problem of found.problems) output.write(`damaged     ${problem}\n`);
    output.write(`going on    from iteration ${former.iteration}, ${found.path}\n`);
    const run = { program, options, mnist, choice, training, folder, checkpoints, former };
    return await runExperiment(await createExperiment(run), output);
  } finally {
    await choice.backend.dispose();
  }
}

/** Restores what is trained. The optimizers' own rates, as the program gave them, stay where the rate `isNew`. */
async function restore(checkpoint: Checkpoint, training: Training<string>, isNew: boolean): Promise<void> {
  const rates = Object.values(training.optimizers).map((optimizer) => [optimizer, optimizer.learningRate] as const);
  await checkpoint.restore(partsOf(training));
  if (isNew) for (const [optimizer, rate] of rates) optimizer.learningRate = rate;
}

function chooseBackend({ backend, threads, wide }: RunOptions): Promise<BackendChoice> {
  return useBackend(backend, { ...(threads === undefined ? {} : { threads }), ...(wide ? { wide } : {}) });
}

/** What a program makes its training from. */
export function createSetting<Own extends object>(options: RunOptions & Own, mnist: Mnist): Setting<Own> {
  return {
    options,
    mnist,
    loadTest: () => loadMnist("test", { directory: options.data }),
    random: (stream) => new Random(options.seed, { stream: STREAMS[stream] }),
  };
}

function ownFiles({ models, finalPictures = [] }: Training<string>): string[] {
  return [...Object.keys(models).map(modelFile), ...finalPictures.map(({ name }) => name)];
}

/** What a checkpoint holds. */
export function partsOf({ models, optimizers, randoms }: Training<string>) {
  return { models, optimizers, randoms };
}

/** How long a run is and its intervals, in iterations, of which an epoch has as many as it takes to see all images. */
function lengthOf(
  { iterations, epochs = 1, batchSize, sampleInterval, checkpointInterval, historyInterval }: RunOptions,
  { images }: Mnist,
) {
  const epoch = Math.ceil(images.count / batchSize);
  return {
    iterations: iterations ?? epochs * epoch,
    epoch,
    sampleInterval: sampleInterval ?? epoch,
    checkpointInterval: checkpointInterval ?? epoch,
    historyInterval,
  };
}

async function createExperiment<Name extends string, Own extends object>(
  run: Run<Name, Own>,
): Promise<Experiment<Name>> {
  const { program, options, mnist, training, folder, checkpoints, former } = run;
  const { title, command, panels, captions } = program;
  const { step, skipBatch, takePictures, finalPictures = [] } = training;
  const length = lengthOf(options, mnist);
  const description = describeRun(run, length.iterations);
  const names = panels.map(({ name }) => name);
  return {
    ...{ title, command, panels, captions, folder, checkpoints, description },
    ...length,
    onNonFinite: options.onNonFinite,
    start: former ? await startAt(former, folder, names, length) : newStart(names),
    changed: former !== undefined && changesOf(former, options).length > (former.changes ?? []).length,
    parts: partsOf(training),
    progressAt: (iteration, seconds) => ({ ...describeProgress(run, description), iteration, seconds }),
    iterationOf,
    ...{ step, skipBatch, takePictures, finalPictures },
    modelFiles: () => createModelFiles(training.models, options.layout),
    describeLosses: (moment) => program.describeLosses(moment),
    afterTraining: () => findOut(run),
  };
}

/** What the program finds out by itself, and how good the images are that it makes. */
async function findOut<Name extends string, Own extends object>(run: Run<Name, Own>): Promise<Findings[]> {
  const { options, mnist, training } = run;
  if (!options.measures) return [];
  const own = await training.afterTraining?.();
  if (!training.generate) return own ? [own] : [];
  // loaded only now, since not every run comes to its end
  const { measureGenerator } = await import("./generator-measures.js");
  const random = createSetting(options, mnist).random("measures");
  const measured = await measureGenerator(training.generate, { mnist, random, threads: options.threads });
  return own ? [own, measured] : [measured];
}

/** What is saved beside the parts, and is the same at every iteration. */
function describeProgress<Name extends string, Own extends object>(
  { program, options, choice, mnist }: Run<Name, Own>,
  { startedAt, changes }: RunDescription,
): Omit<RunProgress, "iteration" | "seconds"> {
  const { backend, reason } = choice;
  const saved = { options: savedOptions(options), backend: backend.name as BackendName, reason, images: mnist.sha256 };
  return { program: program.name, startedAt, ...saved, ...noted(changes) };
}

/** Changes, where there are any. */
function noted(changes: readonly OptionChange[] = []): { changes?: readonly OptionChange[] } {
  return changes.length > 0 ? { changes } : {};
}

function describeRun<Name extends string, Own extends object>(
  { program, options, mnist, choice: { backend, reason }, training, folder: { path }, former }: Run<Name, Own>,
  iterationsAsked: number,
): RunDescription {
  const { images, source } = mnist;
  const info = backend.info();
  const counts = Object.entries(training.models).map(([name, model]) => [name, model.parameterCount().total] as const);
  return {
    program: program.name,
    options: inOrder(program, { ...savedOptions(options), out: path }),
    ...noted(former && changesOf(former, options)),
    seed: options.seed,
    iterationsAsked,
    backend: { ...info, reason },
    data: { source, images: images.count },
    parameters: Object.fromEntries(counts),
    versions: usedVersions(info),
    startedAt: former?.startedAt ?? new Date().toISOString(),
  };
}
