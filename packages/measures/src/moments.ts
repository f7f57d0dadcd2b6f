// The mean and the covariance of features, in float64.

import { ShapeError } from "@adjoint/core";

/** What of a set of features the Fréchet distance looks at. */
export interface Moments {
  /** [size]. */
  readonly mean: Float64Array;
  /** [size, size], row-major and symmetric. */
  readonly covariance: Float64Array;
}

/**
 * The sample mean and the unbiased sample covariance (divided by count − 1), in two passes.
 *
 * @param features [count, size], row-major
 * @throws ShapeError where the features are not rows of that size, or fewer than two
 */
export function momentsOf(features: ArrayLike<number>, size: number): Moments {
  const count = features.length / size;
  if (!Number.isInteger(count) || count < 2) {
    throw new ShapeError("momentsOf", `needs at least 2 rows of ${size} values, got ${features.length} values`);
  }
  const mean = new Float64Array(size);
  for (let i = 0; i < features.length; i++) (mean[i % size] as number) += (features[i] as number) / count;
  const sums = new Float64Array(size * size);
  const centred = new Float64Array(size);
  for (let row = 0; row < count; row++) {
    for (let i = 0; i < size; i++) centred[i] = (features[row * size + i] as number) - (mean[i] as number);
    addProducts(sums, centred);
  }
  return { mean, covariance: mirrored(sums, size, count - 1) };
}

/** Adds the products of a row's values to the upper triangle. */
function addProducts(sums: Float64Array, row: Float64Array): void {
  const size = row.length;
  for (let i = 0; i < size; i++) {
    const value = row[i] as number;
    for (let j = i; j < size; j++) (sums[i * size + j] as number) += value * (row[j] as number);
  }
}

function mirrored(upper: Float64Array, size: number, divisor: number): Float64Array {
  const whole = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let j = i; j < size; j++) {
      const value = (upper[i * size + j] as number) / divisor;
      whole[i * size + j] = value;
      whole[j * size + i] = value;
    }
  }
  return whole;
}
