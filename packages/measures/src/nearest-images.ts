// The image of a data set that is nearest to each of some others, pixel by pixel: does a generator copy?

import { type ByteDataset, type Tensor, withBackend } from "@adjoint/core";
import { visitSquaredDistances } from "./distances.js";

/** The nearest image of the data set for each image, by its number there, and how far it is. */
export interface NearestImages {
  readonly indices: Int32Array;
  /** The root of the sum of squared differences of brightness, which is from 0 to 1. */
  readonly distances: Float64Array;
}

/** Bytes become brightness. */
const BRIGHTNESS = { scale: 1 / 255 };

/** Images of the data set that are compared at once. */
const BLOCK = 5000;

/**
 * Compares each image with all of a data set.
 *
 * @param brightness [count, pixels], from 0 to 1
 * @returns distances computed anew in float64, once it is known which is the nearest
 */
export async function findNearestImages(brightness: Tensor, dataset: ByteDataset): Promise<NearestImages> {
  const [count = 0, pixels = 0] = brightness.shape;
  const indices = new Int32Array(count);
  const least = new Float64Array(count).fill(Infinity);
  for (let start = 0; start < dataset.count; start += BLOCK) {
    const size = Math.min(BLOCK, dataset.count - start);
    const candidates = batch(
      brightness,
      dataset,
      Int32Array.from({ length: size }, (_, i) => start + i),
    );
    const rows = candidates.reshape([size, pixels]);
    await visitSquaredDistances(brightness, rows, ({ distances, firstRow, rows: inBlock }) => {
      for (let place = 0; place < inBlock * size; place++) {
        const image = firstRow + Math.floor(place / size);
        const distance = distances[place] as number;
        if (distance >= (least[image] as number)) continue;
        least[image] = distance;
        indices[image] = start + (place % size);
      }
    });
    candidates.dispose();
  }
  return { indices, distances: await exactDistances(brightness, batch(brightness, dataset, indices)) };
}

function batch({ backend }: Tensor, dataset: ByteDataset, indices: Int32Array): Tensor {
  return withBackend(backend, () => dataset.batch(indices, BRIGHTNESS));
}

async function exactDistances(images: Tensor, others: Tensor): Promise<Float64Array> {
  const [a, b] = await Promise.all([images.data(), others.data()]);
  const [count = 0, pixels = 0] = images.shape;
  return Float64Array.from({ length: count }, (_, image) => {
    let sum = 0;
    for (let i = image * pixels; i < (image + 1) * pixels; i++) sum += ((a[i] as number) - (b[i] as number)) ** 2;
    return Math.sqrt(sum);
  });
}
