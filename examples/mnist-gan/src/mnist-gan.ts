// The GAN as a program: what it is called, what it shows, and how its parts are put together.

import { MovingAverage, noGradient, Random, randomNormal, scope } from "@adjoint/core";
import { createNoiseSampler, type Program, type Setting, type Training } from "@adjoint/example-common";
import { drawBatch } from "./batches.js";
import { createGenerator, createModels, type GanModels, NOISE_SIZE } from "./models.js";
import { type GanOptions, RECIPE_OPTION, RECIPES, type Recipe } from "./recipes.js";
import { createOptimizers, type GanLosses, ganStep } from "./step.js";

type LossName = keyof GanLosses;

/** The classic fully connected GAN. */
export const mnistGan: Program<LossName, GanOptions> = {
  name: "mnist-gan",
  command: "npm start",
  title: "MNIST GAN",
  description: "Trains the classic fully connected GAN on MNIST and writes pictures, losses and a page about the run.",
  // those of the article
  defaults: { length: { iterations: 20_000 }, batchSize: 128, learningRate: 0.001, sampleInterval: 1000 },
  learningRate: "Adam's learning rate, for both networks; tuned: 0.002",
  ownOptions: [RECIPE_OPTION],
  impliedOptions: ({ recipe }) => ({ learningRate: RECIPES[recipe].learningRate }),
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

function create({ options, mnist, random }: Setting<GanOptions>): Training<LossName> {
  const recipe: Recipe = RECIPES[options.recipe];
  const models = createModels(random("weights"));
  const optimizers = createOptimizers(models, options.learningRate, recipe);
  const randoms = { images: random("images"), noise: random("noise") };
  const average = createAverage(models, recipe);
  // what the pictures are taken of
  const generator = average?.model ?? models.generator;
  const source = {
    images: mnist.images,
    batchSize: options.batchSize,
    imagesRandom: randoms.images,
    noiseRandom: randoms.noise,
  };
  return {
    models: { ...models, ...(average && { average: average.model }) },
    optimizers: { ...optimizers },
    randoms,
    step: () => {
      const losses = scope(() => ganStep(models, optimizers, drawBatch(source)));
      average?.following.update();
      return losses;
    },
    skipBatch: () => void drawBatch(source),
    takePictures: createNoiseSampler(generator, { noiseSize: NOISE_SIZE, random: random("pictures") }),
    generate: (count, noiseRandom) =>
      scope(() => noGradient(() => generator.apply(randomNormal([count, NOISE_SIZE], { random: noiseRandom })))),
  };
}

/** A second generator, which follows the first: its weights are the moving average of the other's. */
function createAverage({ generator }: GanModels, { averageDecay: decay }: Recipe) {
  if (decay === undefined) return undefined;
  // its first weights are overwritten
  const model = createGenerator(new Random(0), "average");
  return { model, following: new MovingAverage(model, generator, { decay }) };
}
