// What tests of products share, in Node and in a browser: operands, and products computed in float64.

import type { Backend, Epilogue, MatmulSpec } from "../../src/backends/backend.js";
import type { Random } from "../../src/random.js";

/** A product of one pair of matrices as they are, where `rest` says nothing else. */
export function specOf(m: number, k: number, n: number, rest: Partial<MatmulSpec> = {}): MatmulSpec {
  const plain = { batch: 1, transposeA: false, transposeB: false, sharedA: false, sharedB: false };
  return { ...plain, m, k, n, ...rest };
}

/** How many values A and B have. */
export function operandSizes({ batch, m, k, n, sharedA, sharedB }: MatmulSpec): readonly [number, number] {
  return [(sharedA ? 1 : batch) * m * k, (sharedB ? 1 : batch) * k * n];
}

/** A cell of the product: the sum of the terms in float64, and the lengths of its row and its column multiplied. */
export interface Cell {
  readonly value: number;
  readonly scale: number;
}

/** The product in float64, cell by cell, by its definition. */
export function productCells(a: ArrayLike<number>, b: ArrayLike<number>, spec: MatmulSpec): Cell[] {
  const { batch, m, k, n, transposeA, transposeB, sharedA, sharedB } = spec;
  const cells: Cell[] = [];
  for (let member = 0; member < batch; member++) {
    const aStart = sharedA ? 0 : member * m * k;
    const bStart = sharedB ? 0 : member * k * n;
    for (let row = 0; row < m; row++) {
      for (let column = 0; column < n; column++) {
        let [value, rowSquares, columnSquares] = [0, 0, 0];
        for (let i = 0; i < k; i++) {
          const left = a[aStart + (transposeA ? i * m + row : row * k + i)] ?? Number.NaN;
          const right = b[bStart + (transposeB ? column * k + i : i * n + column)] ?? Number.NaN;
          value += left * right;
          rowSquares += left * left;
          columnSquares += right * right;
        }
        cells.push({ value, scale: Math.sqrt(rowSquares) * Math.sqrt(columnSquares) });
      }
    }
  }
  return cells;
}

/** The same product on a backend, read. */
export async function productOn(
  backend: Backend,
  a: Float32Array,
  b: Float32Array,
  spec: MatmulSpec,
  epilogue?: Epilogue,
): Promise<Float32Array> {
  const result = backend.matmul(backend.upload(a), backend.upload(b), spec, epilogue);
  return Float32Array.from(await backend.read(result));
}

/** Values between −1 and 1. */
export function randomValues(random: Random, size: number): Float32Array {
  return Float32Array.from({ length: size }, () => 2 * random.uniform() - 1);
}

/** Whole numbers from −2 to 2: their products sum up exactly in float32. */
export function wholeNumbers(size: number, seed: number): Float32Array {
  const values = new Float32Array(size);
  // a step that shares no factor with 2³², so that neighbours, rows and columns differ
  let state = seed >>> 0;
  for (let i = 0; i < size; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    values[i] = ((state >>> 16) % 5) - 2;
  }
  return values;
}
