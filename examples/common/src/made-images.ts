// As many images as one wants from a generator.

import type { Random, Tensor } from "@adjoint/core";
import { IMAGE_SIDE } from "@adjoint/mnist/image-side";

/** Makes images, [count, 28, 28, 1] in [−1, 1]. */
export type Generate = (count: number, random: Random) => Tensor;

/** Images that are made at once. */
const BLOCK = 500;

/** Makes images, some at a time, and hands back all their pixels. */
export async function makeImages(generate: Generate, count: number, random: Random): Promise<Float32Array> {
  const pixels = new Float32Array(count * IMAGE_SIDE ** 2);
  for (let made = 0; made < count; made += BLOCK) {
    const images = generate(Math.min(BLOCK, count - made), random);
    pixels.set(await images.data(), made * IMAGE_SIDE ** 2);
    images.dispose();
  }
  return pixels;
}
