// The Wasserstein GAN as a program: what it is called, what it shows, and how its parts are put together.

import { randomNormal, randomUniform, scope } from "@adjoint/core";
import {
  applyIdle,
  createNoiseSampler,
  type Program,
  type Setting,
  type Training,
  wholeNumberOption,
} from "@adjoint/example-common";
import { createModels, NOISE_SIZE } from "./models.js";
import { type CriticBatch, createOptimizers, type WganBatch, type WganLosses, wganStep } from "./step.js";

type LossName = keyof WganLosses;

/** Options of this program alone. */
export interface WganOptions {
  /** Updates of the critic in one iteration. */
  readonly criticUpdates: number;
}

/** Bytes 0 … 255 become −1 … 1. */
const SCALING = { scale: 1 / 127.5, offset: -1 };

/** A GAN whose critic measures a distance between distributions, instead of telling real from generated. */
export const wganGp: Program<LossName, WganOptions> = {
  name: "wgan-gp",
  command: "npm run wgan-gp",
  title: "WGAN-GP",
  description:
    "Trains a Wasserstein GAN with gradient penalty on MNIST and writes pictures, losses and a page about the run.",
  defaults: { length: { iterations: 2000 }, batchSize: 64, learningRate: 0.0005, sampleInterval: 250 },
  learningRate: "Adam's learning rate, for both networks",
  ownOptions: [
    wholeNumberOption("--critic-updates <count>", "updates of the critic in one iteration", { low: 1 }).default(5),
  ],
  panels: [
    { name: "distance", title: "Distance that the critic sees", color: "#3b7de0" },
    { name: "penalty", title: "Penalty: mean of (slope − 1)²", color: "#159466" },
    { name: "generatorLoss", title: "Generator loss", color: "#d9772b" },
  ],
  captions: {
    picture: "100 images from the generator, as it is now",
    samples: "What the generator makes of the same 16 random inputs as it learns.",
  },
  describeLosses: ({ mean: { iteration, distance, penalty, generatorLoss } }) =>
    `${iteration} [distance: ${distance.toFixed(4)}, penalty: ${penalty.toFixed(4)}] [G loss: ${generatorLoss.toFixed(4)}]`,
  create,
};

function create({ options, mnist: { images }, random }: Setting<WganOptions>): Training<LossName> {
  const { batchSize, criticUpdates } = options;
  const models = createModels(random("weights"));
  const optimizers = createOptimizers(models, options.learningRate);
  const randoms = { images: random("images"), noise: random("noise"), mixing: random("mixing") };
  const drawNoise = () => randomNormal([batchSize, NOISE_SIZE], { random: randoms.noise });
  const drawCriticBatch = (): CriticBatch => ({
    real: images.batch(images.sampleIndices(randoms.images, batchSize), SCALING),
    noise: drawNoise(),
    shares: randomUniform([batchSize, 1, 1, 1], { random: randoms.mixing }),
  });
  const drawBatch = (): WganBatch => ({
    critic: Array.from({ length: criticUpdates }, drawCriticBatch),
    noise: drawNoise(),
  });
  const { generator } = models;
  return {
    models: { ...models },
    optimizers: { ...optimizers },
    randoms,
    step: () => scope(() => wganStep(models, optimizers, drawBatch())),
    skipBatch: () => void drawBatch(),
    takePictures: createNoiseSampler(generator, { noiseSize: NOISE_SIZE, random: random("pictures") }),
    generate: (count, noise) => scope(() => applyIdle(generator, randomNormal([count, NOISE_SIZE], { random: noise }))),
  };
}
