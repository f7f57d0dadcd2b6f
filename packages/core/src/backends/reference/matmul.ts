// The product by its definition: for every cell the terms in order of the inner index, summed in float64.

import type { FloatArray } from "../../dtype.js";
import type { MatmulSpec } from "../backend.js";

/** Writes the product of A and B, both as `spec` describes them, into `result` (batch × m × n). */
export function matmulInto(result: FloatArray, a: FloatArray, b: FloatArray, spec: MatmulSpec): void {
  const { batch, m, n, k } = spec;
  for (let member = 0; member < batch; member++) {
    multiply(result, a, b, spec, member * m * n, spec.sharedA ? 0 : member * m * k, spec.sharedB ? 0 : member * k * n);
  }
}

/** One member of the batch. Row by row, so that B is read along its rows whether or not it is transposed. */
function multiply(
  result: FloatArray,
  a: FloatArray,
  b: FloatArray,
  { m, n, k, transposeA, transposeB }: MatmulSpec,
  resultStart: number,
  aStart: number,
  bStart: number,
): void {
  const [aRow, aStep] = transposeA ? [1, m] : [k, 1];
  const row = new Float64Array(n);
  for (let i = 0; i < m; i++) {
    row.fill(0);
    const aBase = aStart + i * aRow;
    if (transposeB) {
      for (let j = 0; j < n; j++) row[j] = dot(a, aBase, aStep, b, bStart + j * k, k);
    } else {
      for (let p = 0; p < k; p++) addScaled(row, a[aBase + p * aStep] as number, b, bStart + p * n);
    }
    result.set(row, resultStart + i * n);
  }
}

function dot(a: FloatArray, aBase: number, aStep: number, b: FloatArray, bBase: number, k: number): number {
  let total = 0;
  for (let p = 0; p < k; p++) total += (a[aBase + p * aStep] as number) * (b[bBase + p] as number);
  return total;
}

function addScaled(row: Float64Array, factor: number, b: FloatArray, bBase: number): void {
  for (let j = 0; j < row.length; j++) row[j] = (row[j] as number) + factor * (b[bBase + j] as number);
}
