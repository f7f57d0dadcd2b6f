// One iteration of the variational autoencoder: Kingma & Welling, "Auto-Encoding Variational Bayes", 2014.

import { binaryCrossEntropy, klDivergenceNormal, type Optimizer, RMSprop, slice, type Tensor } from "@adjoint/core";
import { LATENT_SIZE, type VaeModels } from "./models.js";

/** Bytes 0 … 255 become 0 … 1. */
export const SCALING = { scale: 1 / 255 };

/** Scalars of one iteration, each the mean over the images of a batch, in nats. */
export interface VaeLosses {
  /** The sum of the two others: an upper bound of −ln p(image). */
  readonly loss: Tensor;
  /** Binary cross-entropy of the decoded image, summed over its pixels. */
  readonly reconstruction: Tensor;
  /** The divergence of the encoder's distribution from the standard normal one. */
  readonly divergence: Tensor;
}

/** What one iteration is fed with. */
export interface VaeBatch {
  /** [batch, 28, 28, 1], pixels in [0, 1]. */
  readonly images: Tensor;
  /** Standard normal noise that becomes points of the encoder's distributions, [batch, 2]. */
  readonly noise: Tensor;
}

/** One RMSprop for both halves. Throws ArgumentError for a rate that it does not take. */
export function createOptimizer({ encoder, decoder }: VaeModels, learningRate: number): RMSprop {
  return new RMSprop([...encoder.parameters(), ...decoder.parameters()], { learningRate });
}

/** The encoder's distributions of images: means and logarithms of variances, both [batch, 2]. */
export function encode({ encoder }: VaeModels, images: Tensor): { mean: Tensor; logVariance: Tensor } {
  const both = encoder.apply(images);
  const columns = (from: number) => slice(both, [null, [from, from + LATENT_SIZE]]);
  return { mean: columns(0), logVariance: columns(LATENT_SIZE) };
}

/** The losses of a batch. The noise makes points that the mean and the variance have gradients through. */
export function vaeLosses(models: VaeModels, { images, noise }: VaeBatch): VaeLosses {
  const { mean, logVariance } = encode(models, images);
  const point = mean.add(logVariance.mul(0.5).exp().mul(noise));
  const perPixel = binaryCrossEntropy(models.decoder.apply(point), images, { reduction: "sum" });
  const reconstruction = perPixel.div(images.shape[0] as number);
  const divergence = klDivergenceNormal(mean, logVariance);
  return { loss: reconstruction.add(divergence), reconstruction, divergence };
}

/** Updates both halves on a batch. */
export function vaeStep(models: VaeModels, optimizer: Optimizer, batch: VaeBatch): VaeLosses {
  return optimizer.minimize(() => ({ ...vaeLosses(models, batch) }));
}
