// One iteration of the GAN: two updates of the discriminator, then one of the generator through the frozen
// discriminator. Goodfellow et al., "Generative Adversarial Nets", 2014, with the non-saturating generator loss.

import { Adam, type AdamOptions, binaryCrossEntropy, noGradient, scope, type Tensor, withFrozen } from "@adjoint/core";
import type { GanModels } from "./models.js";

/** Label of an image from the data set, and of one from the generator. */
const REAL = 1;
const GENERATED = 0;

/** What one iteration is fed with. */
export interface GanBatch {
  /** Images from the data set, [batch, 28, 28, 1], pixels in [−1, 1]. */
  readonly real: Tensor;
  /** Noise for the images that the discriminator learns to reject, [batch, 100]. */
  readonly discriminatorNoise: Tensor;
  /** Fresh noise for the generator's own update, [batch, 100]. */
  readonly generatorNoise: Tensor;
}

/** Scalars of one iteration. Those of the discriminator are the means of its two updates. */
export interface GanLosses {
  readonly discriminatorLoss: Tensor;
  /** The share of images that the discriminator judged rightly, 0 to 1. */
  readonly discriminatorAccuracy: Tensor;
  readonly generatorLoss: Tensor;
}

/** An optimizer for each model. */
export interface GanOptimizers {
  readonly generator: Adam;
  readonly discriminator: Adam;
}

/** An Adam in Keras's form for each model. Throws ArgumentError for a rate that Adam does not take. */
export function createOptimizers(
  { generator, discriminator }: GanModels,
  learningRate: number,
  { beta1 = 0.9 }: Pick<AdamOptions, "beta1"> = {},
): GanOptimizers {
  const options = { learningRate, beta1 };
  return {
    generator: new Adam(generator.parameters(), options),
    discriminator: new Adam(discriminator.parameters(), options),
  };
}

/** Does one iteration: first the discriminator learns, then the generator. */
export function ganStep(models: GanModels, optimizers: GanOptimizers, batch: GanBatch): GanLosses {
  return scope(() => ({
    ...updateDiscriminator(models, optimizers.discriminator, batch),
    generatorLoss: updateGenerator(models, optimizers.generator, batch),
  }));
}

/** One update on real images with label 1, then one on generated images with label 0. */
export function updateDiscriminator(
  { generator, discriminator }: GanModels,
  optimizer: Adam,
  { real, discriminatorNoise }: Pick<GanBatch, "real" | "discriminatorNoise">,
): Omit<GanLosses, "generatorLoss"> {
  const generated = noGradient(() => generator.apply(discriminatorNoise));
  const onReal = optimizer.minimize(() => {
    const probability = discriminator.apply(real);
    return { loss: binaryCrossEntropy(probability, REAL), accuracy: probability.greater(0.5).mean() };
  });
  const onGenerated = optimizer.minimize(() => {
    const probability = discriminator.apply(generated);
    return { loss: binaryCrossEntropy(probability, GENERATED), accuracy: probability.lessEqual(0.5).mean() };
  });
  return {
    discriminatorLoss: onReal.loss.add(onGenerated.loss).mul(0.5),
    discriminatorAccuracy: onReal.accuracy.add(onGenerated.accuracy).mul(0.5),
  };
}

/** One update of the generator towards images that the discriminator, which stays as it is, takes for real. */
export function updateGenerator(
  { generator, discriminator }: GanModels,
  optimizer: Adam,
  { generatorNoise }: Pick<GanBatch, "generatorNoise">,
): Tensor {
  return withFrozen(discriminator, () =>
    optimizer.minimize(() => binaryCrossEntropy(discriminator.apply(generator.apply(generatorNoise)), REAL)),
  );
}
