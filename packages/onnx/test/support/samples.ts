// The inputs that models and their exported files are compared on.

import { Random, randomNormal, type Shape, type Tensor } from "@adjoint/core";

/** Batches of one, and of an odd number: the same file serves both. */
export const BATCH_SIZES = [1, 7];

/** A batch of inputs, the same each time. */
export function sampleInput(batch: number, inputShape: Shape): Tensor {
  return randomNormal([batch, ...inputShape], { random: new Random(batch) });
}
