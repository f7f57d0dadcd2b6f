// One iteration of the autoencoder: images become like themselves, through a few values.

import { meanAbsoluteError, type Optimizer, type Tensor } from "@adjoint/core";
import type { AutoencoderModels } from "./models.js";

/** Bytes 0 … 255 become 0 … 1. */
export const SCALING = { scale: 1 / 255 };

/** The scalar of one iteration. */
export interface AutoencoderLosses {
  /** The mean absolute difference between a pixel and its reconstruction; pixels are in [0, 1]. */
  readonly meanAbsoluteError: Tensor;
}

/** The images, compressed and brought back: [batch, 28, 28, 1] → the same. */
export function reconstruct({ encoder, decoder }: AutoencoderModels, images: Tensor): Tensor {
  return decoder.apply(encoder.apply(images));
}

/** Updates both halves on a batch of images, [batch, 28, 28, 1], pixels in [0, 1]. */
export function autoencoderStep(models: AutoencoderModels, optimizer: Optimizer, images: Tensor): AutoencoderLosses {
  return { meanAbsoluteError: optimizer.minimize(() => meanAbsoluteError(reconstruct(models, images), images)) };
}
