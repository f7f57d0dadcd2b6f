// The two halves of the variational autoencoder: an encoder from an image to a normal distribution in a plane, and a
// decoder from a point of the plane to an image.

import { Dense, Flatten, type Random, ReLU, Reshape, Sequential, Sigmoid } from "@adjoint/core";
import { IMAGE_SIDE } from "@adjoint/mnist/image-side";

/** Values of a point in the latent space. */
export const LATENT_SIZE = 2;

const HIDDEN_SIZE = 256;
const PIXELS = IMAGE_SIDE * IMAGE_SIDE;

/** Both halves, as `createModels` makes them. */
export interface VaeModels {
  readonly encoder: Sequential;
  readonly decoder: Sequential;
}

/** Makes both with Glorot-uniform kernels and zero biases; the encoder's weights are drawn first. */
export function createModels(random: Random): VaeModels {
  return { encoder: createEncoder(random), decoder: createDecoder(random) };
}

/** [batch, 28, 28, 1] pixels in [0, 1] → [batch, 4]: the mean's two values, then two logarithms of variances. */
function createEncoder(random: Random): Sequential {
  return new Sequential(
    [
      new Flatten(),
      new Dense(PIXELS, HIDDEN_SIZE, { random }),
      new ReLU(),
      new Dense(HIDDEN_SIZE, 2 * LATENT_SIZE, { random }),
    ],
    { name: "encoder" },
  );
}

/** [batch, 2] points → [batch, 28, 28, 1] pixels in (0, 1), each the probability of being white. */
function createDecoder(random: Random): Sequential {
  return new Sequential(
    [
      new Dense(LATENT_SIZE, HIDDEN_SIZE, { random }),
      new ReLU(),
      new Dense(HIDDEN_SIZE, PIXELS, { random }),
      new Sigmoid(),
      new Reshape([IMAGE_SIDE, IMAGE_SIDE, 1]),
    ],
    { name: "decoder" },
  );
}
