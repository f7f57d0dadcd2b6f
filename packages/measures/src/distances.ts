// Squared distances between all rows of two matrices, a block at a time: they never lie in memory all at once.

import { noGradient, ShapeError, scope, type Tensor } from "@adjoint/core";

/** How many distances are in a block at most: 20 MB. */
const BLOCK = 5_000_000;

/** A block of distances, [rows, rows of the second matrix], and which rows of the first it belongs to. */
export interface DistanceBlock {
  readonly distances: ArrayLike<number>;
  readonly firstRow: number;
  readonly rows: number;
}

/**
 * Hands over ‖aᵢ − bⱼ‖² for all rows of two matrices, in blocks of whole rows of the first, computed where they live, in
 * float32, as ‖a‖² + ‖b‖² − 2a·b: exact for whole numbers that are not large, and never below zero.
 *
 * @param a [count, size]
 * @param b [other count, size]
 * @throws ShapeError where they are no matrices of rows of one size
 */
export async function visitSquaredDistances(a: Tensor, b: Tensor, visit: (block: DistanceBlock) => void) {
  const [count = 0, size] = a.shape;
  const [otherCount = 0, otherSize] = b.shape;
  if (a.rank !== 2 || b.rank !== 2 || size !== otherSize) {
    const shapes = `[${a.shape.join(",")}] × [${b.shape.join(",")}]`;
    throw new ShapeError("visitSquaredDistances", `needs matrices with rows of one size, got ${shapes}`);
  }
  const most = Math.max(1, Math.floor(BLOCK / Math.max(1, otherCount)));
  const lengths = scope(() => noGradient(() => b.square().sum({ axis: 1 })));
  for (let firstRow = 0; firstRow < count; firstRow += most) {
    const rows = Math.min(most, count - firstRow);
    const block = scope(() =>
      noGradient(() => {
        const part = a.slice([[firstRow, firstRow + rows]]);
        const products = part.matmul(b, { transposeB: true });
        return part.square().sum({ axis: 1, keepDims: true }).add(lengths).sub(products.mul(2)).maximum(0);
      }),
    );
    visit({ distances: await block.data(), firstRow, rows });
    block.dispose();
  }
  lengths.dispose();
}
