// One iteration of the Wasserstein GAN with gradient penalty: Gulrajani et al., "Improved Training of Wasserstein GANs",
// 2017, algorithm 1.

import { Adam, type Module, noGradient, scope, type Tensor, valueAndGradients, withFrozen } from "@adjoint/core";
import type { WganModels } from "./models.js";

/** What the penalty is multiplied by: the paper's λ. */
const PENALTY_WEIGHT = 10;

/** Keeps the slope's length away from 0, where it has no derivative. */
const TINY = 1e-12;

/** What one update of the critic is fed with. */
export interface CriticBatch {
  /** Images from the data set, [batch, 28, 28, 1], pixels in [−1, 1]. */
  readonly real: Tensor;
  /** Noise for as many images from the generator, [batch, 100]. */
  readonly noise: Tensor;
  /** How much of the real image is in each mixture, [batch, 1, 1, 1], in [0, 1). */
  readonly shares: Tensor;
}

/** What one iteration is fed with. */
export interface WganBatch {
  /** A batch for each update of the critic. */
  readonly critic: readonly CriticBatch[];
  /** Fresh noise for the generator's own update, [batch, 100]. */
  readonly noise: Tensor;
}

/** Scalars of one iteration; those of the critic are of its last update. */
export interface WganLosses {
  /** How much better the critic's marks for real images are than for generated ones: about Wasserstein's distance. */
  readonly distance: Tensor;
  /** The mean of (length of the critic's slope − 1)², before it is multiplied by 10. */
  readonly penalty: Tensor;
  readonly generatorLoss: Tensor;
}

/** An optimizer for each model. */
export interface WganOptimizers {
  readonly generator: Adam;
  readonly critic: Adam;
}

/** An Adam with β₁ 0.5 and β₂ 0.9 for each model. Throws ArgumentError for a rate that Adam does not take. */
export function createOptimizers({ generator, critic }: WganModels, learningRate: number): WganOptimizers {
  const options = { learningRate, beta1: 0.5, beta2: 0.9 };
  return {
    generator: new Adam(generator.parameters(), options),
    critic: new Adam(critic.parameters(), options),
  };
}

/** Does one iteration: the critic learns as often as it has batches, then the generator once. */
export function wganStep(models: WganModels, optimizers: WganOptimizers, batch: WganBatch): WganLosses {
  return scope(() => {
    const updates = batch.critic.map((part) => updateCritic(models, optimizers.critic, part));
    const { distance, penalty } = updates.at(-1) as (typeof updates)[number];
    return { distance, penalty, generatorLoss: updateGenerator(models, optimizers.generator, batch.noise) };
  });
}

/** One update of the critic towards better marks for real images than for generated ones, with slopes of length 1. */
export function updateCritic(
  { generator, critic }: WganModels,
  optimizer: Adam,
  { real, noise, shares }: CriticBatch,
): Pick<WganLosses, "distance" | "penalty"> {
  return scope(() => {
    const generated = noGradient(() => generator.apply(noise));
    const { distance, penalty } = optimizer.minimize(() => {
      const distance = critic.apply(real).mean().sub(critic.apply(generated).mean());
      const penalty = gradientPenalty(critic, mixed(real, generated, shares));
      return { loss: penalty.mul(PENALTY_WEIGHT).sub(distance), distance, penalty };
    });
    return { distance, penalty };
  });
}

/** Images on the lines between real and generated ones. */
function mixed(real: Tensor, generated: Tensor, shares: Tensor): Tensor {
  return noGradient(() => generated.add(real.sub(generated).mul(shares)));
}

/**
 * The mean over images of (length of the slope − 1)², the slope being that of the critic's mark by the pixels. It is a
 * gradient itself, and has one with respect to the critic's parameters.
 *
 * @param images [batch, 28, 28, 1]
 */
export function gradientPenalty(critic: Module, images: Tensor): Tensor {
  const { gradients } = valueAndGradients((x) => critic.apply(x).sum(), [images]);
  const [slopes] = gradients;
  const lengths = slopes
    .square()
    .sum({ axis: [1, 2, 3] })
    .add(TINY)
    .sqrt();
  return lengths.sub(1).square().mean();
}

/** One update of the generator towards better marks from the critic, which stays as it is. */
export function updateGenerator({ generator, critic }: WganModels, optimizer: Adam, noise: Tensor): Tensor {
  return withFrozen(critic, () => optimizer.minimize(() => critic.apply(generator.apply(noise)).mean().neg()));
}
