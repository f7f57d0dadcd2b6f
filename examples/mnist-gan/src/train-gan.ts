// One run of the GAN: makes the models, the streams of random numbers and the step from the options, and has them
// trained.

import { type BackendChoice, type BackendName, Random, scope, useBackend } from "@adjoint/core";
import { loadMnist, type Mnist } from "@adjoint/mnist";
import { drawBatch } from "./batches.js";
import { createModelFiles } from "./model-files.js";
import { createModels, type GanModels } from "./models.js";
import { type GanOptions, inOrder } from "./options.js";
import {
  checkSameImages,
  iterationOf,
  type RunProgress,
  readProgress,
  resumedOptions,
  savedOptions,
} from "./resume.js";
import { type FoundCheckpoint, RunCheckpoints } from "./run/checkpoints.js";
import { type Experiment, runExperiment } from "./run/experiment.js";
import type { HistoryRow } from "./run/history.js";
import type { Output } from "./run/progress.js";
import { RunFolder } from "./run/run-folder.js";
import { newStart, startAt } from "./run/run-start.js";
import { type RunDescription, usedVersions } from "./run/run-summary.js";
import { createSampler } from "./sampler.js";
import { createOptimizers, type GanLosses, ganStep } from "./step.js";

const PROGRAM = "mnist-gan";

/**
 * Streams of the one seed, each independent of how much is drawn from the others: another batch size starts from the
 * same weights, and pictures taken more often do not change the run.
 */
const STREAMS = { weights: 0, images: 1, noise: 2, pictures: 3 } as const;

type LossName = keyof GanLosses;

/** The panels of the chart and the columns of history.csv. */
const PANELS: Experiment<LossName>["panels"] = [
  { name: "discriminatorLoss", title: "Discriminator loss", color: "#3b7de0" },
  { name: "discriminatorAccuracy", title: "Discriminator accuracy", color: "#159466", percent: true },
  { name: "generatorLoss", title: "Generator loss", color: "#d9772b" },
];

/** What a run is made from. */
interface Setting {
  readonly options: GanOptions;
  readonly mnist: Mnist;
  readonly choice: BackendChoice;
  readonly folder: RunFolder;
  readonly checkpoints: RunCheckpoints;
  /** What to go on from; absent for a new run. */
  readonly found?: FoundRun | undefined;
}

/** A run to go on with, as its checkpoint has it. */
interface FoundRun extends FoundCheckpoint {
  readonly progress: RunProgress;
}

/**
 * Trains the GAN and writes the run's folder, from the beginning or from where a run stopped.
 *
 * @returns the program's exit code
 * @throws AdjointError where the data, the backend or the folder cannot be had, an option contradicts the run that is
 *   to go on, or a loss stops being finite
 */
export async function trainGan({ options, given }: Asked, output: Output): Promise<number> {
  if (options.resume !== undefined) return goOn({ options, given }, options.resume, output);
  const mnist = loadMnist("train", { directory: options.data });
  const choice = await chooseBackend(options);
  try {
    const folder = await RunFolder.create(PROGRAM, { path: options.out, overwrite: options.overwrite });
    const checkpoints = new RunCheckpoints(folder);
    return await runExperiment(await createExperiment({ options, mnist, choice, folder, checkpoints }), output);
  } finally {
    await choice.backend.dispose();
  }
}

/** The options, and which of them were typed. */
interface Asked {
  readonly options: GanOptions;
  readonly given: readonly (keyof GanOptions)[];
}

async function goOn(asked: Asked, path: string, output: Output): Promise<number> {
  const folder = await RunFolder.open(path);
  const checkpoints = new RunCheckpoints(folder);
  const checkpoint = await checkpoints.load(iterationOf);
  const found = { ...checkpoint, progress: readProgress(checkpoint, PROGRAM) };
  const options = resumedOptions(asked.options, asked.given, found.progress, path);
  const mnist = loadMnist("train", { directory: options.data });
  checkSameImages(found.progress, mnist.sha256, path);
  // by its own name: what auto takes may change from one time to the next, and so would the bits
  const { backend, reason } = found.progress;
  const choice = { ...(await chooseBackend({ ...options, backend })), reason };
  try {
    for (const problem of found.problems) output.write(`damaged     ${problem}\n`);
    output.write(`going on    from iteration ${found.progress.iteration}, ${found.path}\n`);
    const setting = { options, mnist, choice, folder, checkpoints, found };
    return await runExperiment(await createExperiment(setting), output);
  } finally {
    await choice.backend.dispose();
  }
}

function chooseBackend({ backend, threads }: GanOptions): Promise<BackendChoice> {
  return useBackend(backend, threads === undefined ? {} : { threads });
}

async function createExperiment(setting: Setting): Promise<Experiment<LossName>> {
  const { options, mnist, folder, checkpoints, found } = setting;
  const random = (stream: keyof typeof STREAMS) => new Random(options.seed, { stream: STREAMS[stream] });
  const models = createModels(random("weights"));
  const optimizers = createOptimizers(models, options.learningRate);
  const randoms = { images: random("images"), noise: random("noise") };
  const parts = { models: { ...models }, optimizers: { ...optimizers }, randoms };
  await found?.checkpoint.restore(parts);
  const { images } = mnist;
  const source = { images, batchSize: options.batchSize, imagesRandom: randoms.images, noiseRandom: randoms.noise };
  const description = describeRun(setting, models);
  const names = PANELS.map(({ name }) => name);
  return {
    title: "MNIST GAN",
    folder,
    checkpoints,
    description,
    ...pick(options),
    start: found ? await startAt(found.progress, folder, names, options) : newStart(names),
    parts,
    progressAt: (iteration, seconds) => ({ ...describeProgress(setting, description), iteration, seconds }),
    iterationOf,
    step: () => scope(() => ganStep(models, optimizers, drawBatch(source))),
    skipBatch: () => void drawBatch(source),
    takePictures: createSampler(models.generator, random("pictures")),
    modelFiles: () => createModelFiles(models, options.layout),
    panels: PANELS,
    captions: {
      picture: "100 images from the generator, as it is now",
      samples: "What the generator makes of the same 16 random inputs as it learns.",
    },
    describeLosses,
  };
}

/** What is saved beside the parts, and is the same at every iteration. */
function describeProgress(
  { options, choice, mnist }: Setting,
  { startedAt }: RunDescription,
): Omit<RunProgress, "iteration" | "seconds"> {
  const { backend, reason } = choice;
  const saved = { options: savedOptions(options), backend: backend.name as BackendName, reason, images: mnist.sha256 };
  return { program: PROGRAM, startedAt, ...saved };
}

/** The options that belong to the experiment as they are. */
function pick({ historyInterval, sampleInterval, checkpointInterval, onNonFinite }: GanOptions) {
  return { historyInterval, sampleInterval, checkpointInterval, onNonFinite };
}

function describeRun(
  { options, mnist: { images, source }, choice: { backend, reason }, folder: { path }, found }: Setting,
  { generator, discriminator }: GanModels,
): RunDescription {
  const info = backend.info();
  return {
    program: PROGRAM,
    options: inOrder({ ...savedOptions(options), out: path }),
    seed: options.seed,
    iterationsAsked: options.iterations,
    backend: { ...info, reason },
    data: { source, images: images.count },
    parameters: {
      generator: generator.parameterCount().total,
      discriminator: discriminator.parameterCount().total,
    },
    versions: usedVersions(info),
    startedAt: found?.progress.startedAt ?? new Date().toISOString(),
  };
}

/** The article's line: `1000 [D loss: 0.129656, acc.: 96.09%] [G loss: 3.387729]`. */
export function describeLosses(row: HistoryRow<LossName>): string {
  const { iteration, discriminatorLoss, discriminatorAccuracy, generatorLoss } = row;
  const accuracy = (100 * discriminatorAccuracy).toFixed(2);
  return `${iteration} [D loss: ${discriminatorLoss.toFixed(6)}, acc.: ${accuracy}%] [G loss: ${generatorLoss.toFixed(6)}]`;
}
