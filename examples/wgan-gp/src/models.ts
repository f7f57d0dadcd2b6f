// The two networks of the Wasserstein GAN, small ones: a generator with transposed convolutions, and a critic, which
// gives images marks that have no bounds.

import {
  BatchNorm,
  Conv2d,
  ConvTranspose2d,
  Dense,
  Flatten,
  LeakyReLU,
  type Random,
  Reshape,
  Sequential,
  Tanh,
} from "@adjoint/core";

/** Values in one vector of noise, the generator's input. */
export const NOISE_SIZE = 100;

const NEGATIVE_SLOPE = 0.2;
const KERNEL_SIZE = 5;
/** Of the generator's first image. */
const [FIRST_SIDE, FIRST_CHANNELS] = [7, 64];
const CRITIC_CHANNELS = [16, 32, 64];
/** Along each side of what the critic's last convolution gives. */
const LAST_SIDE = 4;

/** Both networks, as `createModels` makes them. */
export interface WganModels {
  readonly generator: Sequential;
  readonly critic: Sequential;
}

/** Makes both with Glorot-uniform kernels and zero biases; the generator's weights are drawn first. */
export function createModels(random: Random): WganModels {
  return { generator: createGenerator(random), critic: createCritic(random) };
}

/** [batch, 100] noise → 7×7×64 → 14×14×32 → [batch, 28, 28, 1] pixels in (−1, 1). */
function createGenerator(random: Random): Sequential {
  const leaky = () => new LeakyReLU({ negativeSlope: NEGATIVE_SLOPE });
  const upward = { random, stride: 2, padding: "same" } as const;
  return new Sequential(
    [
      new Dense(NOISE_SIZE, FIRST_SIDE * FIRST_SIDE * FIRST_CHANNELS, { random, bias: false }),
      new Reshape([FIRST_SIDE, FIRST_SIDE, FIRST_CHANNELS]),
      new BatchNorm(FIRST_CHANNELS, { momentum: 0.9 }),
      leaky(),
      new ConvTranspose2d(FIRST_CHANNELS, 32, KERNEL_SIZE, { ...upward, bias: false }),
      new BatchNorm(32, { momentum: 0.9 }),
      leaky(),
      new ConvTranspose2d(32, 1, KERNEL_SIZE, upward),
      new Tanh(),
    ],
    { name: "generator" },
  );
}

/**
 * [batch, 28, 28, 1] pixels in [−1, 1] → 14×14×16 → 7×7×32 → 4×4×64 → [batch, 1], a mark. Nothing in it looks at other
 * images of the batch: the penalty is on the slope at each image by itself.
 */
function createCritic(random: Random): Sequential {
  const convolutions = CRITIC_CHANNELS.flatMap((channels, i) => [
    new Conv2d(CRITIC_CHANNELS[i - 1] ?? 1, channels, KERNEL_SIZE, { random, stride: 2, padding: "same" }),
    new LeakyReLU({ negativeSlope: NEGATIVE_SLOPE }),
  ]);
  const mark = new Dense(LAST_SIDE * LAST_SIDE * (CRITIC_CHANNELS.at(-1) as number), 1, { random });
  return new Sequential([...convolutions, new Flatten(), mark], { name: "critic" });
}
