// One run of the GAN: makes the models, the streams of random numbers and the step from the options, and has them
// trained.

import { type BackendChoice, Random, scope, useBackend } from "@adjoint/core";
import { drawBatch } from "./batches.js";
import { loadMnist, type Mnist } from "./mnist.js";
import { createModels, type GanModels } from "./models.js";
import type { GanOptions } from "./options.js";
import { type Experiment, runExperiment } from "./run/experiment.js";
import type { HistoryRow } from "./run/history.js";
import type { Output } from "./run/progress.js";
import { RunFolder } from "./run/run-folder.js";
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

/**
 * Trains the GAN and writes the run's folder.
 *
 * @returns the program's exit code
 * @throws AdjointError where the data, the backend or the folder cannot be had, or a loss stops being finite
 */
export async function trainGan(options: GanOptions, output: Output): Promise<number> {
  const mnist = loadMnist("train", { directory: options.data });
  const { backend, threads } = options;
  const choice = await useBackend(backend, threads === undefined ? {} : { threads });
  try {
    const folder = await RunFolder.create(PROGRAM, { path: options.out, overwrite: options.overwrite });
    return await runExperiment(createExperiment(options, mnist, choice, folder), output);
  } finally {
    await choice.backend.dispose();
  }
}

function createExperiment(
  options: GanOptions,
  mnist: Mnist,
  choice: BackendChoice,
  folder: RunFolder,
): Experiment<LossName> {
  const random = (stream: keyof typeof STREAMS) => new Random(options.seed, { stream: STREAMS[stream] });
  const models = createModels(random("weights"));
  const optimizers = createOptimizers(models, options.learningRate);
  const source = {
    images: mnist.images,
    batchSize: options.batchSize,
    imagesRandom: random("images"),
    noiseRandom: random("noise"),
  };
  return {
    title: "MNIST GAN",
    folder,
    description: describeRun(options, mnist, choice, folder, models),
    historyInterval: options.historyInterval,
    sampleInterval: options.sampleInterval,
    step: () => scope(() => ganStep(models, optimizers, drawBatch(source))),
    takePictures: createSampler(models.generator, random("pictures")),
    panels: PANELS,
    captions: {
      picture: "100 images from the generator, as it is now",
      samples: "What the generator makes of the same 16 random inputs as it learns.",
    },
    describeLosses,
  };
}

function describeRun(
  options: GanOptions,
  { images, source }: Mnist,
  { backend, reason }: BackendChoice,
  { path }: RunFolder,
  { generator, discriminator }: GanModels,
): RunDescription {
  const info = backend.info();
  return {
    program: PROGRAM,
    options: { ...options, out: path },
    seed: options.seed,
    iterationsAsked: options.iterations,
    backend: { ...info, reason },
    data: { source, images: images.count },
    parameters: {
      generator: generator.parameterCount().total,
      discriminator: discriminator.parameterCount().total,
    },
    versions: usedVersions(info),
    startedAt: new Date().toISOString(),
  };
}

/** The article's line: `1000 [D loss: 0.129656, acc.: 96.09%] [G loss: 3.387729]`. */
export function describeLosses(row: HistoryRow<LossName>): string {
  const { iteration, discriminatorLoss, discriminatorAccuracy, generatorLoss } = row;
  const accuracy = (100 * discriminatorAccuracy).toFixed(2);
  return `${iteration} [D loss: ${discriminatorLoss.toFixed(6)}, acc.: ${accuracy}%] [G loss: ${generatorLoss.toFixed(6)}]`;
}
