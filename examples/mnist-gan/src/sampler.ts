// Pictures of what the generator makes, always from the same noise, so that one sees it learn.

import { noGradient, type Random, randomNormal, type Sequential, scope, type Tensor } from "@adjoint/core";
import { IMAGE_SIDE } from "@adjoint/mnist";
import { NOISE_SIZE } from "./models.js";
import { pictureGrid } from "./run/picture-grid.js";
import type { Pictures } from "./run/run-report.js";

/** Images on the sheet that is kept for each sample interval, and on the large one. */
const SAMPLE_COLUMNS = 4;
const LARGE_COLUMNS = 10;

/**
 * Makes the function that takes the pictures: a sheet of 4×4 images, and one of 10×10 that begins with the same ones.
 *
 * The article draws new noise for every sheet. Here the noise is drawn once, from a stream of its own: each image of a
 * sheet can be followed from one sheet to the next, and taking pictures more or less often does not change the run.
 */
export function createSampler(generator: Sequential, random: Random): () => Promise<Pictures> {
  const noise = randomNormal([LARGE_COLUMNS ** 2, NOISE_SIZE], { random });
  return async () => {
    const brightness = await brightnessOf(scope(() => noGradient(() => generator.apply(noise))));
    const image = { imageHeight: IMAGE_SIDE, imageWidth: IMAGE_SIDE };
    const few = brightness.subarray(0, SAMPLE_COLUMNS ** 2 * IMAGE_SIDE ** 2);
    return {
      sample: pictureGrid(few, { ...image, columns: SAMPLE_COLUMNS, scale: 4, gap: 6 }),
      large: pictureGrid(brightness, { ...image, columns: LARGE_COLUMNS, scale: 3, gap: 4 }),
    };
  };
}

/** Pixels in [−1, 1] brought back to [0, 1]. */
async function brightnessOf(images: Tensor): Promise<Float32Array> {
  return Float32Array.from(await images.data(), (pixel) => (pixel + 1) / 2);
}
