// The Fréchet distance between two sets of features, taken as normal distributions.

import { ShapeError } from "@adjoint/core";
import type { Moments } from "./moments.js";
import { eigenDecomposition, product, squareRoot, trace } from "./symmetric-matrix.js";

/**
 * ‖μ₁ − μ₂‖² + tr(Σ₁ + Σ₂ − 2(Σ₁Σ₂)^½), the squared Fréchet distance of N(μ₁, Σ₁) and N(μ₂, Σ₂) (Dowson & Landau, 1982),
 * by which Heusel et al. compare images ("GANs Trained by a Two Time-Scale Update Rule", 2017, section 3); 0 where the
 * two agree.
 *
 * The trace of (Σ₁Σ₂)^½ is that of (Σ₁^½·Σ₂·Σ₁^½)^½, since both products have the same eigenvalues; the second is
 * symmetric and semidefinite, so that no root of a negative or complex number arises where a Σ is singular.
 *
 * @throws ShapeError where the two are of different sizes; ArgumentError for a value that is not finite
 */
export function frechetDistance(first: Moments, second: Moments): number {
  const size = first.mean.length;
  if (second.mean.length !== size) {
    throw new ShapeError("frechetDistance", `sizes differ: ${size} × ${second.mean.length}`);
  }
  const root = squareRoot(first.covariance, size);
  const { values } = eigenDecomposition(product(product(root, second.covariance, size), root, size), size);
  const overlap = values.reduce((sum, value) => sum + Math.sqrt(Math.max(value, 0)), 0);
  const shift = first.mean.reduce((sum, value, i) => sum + (value - (second.mean[i] as number)) ** 2, 0);
  return shift + trace(first.covariance, size) + trace(second.covariance, size) - 2 * overlap;
}
