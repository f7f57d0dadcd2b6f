// Pictures of the decoder: what it makes of points of the plane, as many to the left of each column and below each row
// as between the next two, by the distribution that points are drawn from.

import { noGradient, type Sequential, scope, tensor } from "@adjoint/core";
import { type Pictures, pictureGrid } from "@adjoint/example-common";
import { IMAGE_SIDE } from "@adjoint/mnist";
import { normalQuantile } from "./normal-quantile.js";

/** Images along each side of the grid. */
export const GRID_SIDE = 15;

/** Shares of the distribution between which the grid lies. */
const [LOWEST, HIGHEST] = [0.05, 0.95];

/** The points of the grid, [225, 2]: rows from the highest second value downwards, in each the first value rising. */
export function gridPoints(): Float32Array {
  const quantiles = Array.from({ length: GRID_SIDE }, (_, i) =>
    normalQuantile(LOWEST + ((HIGHEST - LOWEST) * i) / (GRID_SIDE - 1)),
  );
  const points = [...quantiles].reverse().flatMap((second) => quantiles.map((first) => [first, second]));
  return Float32Array.from(points.flat());
}

/** Makes the function that takes the pictures: the grid, small and large. */
export function createPictures(decoder: Sequential): () => Promise<Pictures> {
  const points = tensor(gridPoints(), { shape: [GRID_SIDE ** 2, 2] });
  return async () => {
    const brightness = await scope(() => noGradient(() => decoder.apply(points))).data();
    const layout = { imageHeight: IMAGE_SIDE, imageWidth: IMAGE_SIDE, columns: GRID_SIDE, gap: 0 };
    return {
      sample: pictureGrid(brightness, { ...layout, scale: 1 }),
      large: pictureGrid(brightness, { ...layout, scale: 2 }),
    };
  };
}
