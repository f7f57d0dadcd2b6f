// A program for the tests: an autoencoder of two dense layers, about as large as the GAN, and quick.

import { Adam, Dense, Flatten, LeakyReLU, meanSquaredError, Sequential, scope, type Tensor } from "@adjoint/core";
import { type Pictures, type Program, pictureGrid, type Setting, type Training } from "../src/index.js";

/** Counts iterations, has one model and one loss, and draws images with replacement. */
export const smallProgram: Program<"loss"> = {
  name: "small",
  command: "npm run small",
  title: "A small program",
  description: "Trains something small.",
  defaults: { length: { iterations: 20_000 }, batchSize: 128, learningRate: 0.001, sampleInterval: 1000 },
  learningRate: "Adam's learning rate",
  panels: [{ name: "loss", title: "Loss", color: "#3b7de0" }],
  captions: { picture: "16 images", samples: "An image as it is learnt." },
  describeLosses: ({ last }) => `${last.iteration} [loss: ${last.loss.toFixed(6)}]`,
  create,
};

function create({ options, mnist: { images }, random }: Setting): Training<"loss"> {
  const weights = { random: random("weights") };
  const model = new Sequential(
    [new Flatten(), new Dense(784, 128, weights), new LeakyReLU(), new Dense(128, 784, weights)],
    {
      name: "model",
    },
  );
  const optimizer = new Adam(model.parameters(), { learningRate: options.learningRate });
  const draw = random("images");
  const batch = (): Tensor => images.batch(images.sampleIndices(draw, options.batchSize), { scale: 1 / 255 });
  return {
    models: { model },
    optimizers: { adam: optimizer },
    randoms: { images: draw },
    step: () =>
      scope(() => {
        const x = batch();
        const target = x.reshape([options.batchSize, 784]);
        return { loss: optimizer.minimize(() => meanSquaredError(model.apply(x), target)) };
      }),
    skipBatch: () => void batch(),
    takePictures: async (): Promise<Pictures> => {
      const brightness = await scope(() => model.apply(images.batch([0, 1, 2, 3], { scale: 1 / 255 }))).data();
      const layout = { columns: 2, imageHeight: 28, imageWidth: 28, scale: 1, gap: 2 };
      return { sample: pictureGrid(brightness.subarray(0, 784), layout), large: pictureGrid(brightness, layout) };
    },
  };
}
