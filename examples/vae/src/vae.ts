// The variational autoencoder as a program: what it is called, what it shows, and how its parts are put together.

import { noGradient, type Random, randomNormal, ShuffledEpochs, scope, type Tensor } from "@adjoint/core";
import {
  type FinalPicture,
  type Findings,
  type Program,
  type Setting,
  scatterPlot,
  type Training,
} from "@adjoint/example-common";
import type { Mnist } from "@adjoint/mnist";
import { createModels, LATENT_SIZE, type VaeModels } from "./models.js";
import { createPictures } from "./pictures.js";
import { createOptimizer, encode, SCALING, type VaeBatch, type VaeLosses, vaeLosses, vaeStep } from "./step.js";

type LossName = keyof VaeLosses;

/** Learns what distribution of points each image comes from; the decoder alone then makes new ones. */
export const vae: Program<LossName> = {
  name: "vae",
  command: "npm run vae",
  title: "Variational autoencoder",
  description: "Trains a variational autoencoder on MNIST and writes pictures, losses and a page about the run.",
  defaults: { length: { epochs: 20 }, batchSize: 100, learningRate: 0.001 },
  learningRate: "RMSprop's learning rate",
  panels: [
    { name: "loss", title: "Loss", color: "#3b7de0" },
    { name: "reconstruction", title: "Reconstruction: cross-entropy of an image", color: "#d9772b" },
    { name: "divergence", title: "Divergence of its distribution from the normal one", color: "#159466" },
  ],
  captions: {
    picture: "What the decoder makes of 15×15 points of the plane, at quantiles of the normal distribution",
    samples: "The same grid as the decoder learns.",
  },
  describeLosses: ({ epoch, mean }) =>
    `epoch ${Number(epoch.toFixed(2))} [loss: ${mean.loss.toFixed(2)}, reconstruction: ` +
    `${mean.reconstruction.toFixed(2)}, divergence: ${mean.divergence.toFixed(2)}]`,
  create,
};

function create({ options, mnist: { images }, loadTest, random }: Setting): Training<LossName> {
  const test = loadTest();
  const models = createModels(random("weights"));
  const optimizer = createOptimizer(models, options.learningRate);
  const randoms = { images: random("images"), noise: random("noise") };
  const epochs = new ShuffledEpochs(images.count, randoms.images);
  const drawBatch = () => batchOf(images, epochs.next(options.batchSize), randoms.noise);
  return {
    models: { ...models },
    optimizers: { rmsprop: optimizer },
    randoms,
    step: () => scope(() => vaeStep(models, optimizer, drawBatch())),
    skipBatch: () => void drawBatch(),
    takePictures: createPictures(models.decoder),
    finalPictures: [latentPlot(models, test)],
    afterTraining: () => testLoss(models, batchOf(test.images, allOf(test), random("measures"))),
    generate: (count, noise) => scope(() => noGradient(() => generate(models, count, noise))),
  };
}

function batchOf(images: Mnist["images"], indices: Int32Array, random: Random): VaeBatch {
  return {
    images: images.batch(indices, SCALING),
    noise: randomNormal([indices.length, LATENT_SIZE], { random }),
  };
}

function allOf({ images }: Mnist): Int32Array {
  return Int32Array.from({ length: images.count }, (_, i) => i);
}

/** Decoded points of the normal distribution, with pixels in [−1, 1]. */
function generate({ decoder }: VaeModels, count: number, random: Random): Tensor {
  return decoder
    .apply(randomNormal([count, LATENT_SIZE], { random }))
    .mul(2)
    .sub(1);
}

/** Where the test images lie in the latent space. */
function latentPlot(models: VaeModels, test: Mnist): FinalPicture {
  return {
    name: "latent.svg",
    caption: "The middle of each test image's distribution, coloured by its digit",
    draw: async () => {
      const means = scope(() => noGradient(() => encode(models, test.images.batch(allOf(test), SCALING)).mean));
      const plot = scatterPlot(await means.data(), { classes: test.labels, axes: ["first value", "second value"] });
      return Buffer.from(plot);
    },
  };
}

/** The losses on images that were never learnt. */
async function testLoss(models: VaeModels, batch: VaeBatch): Promise<Findings> {
  const losses = scope(() => noGradient(() => vaeLosses(models, batch)));
  const [loss, reconstruction, divergence] = (await Promise.all(
    [losses.loss, losses.reconstruction, losses.divergence].map((value) => value.item()),
  )) as [number, number, number];
  const count = (batch.images.shape[0] as number).toLocaleString("en-US");
  return {
    heading: "On images that were not learnt",
    rows: [
      [`Loss on the ${count} test images`, loss.toFixed(2)],
      ["of it reconstruction", reconstruction.toFixed(2)],
      ["of it divergence", divergence.toFixed(2)],
    ],
    values: { testLoss: loss, testReconstruction: reconstruction, testDivergence: divergence },
  };
}
