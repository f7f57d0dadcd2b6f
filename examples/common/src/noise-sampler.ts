// Pictures of what a generator makes, always from the same noise, so that one sees it learn.

import { type Module, noGradient, type Random, randomNormal, scope, type Tensor } from "@adjoint/core";
import { IMAGE_SIDE } from "@adjoint/mnist";
import { pictureGrid } from "./run/picture-grid.js";
import type { Pictures } from "./run/run-report.js";

/** Images on the sheet that is kept for each sample interval, and on the large one. */
const SAMPLE_COLUMNS = 4;
const LARGE_COLUMNS = 10;

/** What the pictures are made with. */
export interface NoiseSamplerOptions {
  /** Values in one vector of noise, the generator's input. */
  readonly noiseSize: number;
  /** Draws the noise, once. */
  readonly random: Random;
}

/**
 * Makes the function that takes the pictures: a sheet of 4×4 images, and one of 10×10 that begins with the same ones.
 *
 * The noise is drawn once, from a stream of its own: each image of a sheet can be followed from one sheet to the next,
 * and taking pictures more or less often does not change the run.
 *
 * @param generator [batch, noiseSize] noise → [batch, 28, 28, 1] pixels in [−1, 1]
 */
export function createNoiseSampler(
  generator: Module,
  { noiseSize, random }: NoiseSamplerOptions,
): () => Promise<Pictures> {
  const noise = randomNormal([LARGE_COLUMNS ** 2, noiseSize], { random });
  return async () => {
    const brightness = await brightnessOf(scope(() => applyIdle(generator, noise)));
    const image = { imageHeight: IMAGE_SIDE, imageWidth: IMAGE_SIDE };
    const few = brightness.subarray(0, SAMPLE_COLUMNS ** 2 * IMAGE_SIDE ** 2);
    return {
      sample: pictureGrid(few, { ...image, columns: SAMPLE_COLUMNS, scale: 4, gap: 6 }),
      large: pictureGrid(brightness, { ...image, columns: LARGE_COLUMNS, scale: 3, gap: 4 }),
    };
  };
}

/** A model's output in evaluation mode and without a graph; the model is in training mode again afterwards. */
export function applyIdle(model: Module, x: Tensor): Tensor {
  model.eval();
  try {
    return noGradient(() => model.apply(x));
  } finally {
    model.train();
  }
}

/** Pixels in [−1, 1] brought back to [0, 1]. */
async function brightnessOf(images: Tensor): Promise<Float32Array> {
  return Float32Array.from(await images.data(), (pixel) => (pixel + 1) / 2);
}
