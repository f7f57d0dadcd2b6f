// Eigenvalues and square roots of small symmetric matrices, in float64, by Jacobi's rotations.

import { ArgumentError, ShapeError } from "@adjoint/core";

/** A symmetric matrix is Q·diag(values)·Qᵀ. */
export interface EigenDecomposition {
  readonly values: Float64Array;
  /** Q, row-major: its columns are the eigenvectors, in the order of the values. */
  readonly vectors: Float64Array;
}

/** Sweeps over all pairs after which something is wrong: convergence is quadratic, and takes about ten. */
const MOST_SWEEPS = 60;

/**
 * The eigenvalues, in no particular order, and eigenvectors of a symmetric matrix by the cyclic Jacobi method (Golub &
 * Van Loan, "Matrix Computations", section 8.5), which is as exact for small eigenvalues as any. The lower triangle is
 * not looked at.
 *
 * @param matrix [size, size], row-major
 * @throws ShapeError where the values do not fill a square; ArgumentError for a value that is not finite
 */
export function eigenDecomposition(matrix: Float64Array, size: number): EigenDecomposition {
  checkSquare("eigenDecomposition", matrix, size);
  const a = symmetric(matrix, size);
  const vectors = identity(size);
  const negligible = Number.EPSILON * norm(a);
  for (let sweep = 0; sweep < MOST_SWEEPS; sweep++) {
    let largest = 0;
    for (let p = 0; p < size; p++) {
      for (let q = p + 1; q < size; q++) {
        largest = Math.max(largest, Math.abs(a[p * size + q] as number));
        rotate(a, vectors, size, p, q);
      }
    }
    if (largest <= negligible) break;
  }
  return { values: Float64Array.from({ length: size }, (_, i) => a[i * size + i] as number), vectors };
}

/**
 * The symmetric square root of a symmetric matrix that is positive semidefinite: Q·diag(√values)·Qᵀ. An eigenvalue that
 * rounding brought below zero counts as zero. Throws as `eigenDecomposition` does.
 */
export function squareRoot(matrix: Float64Array, size: number): Float64Array {
  const { values, vectors } = eigenDecomposition(matrix, size);
  const roots = values.map((value) => Math.sqrt(Math.max(value, 0)));
  const result = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < size; j++) {
      let sum = 0;
      for (let k = 0; k < size; k++) {
        sum += (vectors[i * size + k] as number) * (roots[k] as number) * (vectors[j * size + k] as number);
      }
      result[i * size + j] = sum;
    }
  }
  return result;
}

/** a·b of two square matrices. */
export function product(a: Float64Array, b: Float64Array, size: number): Float64Array {
  const result = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let k = 0; k < size; k++) {
      const factor = a[i * size + k] as number;
      for (let j = 0; j < size; j++) (result[i * size + j] as number) += factor * (b[k * size + j] as number);
    }
  }
  return result;
}

/** The sum of the diagonal. */
export function trace(matrix: Float64Array, size: number): number {
  let sum = 0;
  for (let i = 0; i < size; i++) sum += matrix[i * size + i] as number;
  return sum;
}

/** One rotation that makes a[p, q] zero: a ← JᵀaJ, vectors ← vectors·J. */
function rotate(a: Float64Array, vectors: Float64Array, size: number, p: number, q: number): void {
  const off = a[p * size + q] as number;
  if (off === 0) return;
  // t = tan φ, the smaller root of t² + 2τt − 1 = 0
  const tau = ((a[q * size + q] as number) - (a[p * size + p] as number)) / (2 * off);
  const t = (tau >= 0 ? 1 : -1) / (Math.abs(tau) + Math.hypot(1, tau));
  const cosine = 1 / Math.hypot(1, t);
  const sine = t * cosine;
  for (let k = 0; k < size; k++) turn(a, k * size + p, k * size + q, cosine, sine);
  for (let k = 0; k < size; k++) turn(a, p * size + k, q * size + k, cosine, sine);
  a[p * size + q] = 0;
  a[q * size + p] = 0;
  for (let k = 0; k < size; k++) turn(vectors, k * size + p, k * size + q, cosine, sine);
}

function turn(values: Float64Array, i: number, j: number, cosine: number, sine: number): void {
  const [x, y] = [values[i] as number, values[j] as number];
  values[i] = cosine * x - sine * y;
  values[j] = sine * x + cosine * y;
}

function checkSquare(where: string, matrix: Float64Array, size: number): void {
  if (!Number.isSafeInteger(size) || size < 1 || matrix.length !== size * size) {
    throw new ShapeError(where, `${matrix.length} values do not fill [${size},${size}]`);
  }
  const wrong = matrix.findIndex((value) => !Number.isFinite(value));
  if (wrong >= 0) throw new ArgumentError(where, `values must be finite, got ${matrix[wrong]}`);
}

function symmetric(matrix: Float64Array, size: number): Float64Array {
  const row = (place: number) => Math.floor(place / size);
  return matrix.map((_, place) => {
    const [i, j] = [row(place), place % size];
    return matrix[Math.min(i, j) * size + Math.max(i, j)] as number;
  });
}

function identity(size: number): Float64Array {
  const matrix = new Float64Array(size * size);
  for (let i = 0; i < size; i++) matrix[i * size + i] = 1;
  return matrix;
}

/** The root of the sum of squares. */
function norm(matrix: Float64Array): number {
  return Math.sqrt(matrix.reduce((sum, value) => sum + value * value, 0));
}
