// The autoencoder as a program: what it is called, what it shows, and how its parts are put together.

import {
  Adam,
  ArgumentError,
  meanAbsoluteError,
  noGradient,
  type Sequential,
  ShuffledEpochs,
  scope,
  type Tensor,
} from "@adjoint/core";
import {
  applyIdle,
  type FinalPicture,
  type Findings,
  type Program,
  type Setting,
  scatterPlot,
  type Training,
  wholeNumberOption,
} from "@adjoint/example-common";
import type { Mnist } from "@adjoint/mnist";
import { type AutoencoderModels, createModels } from "./models.js";
import { createPictures } from "./pictures.js";
import { type AutoencoderLosses, autoencoderStep, SCALING } from "./step.js";

type LossName = keyof AutoencoderLosses;

/** Options of this program alone. */
export interface AutoencoderOptions {
  /** Values that an image is compressed to. */
  readonly latent: number;
}

/** Compresses images to a few values and brings them back. */
export const autoencoder: Program<LossName, AutoencoderOptions> = {
  name: "autoencoder",
  command: "npm run autoencoder",
  title: "Autoencoder",
  description: "Trains an autoencoder on MNIST and writes pictures, losses and a page about the run.",
  defaults: { length: { epochs: 20 }, batchSize: 128, learningRate: 0.001 },
  learningRate: "Adam's learning rate",
  ownOptions: [
    wholeNumberOption("--latent <count>", "values that an image is compressed to", { low: 1, high: 784 }).default(32),
  ],
  panels: [{ name: "meanAbsoluteError", title: "Mean absolute error of a pixel", color: "#3b7de0" }],
  captions: {
    picture: "Test images, five of each digit: originals above, and below what is made of them",
    samples: "The first test image of each digit, and what is made of it as the autoencoder learns.",
  },
  describeLosses: ({ epoch, mean }) =>
    `epoch ${Number(epoch.toFixed(2))} [mean absolute error: ${mean.meanAbsoluteError.toFixed(5)}]`,
  create,
};

function create({ options, mnist: { images }, loadTest, random }: Setting<AutoencoderOptions>): Training<LossName> {
  checkBatches(options.batchSize, images.count);
  const test = loadTest();
  const models = createModels(options.latent, random("weights"));
  const parameters = [models.encoder, models.decoder].flatMap((model) => model.parameters());
  const optimizer = new Adam(parameters, { learningRate: options.learningRate });
  const randoms = { images: random("images") };
  const epochs = new ShuffledEpochs(images.count, randoms.images);
  const drawBatch = () => images.batch(epochs.next(options.batchSize), SCALING);
  return {
    models: { ...models },
    optimizers: { adam: optimizer },
    randoms,
    step: () => scope(() => autoencoderStep(models, optimizer, drawBatch())),
    skipBatch: () => void drawBatch(),
    takePictures: createPictures((batch) => reconstructIdle(models, batch), test),
    finalPictures: options.latent === 2 ? [latentPlot(models.encoder, test)] : [],
    afterTraining: () => testError(models, test),
  };
}

/** Of a batch of one image no variance is known, by which the layers normalize. */
function checkBatches(batchSize: number, images: number): void {
  if (batchSize !== 1 && images % batchSize !== 1) return;
  const problem = `${batchSize} leaves a batch of one image of ${images}, which cannot be normalized`;
  throw new ArgumentError("--batch-size", `${problem}; choose another size`);
}

/** Where the test images lie in a latent space of two values. */
function latentPlot(encoder: Sequential, { images, labels }: Mnist): FinalPicture {
  return {
    name: "latent.svg",
    caption: "Where each test image lies in the latent space, coloured by its digit",
    draw: async () => {
      const points = await scope(() => applyIdle(encoder, allOf(images))).data();
      return Buffer.from(scatterPlot(points, { classes: labels, axes: ["first value", "second value"] }));
    },
  };
}

/** The error on images that were never learnt. */
async function testError(models: AutoencoderModels, { images }: Mnist): Promise<Findings> {
  const error = await scope(() =>
    noGradient(() => {
      const all = allOf(images);
      return meanAbsoluteError(reconstructIdle(models, all), all);
    }),
  ).item();
  const count = images.count.toLocaleString("en-US");
  return {
    heading: "On images that were not learnt",
    rows: [[`Mean absolute error on the ${count} test images`, error.toFixed(5)]],
    values: { testMeanAbsoluteError: error },
  };
}

/** As `reconstruct`, in evaluation mode. */
function reconstructIdle({ encoder, decoder }: AutoencoderModels, images: Tensor): Tensor {
  return applyIdle(decoder, applyIdle(encoder, images));
}

function allOf(images: Mnist["images"]): Tensor {
  return images.batch(
    Int32Array.from({ length: images.count }, (_, i) => i),
    SCALING,
  );
}
