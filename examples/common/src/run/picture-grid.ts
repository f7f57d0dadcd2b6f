// A sheet of small greyscale images as a PNG, each pixel drawn as a square so that it can be seen.

import { encode } from "fast-png";

/** How images are laid out on a sheet. */
export interface GridOptions {
  readonly columns: number;
  /** Size of one image, in its own pixels. */
  readonly imageHeight: number;
  readonly imageWidth: number;
  /** Pixels of the sheet along the side of one pixel of an image. */
  readonly scale: number;
  /** Pixels of the sheet between images and around them. */
  readonly gap: number;
}

/** Brightness of what lies between the images: dark, but not the black of the images' own background. */
const BETWEEN = 40;

/**
 * Draws images in rows, left to right, and encodes the sheet as an 8-bit greyscale PNG.
 *
 * @param brightness [count, imageHeight, imageWidth] values, row-major; 0 is black and 1 white, outside is clipped
 */
export function pictureGrid(brightness: ArrayLike<number>, options: GridOptions): Uint8Array {
  const { columns, imageHeight, imageWidth, scale, gap } = options;
  const count = brightness.length / (imageHeight * imageWidth);
  const width = gap + columns * (imageWidth * scale + gap);
  const height = gap + Math.ceil(count / columns) * (imageHeight * scale + gap);
  const sheet = new Uint8Array(width * height).fill(BETWEEN);
  for (let image = 0; image < count; image++) {
    const left = gap + (image % columns) * (imageWidth * scale + gap);
    const top = gap + Math.floor(image / columns) * (imageHeight * scale + gap);
    for (let y = 0; y < imageHeight * scale; y++) {
      const source = (image * imageHeight + Math.floor(y / scale)) * imageWidth;
      const target = (top + y) * width + left;
      for (let x = 0; x < imageWidth * scale; x++) {
        sheet[target + x] = toByte(brightness[source + Math.floor(x / scale)] ?? 0);
      }
    }
  }
  return encode({ width, height, data: sheet, channels: 1, depth: 8 });
}

function toByte(brightness: number): number {
  return Math.round(255 * Math.min(1, Math.max(0, brightness)));
}
