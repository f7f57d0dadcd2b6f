// Where the batches of the GAN come from: images drawn with replacement, and normal noise.

import { type ByteDataset, type Random, randomNormal } from "@adjoint/core";
import { NOISE_SIZE } from "./models.js";
import type { GanBatch } from "./step.js";

/** What batches are drawn from. */
export interface BatchSource {
  /** Images as bytes, [count, 28, 28, 1]. */
  readonly images: ByteDataset;
  readonly batchSize: number;
  /** Draws which images a batch holds. */
  readonly imagesRandom: Random;
  /** Draws the generator's inputs. */
  readonly noiseRandom: Random;
}

/** Bytes 0 … 255 become −1 … 1. */
const SCALING = { scale: 1 / 127.5, offset: -1 };

/** Draws what the next iteration is fed with. */
export function drawBatch({ images, batchSize, imagesRandom, noiseRandom }: BatchSource): GanBatch {
  const noise = () => randomNormal([batchSize, NOISE_SIZE], { random: noiseRandom });
  return {
    real: images.batch(images.sampleIndices(imagesRandom, batchSize), SCALING),
    discriminatorNoise: noise(),
    generatorNoise: noise(),
  };
}
