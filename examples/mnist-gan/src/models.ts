// The two networks of the GAN: a generator from 100 random values to an image, and a discriminator from an image to
// the probability that it is real.

import { Dense, Flatten, LeakyReLU, type Random, Reshape, Sequential, Sigmoid, Tanh } from "@adjoint/core";
import { IMAGE_SIDE } from "@adjoint/mnist/image-side";

/** Values in one vector of noise, the generator's input. */
export const NOISE_SIZE = 100;

const HIDDEN_SIZE = 128;
const NEGATIVE_SLOPE = 0.01;
const PIXELS = IMAGE_SIDE * IMAGE_SIDE;

/** Both networks, as `createModels` makes them. */
export interface GanModels {
  readonly generator: Sequential;
  readonly discriminator: Sequential;
}

/** Makes both with Glorot-uniform kernels and zero biases; the generator's weights are drawn first. */
export function createModels(random: Random): GanModels {
  return { generator: createGenerator(random), discriminator: createDiscriminator(random) };
}

/** [batch, 100] noise → [batch, 28, 28, 1] pixels in (−1, 1); 114,064 parameters. */
export function createGenerator(random: Random, name = "generator"): Sequential {
  return new Sequential(
    [
      new Dense(NOISE_SIZE, HIDDEN_SIZE, { random }),
      new LeakyReLU({ negativeSlope: NEGATIVE_SLOPE }),
      new Dense(HIDDEN_SIZE, PIXELS, { random }),
      new Tanh(),
      new Reshape([IMAGE_SIDE, IMAGE_SIDE, 1]),
    ],
    { name },
  );
}

/** [batch, 28, 28, 1] pixels in [−1, 1] → [batch, 1] probabilities of being real; 100,609 parameters. */
function createDiscriminator(random: Random): Sequential {
  return new Sequential(
    [
      new Flatten(),
      new Dense(PIXELS, HIDDEN_SIZE, { random }),
      new LeakyReLU({ negativeSlope: NEGATIVE_SLOPE }),
      new Dense(HIDDEN_SIZE, 1, { random }),
      new Sigmoid(),
    ],
    { name: "discriminator" },
  );
}
