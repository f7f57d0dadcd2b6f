// One iteration of the GAN with convolutions: the generator learns from images that it makes, and the discriminator to
// tell the same ones from real ones, so that they are made once.

import { Adam, binaryCrossEntropyWithLogits, scope, type Tensor, withFrozen } from "@adjoint/core";
import type { DcganModels } from "./models.js";

/** Label of an image from the data set, and of one from the generator. */
const REAL = 1;
const GENERATED = 0;

/** What one iteration is fed with. */
export interface DcganBatch {
  /** Images from the data set, [batch, 28, 28, 1], pixels in [−1, 1]. */
  readonly real: Tensor;
  /** Noise for the generator's images, [batch, 100]. */
  readonly noise: Tensor;
}

/** Scalars of one iteration. */
export interface DcganLosses {
  /** The mean of its losses on real images and on generated ones. */
  readonly discriminatorLoss: Tensor;
  /** The share of images that the discriminator judged rightly, 0 to 1. */
  readonly discriminatorAccuracy: Tensor;
  readonly generatorLoss: Tensor;
}

/** An optimizer for each model. */
export interface DcganOptimizers {
  readonly generator: Adam;
  readonly discriminator: Adam;
}

/** An Adam with the paper's β₁ for each model. Throws ArgumentError for a rate that Adam does not take. */
export function createOptimizers({ generator, discriminator }: DcganModels, learningRate: number): DcganOptimizers {
  return {
    generator: new Adam(generator.parameters(), { learningRate, beta1: 0.5 }),
    discriminator: new Adam(discriminator.parameters(), { learningRate, beta1: 0.5 }),
  };
}

/** Does one iteration: first the generator learns, then the discriminator. */
export function dcganStep(models: DcganModels, optimizers: DcganOptimizers, { real, noise }: DcganBatch): DcganLosses {
  return scope(() => {
    const { loss, generated } = updateGenerator(models, optimizers.generator, noise);
    return { ...updateDiscriminator(models, optimizers.discriminator, real, generated), generatorLoss: loss };
  });
}

/**
 * One update of the generator towards images that the discriminator, which stays as it is, takes for real.
 *
 * @returns its loss, and the images that it made before it learnt
 */
export function updateGenerator(
  { generator, discriminator }: DcganModels,
  optimizer: Adam,
  noise: Tensor,
): { loss: Tensor; generated: Tensor } {
  return withFrozen(discriminator, () =>
    optimizer.minimize(() => {
      const generated = generator.apply(noise);
      return { loss: binaryCrossEntropyWithLogits(discriminator.apply(generated), REAL), generated };
    }),
  );
}

/** One update of the discriminator on real images with label 1 and generated ones with label 0. */
export function updateDiscriminator(
  { discriminator }: DcganModels,
  optimizer: Adam,
  real: Tensor,
  generated: Tensor,
): Omit<DcganLosses, "generatorLoss"> {
  const { loss, accuracy } = optimizer.minimize(() => {
    const [onReal, onGenerated] = [discriminator.apply(real), discriminator.apply(generated)];
    const losses = [
      binaryCrossEntropyWithLogits(onReal, REAL),
      binaryCrossEntropyWithLogits(onGenerated, GENERATED),
    ] as const;
    const right = onReal.greater(0).mean().add(onGenerated.lessEqual(0).mean());
    return { loss: losses[0].add(losses[1]).mul(0.5), accuracy: right.mul(0.5) };
  });
  return { discriminatorLoss: loss, discriminatorAccuracy: accuracy };
}
