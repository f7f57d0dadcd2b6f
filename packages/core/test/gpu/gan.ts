// The GAN of examples/mnist-gan on a backend: the example's models, optimizers and step, on images of random bytes.

import { type Backend, ByteDataset, Random, scope, type Tensor, withBackend } from "@adjoint/core";
import { type BatchSource, drawBatch } from "../../../../examples/mnist-gan/src/batches.js";
import { createModels } from "../../../../examples/mnist-gan/src/models.js";
import { createOptimizers, type GanLosses, ganStep } from "../../../../examples/mnist-gan/src/step.js";

const SEED = 20_141;
const IMAGES = 300;

/** A GAN that is trained step by step. */
export interface Gan {
  /** One iteration, of which nothing is read. */
  step(): void;
  /** One iteration, and its losses: the discriminator's, its accuracy, the generator's. */
  stepAndRead(): Promise<number[]>;
}

/** Makes a GAN on a backend. The same seed gives the same weights, images and noise everywhere. */
export function createGan(backend: Backend, batchSize: number): Gan {
  const random = new Random(SEED, { stream: 4 });
  const bytes = Uint8Array.from({ length: IMAGES * 28 * 28 }, () => random.integer(256));
  const source: BatchSource = {
    images: new ByteDataset(bytes, [IMAGES, 28, 28, 1]),
    batchSize,
    imagesRandom: new Random(SEED, { stream: 1 }),
    noiseRandom: new Random(SEED, { stream: 2 }),
  };
  // in a scope, so that what parameters are made from is gone now, and not when the collector comes
  const { models, optimizers } = withBackend(backend, () =>
    scope(() => {
      const made = createModels(new Random(SEED));
      return { models: made, optimizers: createOptimizers(made, 0.001) };
    }),
  );
  const step = (): GanLosses => withBackend(backend, () => ganStep(models, optimizers, drawBatch(source)));
  return {
    step: () => scope(() => void step()),
    async stepAndRead() {
      const losses = scope(step);
      const read = [losses.discriminatorLoss, losses.discriminatorAccuracy, losses.generatorLoss];
      const values = await Promise.all(read.map((loss: Tensor) => loss.item()));
      for (const loss of read) loss.dispose();
      return values;
    },
  };
}

/** The losses of the first iterations. */
export async function lossesOf(backend: Backend, iterations: number, batchSize: number): Promise<number[][]> {
  const gan = createGan(backend, batchSize);
  const losses: number[][] = [];
  for (let i = 0; i < iterations; i++) losses.push(await gan.stepAndRead());
  return losses;
}
