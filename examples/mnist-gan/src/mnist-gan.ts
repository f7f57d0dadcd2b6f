// The GAN as a program: what it is called, what it shows, and how its parts are put together.

import { noGradient, randomNormal, scope } from "@adjoint/core";
import { createNoiseSampler, type Program, type Setting, type Training } from "@adjoint/example-common";
import { drawBatch } from "./batches.js";
import { createModels, NOISE_SIZE } from "./models.js";
import { createOptimizers, type GanLosses, ganStep } from "./step.js";

type LossName = keyof GanLosses;

/** The classic fully connected GAN. */
export const mnistGan: Program<LossName> = {
  name: "mnist-gan",
  command: "npm start",
  title: "MNIST GAN",
  description: "Trains the classic fully connected GAN on MNIST and writes pictures, losses and a page about the run.",
  // those of the article
  defaults: { length: { iterations: 20_000 }, batchSize: 128, learningRate: 0.001, sampleInterval: 1000 },
  learningRate: "Adam's learning rate, for both networks",
  panels: [
    { name: "discriminatorLoss", title: "Discriminator loss", color: "#3b7de0" },
    { name: "discriminatorAccuracy", title: "Discriminator accuracy", color: "#159466", percent: true },
    { name: "generatorLoss", title: "Generator loss", color: "#d9772b" },
  ],
  captions: {
    picture: "100 images from the generator, as it is now",
    samples: "What the generator makes of the same 16 random inputs as it learns.",
  },
  // the article's line: `1000 [D loss: 0.129656, acc.: 96.09%] [G loss: 3.387729]`
  describeLosses({ last: { iteration, discriminatorLoss, discriminatorAccuracy, generatorLoss } }) {
    const accuracy = (100 * discriminatorAccuracy).toFixed(2);
    return `${iteration} [D loss: ${discriminatorLoss.toFixed(6)}, acc.: ${accuracy}%] [G loss: ${generatorLoss.toFixed(6)}]`;
  },
  create,
};

function create({ options, mnist, random }: Setting): Training<LossName> {
  const models = createModels(random("weights"));
  const optimizers = createOptimizers(models, options.learningRate);
  const randoms = { images: random("images"), noise: random("noise") };
  const { generator } = models;
  const source = {
    images: mnist.images,
    batchSize: options.batchSize,
    imagesRandom: randoms.images,
    noiseRandom: randoms.noise,
  };
  return {
    models: { ...models },
    optimizers: { ...optimizers },
    randoms,
    step: () => scope(() => ganStep(models, optimizers, drawBatch(source))),
    skipBatch: () => void drawBatch(source),
    takePictures: createNoiseSampler(generator, { noiseSize: NOISE_SIZE, random: random("pictures") }),
    generate: (count, noiseRandom) =>
      scope(() => noGradient(() => generator.apply(randomNormal([count, NOISE_SIZE], { random: noiseRandom })))),
  };
}
