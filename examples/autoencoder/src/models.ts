// The two halves of the autoencoder: an encoder from an image to a few values, and a decoder from these to an image.

import {
  BatchNorm,
  Dense,
  Flatten,
  LeakyReLU,
  type Module,
  type Random,
  Reshape,
  Sequential,
  Sigmoid,
} from "@adjoint/core";
import { IMAGE_SIDE } from "@adjoint/mnist/image-side";

const PIXELS = IMAGE_SIDE * IMAGE_SIDE;

/** Sizes of the layers between image and latent values. */
const HIDDEN_SIZES = [512, 128];

/** Both halves, as `createModels` makes them. */
export interface AutoencoderModels {
  readonly encoder: Sequential;
  readonly decoder: Sequential;
}

/**
 * Makes both with Glorot-uniform kernels and zero biases; the encoder's weights are drawn first.
 *
 * @param latentSize values that an image is compressed to
 * @returns the encoder, [batch, 28, 28, 1] pixels in [0, 1] → [batch, latentSize], and the decoder, back again
 */
export function createModels(latentSize: number, random: Random): AutoencoderModels {
  const inward = [PIXELS, ...HIDDEN_SIZES, latentSize];
  const outward = [...inward].reverse();
  return {
    encoder: new Sequential([new Flatten(), ...denseLayers(inward, random)], { name: "encoder" }),
    decoder: new Sequential(
      [...denseLayers(outward, random), new Sigmoid(), new Reshape([IMAGE_SIDE, IMAGE_SIDE, 1])],
      { name: "decoder" },
    ),
  };
}

/**
 * Dense layers of the given sizes, with a normalization and a LeakyReLU between each two. Without the normalization all
 * images become black: most pixels are, and black has the least absolute error of all images that do not differ.
 */
function denseLayers(sizes: readonly number[], random: Random): Module[] {
  return sizes.slice(1).flatMap((size, i) => {
    const before = sizes[i] as number;
    const dense = new Dense(before, size, { random });
    return i === 0 ? [dense] : [new BatchNorm(before, { momentum: 0.9 }), new LeakyReLU(), dense];
  });
}
