// Matrix products. A transpose is a flag, never a copy, also in the gradients.

import { defineOp } from "../autodiff.js";
import type { MatmulSpec } from "../backends/backend.js";
import { ShapeError } from "../errors.js";
import { flag, optionsOf, readOptions } from "../options.js";
import { broadcastShapes, formatShape, type Shape, sizeOf } from "../shape.js";
import { type Tensor, wrap } from "../tensor.js";
import { broadcastTo, reshape, sumTo } from "./broadcasting.js";
import { operands } from "./support.js";

/** Options of `matmul`: which operand is read transposed in its last two axes. */
export interface MatmulOptions {
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
}

const FLAGS = optionsOf<MatmulOptions>({ transposeA: flag, transposeB: flag });

interface Product extends MatmulSpec {
  /** The axes in front of the matrices of the result. */
  readonly batchShape: Shape;
}

// C = A·B: dA = dC·Bᵀ, dB = Aᵀ·dC, with the flags as they come. A matrix that is used for a whole batch collects
// the gradients of all its members.
const matmulOp = defineOp<[Tensor, Tensor], Product>({
  name: "matmul",
  forward: ([a, b], product) => {
    const buffer = a.backend.matmul(a.bufferFor("matmul"), b.bufferFor("matmul"), product);
    return wrap(a.backend, buffer, [...product.batchShape, product.m, product.n], "matmul");
  },
  gradient: ({ dy, inputs: [a, b], options: { transposeA, transposeB } }) => [
    () => {
      const da = transposeA
        ? matmul(b, dy, { transposeA: transposeB, transposeB: true })
        : matmul(dy, b, { transposeB: !transposeB });
      return sumTo(da, a.shape);
    },
    () => {
      const db = transposeB
        ? matmul(dy, a, { transposeA: true, transposeB: transposeA })
        : matmul(a, dy, { transposeA: !transposeA });
      return sumTo(db, b.shape);
    },
  ],
});

/**
 * The matrix product over the last two axes; the axes in front broadcast.
 *
 * In float32, a cell of k terms is within min(k, 1300)·2⁻²⁴·Σ|aᵢbᵢ| of the exact one on `wasm`, min(k, 4200)·2⁻²⁴·Σ|aᵢbᵢ|
 * on `blas` and min(k, 1300 + 3√k)·2⁻²⁴·Σ|aᵢbᵢ| on `gpu`; a long inner size is summed in parts.
 *
 * @param a […, m, k], or […, k, m] with `transposeA`
 * @param b […, k, n], or […, n, k] with `transposeB`
 * @returns […, m, n]
 * @throws ShapeError for operands of fewer than two axes, differing inner sizes, or batches that do not broadcast
 */
export function matmul(a: Tensor, b: Tensor, options: MatmulOptions = {}): Tensor {
  const [left, right] = operands("matmul", [a, b]);
  const { transposeA = false, transposeB = false } = readOptions("matmul", options, FLAGS);
  const { m, n, k } = matrixSizes(left.shape, right.shape, transposeA, transposeB);
  if (left.rank === 2 && right.rank === 2) {
    const product = { batch: 1, batchShape: [], m, n, k, transposeA, transposeB, sharedA: false, sharedB: false };
    return matmulOp([left, right], product);
  }
  if (left.rank > 2 && right.rank === 2 && !transposeA) {
    // one matrix for a whole batch: the batch is just more rows
    const rows = reshape(left, [sizeOf(left.shape.slice(0, -1)), k]);
    return reshape(matmul(rows, right, options), [...left.shape.slice(0, -1), n]);
  }
  const batchShape = broadcastShapes("matmul", left.shape.slice(0, -2), right.shape.slice(0, -2));
  const [expandedA, expandedB] = [expandBatch(left, batchShape), expandBatch(right, batchShape)];
  const batch = sizeOf(batchShape);
  const sharedA = expandedA.size === m * k && batch !== 1;
  const sharedB = expandedB.size === k * n && batch !== 1;
  return matmulOp([expandedA, expandedB], { batch, batchShape, m, n, k, transposeA, transposeB, sharedA, sharedB });
}

/** Repeats a batch of matrices to `batchShape`, unless one matrix serves all of it. */
function expandBatch(x: Tensor, batchShape: Shape): Tensor {
  const own = x.shape.slice(0, -2);
  const single = sizeOf(own) === 1 && sizeOf(batchShape) !== 0;
  return single ? x : broadcastTo(x, [...batchShape, ...x.shape.slice(-2)]);
}

function matrixSizes(a: Shape, b: Shape, transposeA: boolean, transposeB: boolean) {
  const shapes = () => `${formatShape(a)}${transposeA ? "ᵀ" : ""} × ${formatShape(b)}${transposeB ? "ᵀ" : ""}`;
  if (a.length < 2 || b.length < 2) {
    throw new ShapeError(
      "matmul",
      `operands need at least two axes: ${shapes()}; reshape a vector to a row or a column`,
    );
  }
  const [aRows, aColumns] = [a[a.length - 2], a[a.length - 1]] as [number, number];
  const [bRows, bColumns] = [b[b.length - 2], b[b.length - 1]] as [number, number];
  const [m, k] = transposeA ? [aColumns, aRows] : [aRows, aColumns];
  const [inner, n] = transposeB ? [bColumns, bRows] : [bRows, bColumns];
  if (k !== inner) throw new ShapeError("matmul", `inner sizes differ: ${shapes()}`);
  return { m, n, k };
}
