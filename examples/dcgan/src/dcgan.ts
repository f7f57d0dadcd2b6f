// The GAN with convolutions as a program: what it is called, what it shows, and how its parts are put together.

import { MovingAverage, Random, randomNormal, scope } from "@adjoint/core";
import { applyIdle, createNoiseSampler, type Program, type Setting, type Training } from "@adjoint/example-common";
import { createGenerator, createModels, NOISE_SIZE } from "./models.js";
import { createOptimizers, type DcganBatch, type DcganLosses, dcganStep } from "./step.js";

type LossName = keyof DcganLosses;

/** Bytes 0 … 255 become −1 … 1. */
const SCALING = { scale: 1 / 127.5, offset: -1 };
/** Of the generator's moving average, which makes the pictures. README.md says why. */
export const AVERAGE_DECAY = 0.995;

/** A GAN whose generator draws with transposed convolutions: no white specks. */
export const dcgan: Program<LossName> = {
  name: "dcgan",
  command: "npm run dcgan",
  title: "DCGAN",
  description: "Trains a GAN with convolutions on MNIST and writes pictures, losses and a page about the run.",
  defaults: { length: { iterations: 3000 }, batchSize: 128, learningRate: 0.002, sampleInterval: 250 },
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
  describeLosses({ last: { iteration }, mean: { discriminatorLoss, discriminatorAccuracy, generatorLoss } }) {
    const accuracy = (100 * discriminatorAccuracy).toFixed(2);
    return `${iteration} [D loss: ${discriminatorLoss.toFixed(4)}, acc.: ${accuracy}%] [G loss: ${generatorLoss.toFixed(4)}]`;
  },
  create,
};

function create({ options, mnist: { images }, random }: Setting): Training<LossName> {
  const randoms = { images: random("images"), noise: random("noise") };
  const models = createModels(random("weights"));
  const optimizers = createOptimizers(models, options.learningRate);
  const drawBatch = (): DcganBatch => ({
    real: images.batch(images.sampleIndices(randoms.images, options.batchSize), SCALING),
    noise: randomNormal([options.batchSize, NOISE_SIZE], { random: randoms.noise }),
  });
  // follows the generator, and overwrites its first weights by that one's
  const average = createGenerator(new Random(0), "average");
  const following = new MovingAverage(average, models.generator, { decay: AVERAGE_DECAY });
  return {
    models: { ...models, average },
    optimizers: { ...optimizers },
    randoms,
    step: () => {
      const losses = scope(() => dcganStep(models, optimizers, drawBatch()));
      following.update();
      return losses;
    },
    skipBatch: () => void drawBatch(),
    takePictures: createNoiseSampler(average, { noiseSize: NOISE_SIZE, random: random("pictures") }),
    generate: (count, noise) => scope(() => applyIdle(average, randomNormal([count, NOISE_SIZE], { random: noise }))),
  };
}
