// Pictures of the autoencoder: test images, and below each what is made of it.

import { noGradient, scope, type Tensor } from "@adjoint/core";
import { type Pictures, pictureGrid } from "@adjoint/example-common";
import { IMAGE_SIDE, type Mnist } from "@adjoint/mnist";
import { SCALING } from "./step.js";

/** A column for each digit. */
const COLUMNS = 10;
/** Rows of originals on the large picture. */
const LARGE_ROWS = 5;
const PIXELS = IMAGE_SIDE * IMAGE_SIDE;

/**
 * Makes the function that takes the pictures: a row of ten images and one of their reconstructions, and five such pairs.
 *
 * @param reconstruct [batch, 28, 28, 1] pixels in [0, 1] → the same
 */
export function createPictures(
  reconstruct: (images: Tensor) => Tensor,
  { images, labels }: Mnist,
): () => Promise<Pictures> {
  const shown = chooseShown(labels, images.count);
  return async () => {
    const originals = images.batch(shown, SCALING);
    const reconstructions = scope(() => noGradient(() => reconstruct(originals)));
    const rows = inPairs(await originals.data(), await reconstructions.data());
    const layout = { imageHeight: IMAGE_SIDE, imageWidth: IMAGE_SIDE, columns: COLUMNS, scale: 3, gap: 4 };
    return { sample: pictureGrid(rows.subarray(0, 2 * COLUMNS * PIXELS), layout), large: pictureGrid(rows, layout) };
  };
}

/** Numbers of images, row by row: the digits from 0 to 9 in each, or the first images where there are no labels. */
export function chooseShown(labels: Uint8Array | undefined, count: number): Int32Array {
  return Int32Array.from({ length: LARGE_ROWS * COLUMNS }, (_, place) => {
    const [row, digit] = [Math.floor(place / COLUMNS), place % COLUMNS];
    const ofDigit = labels ? [...labels.keys()].filter((i) => labels[i] === digit) : [];
    return ofDigit[row] ?? place % count;
  });
}

/** A row of originals, the row of their reconstructions, the next row of originals, …. */
function inPairs(originals: ArrayLike<number>, reconstructions: ArrayLike<number>): Float32Array {
  const row = COLUMNS * PIXELS;
  return Float32Array.from({ length: 2 * originals.length }, (_, i) => {
    const [pair, place] = [Math.floor(i / (2 * row)), i % (2 * row)];
    const source = place < row ? originals : reconstructions;
    return source[pair * row + (place % row)] as number;
  });
}
