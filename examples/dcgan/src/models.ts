// The two networks of the GAN with convolutions: Radford, Metz & Chintala, "Unsupervised Representation Learning with
// Deep Convolutional Generative Adversarial Networks", 2016, in the size of MNIST.

import {
  BatchNorm,
  Conv2d,
  ConvTranspose2d,
  Dense,
  Flatten,
  LeakyReLU,
  type Module,
  type Random,
  Reshape,
  Sequential,
  Tanh,
} from "@adjoint/core";

/** Values in one vector of noise, the generator's input. */
export const NOISE_SIZE = 100;

const NEGATIVE_SLOPE = 0.2;
const KERNEL_SIZE = 3;
/** Of the generator's first image. */
const [FIRST_SIDE, FIRST_CHANNELS] = [7, 256];
const DISCRIMINATOR_CHANNELS = [32, 64, 128];

/** Both networks, as `createModels` makes them. */
export interface DcganModels {
  readonly generator: Sequential;
  readonly discriminator: Sequential;
}

/** Makes both with Glorot-uniform kernels and zero biases; the generator's weights are drawn first. */
export function createModels(random: Random): DcganModels {
  return { generator: createGenerator(random, "generator"), discriminator: createDiscriminator(random) };
}

/** [batch, 100] noise → 7×7×256 → 14×14×128 → 14×14×64 → [batch, 28, 28, 1] pixels in (−1, 1). */
export function createGenerator(random: Random, name: string): Sequential {
  const size = FIRST_SIDE * FIRST_SIDE * FIRST_CHANNELS;
  return new Sequential(
    [
      new Dense(NOISE_SIZE, size, { random, bias: false }),
      new Reshape([FIRST_SIDE, FIRST_SIDE, FIRST_CHANNELS]),
      ...normalized(FIRST_CHANNELS),
      new ConvTranspose2d(256, 128, KERNEL_SIZE, { random, stride: 2, padding: "same", bias: false }),
      ...normalized(128),
      new ConvTranspose2d(128, 64, KERNEL_SIZE, { random, padding: "same", bias: false }),
      ...normalized(64),
      new ConvTranspose2d(64, 1, KERNEL_SIZE, { random, stride: 2, padding: "same" }),
      new Tanh(),
    ],
    { name },
  );
}

/** A normalization, which has the bias of the layer before, and an activation. */
function normalized(channels: number): Module[] {
  return [new BatchNorm(channels, { momentum: 0.9 }), new LeakyReLU({ negativeSlope: NEGATIVE_SLOPE })];
}

/**
 * [batch, 28, 28, 1] pixels in [−1, 1] → 14×14×32 → 7×7×64 → 4×4×128 → [batch, 1], the logit of being real. There is no
 * normalization: frozen, it would judge by other statistics than those that it learns with.
 */
function createDiscriminator(random: Random): Sequential {
  const convolutions = DISCRIMINATOR_CHANNELS.flatMap((channels, i) => [
    new Conv2d(DISCRIMINATOR_CHANNELS[i - 1] ?? 1, channels, KERNEL_SIZE, { random, stride: 2, padding: "same" }),
    new LeakyReLU({ negativeSlope: NEGATIVE_SLOPE }),
  ]);
  return new Sequential([...convolutions, new Flatten(), new Dense(4 * 4 * 128, 1, { random })], {
    name: "discriminator",
  });
}
