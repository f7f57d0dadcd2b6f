// Taking rows by their numbers, and one-hot vectors. Indices live on the host: they decide where memory is read.

import { defineOp, type Op } from "../autodiff.js";
import { describe } from "../describe.js";
import { ArgumentError, ShapeError } from "../errors.js";
import { sizeOf } from "../shape.js";
import { Tensor, wrap } from "../tensor.js";
import { reshape } from "./broadcasting.js";
import { equal } from "./comparison.js";
import { arange, ones, tensor } from "./creation.js";
import { operands } from "./support.js";

/** From here on float32 skips whole numbers. */
const EXACT = 2 ** 24;

/**
 * Whole numbers that name rows or classes: an array, or a tensor of a backend that reads synchronously. A float32 tensor
 * holds them exactly below 2²⁴ only.
 */
export type Indices = readonly number[] | Int32Array | Uint8Array | Tensor;

function hostIndices(where: string, indices: Indices, limit: number): Int32Array {
  const values = indices instanceof Tensor ? indices.dataSync() : indices;
  if (!Array.isArray(values) && !ArrayBuffer.isView(values)) {
    throw new ArgumentError(where, `takes indices as an array or a tensor, got ${describe(indices)}`);
  }
  const exact = indices instanceof Tensor && indices.dtype === "float32" ? EXACT : Infinity;
  const result = new Int32Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    if (!Number.isInteger(value) || value < 0 || value >= limit) {
      throw new ArgumentError(where, `index ${i} is ${value}, expected a whole number in [0, ${limit})`);
    }
    if (value >= exact) {
      const lost = `index ${i} is ${value} in a float32 tensor, which skips whole numbers from 2^24 on`;
      throw new ArgumentError(where, `${lost}; pass an Int32Array`);
    }
    result[i] = value;
  }
  return result;
}

// d x[i]: row j of dx collects the rows of dy that came from it
const gatherOp: Op<[Tensor], Int32Array> = defineOp<[Tensor], Int32Array>({
  name: "gather",
  forward: ([x], indices) => {
    const rest = x.shape.slice(1);
    const buffer = x.backend.gatherRows(x.bufferFor("gather"), indices, sizeOf(rest));
    return wrap(x.backend, buffer, [indices.length, ...rest], "gather");
  },
  gradient: ({ dy, inputs: [x], options: indices }) => [() => scatterOp([dy], { indices, rows: x.shape[0] as number })],
});

const scatterOp: Op<[Tensor], { indices: Int32Array; rows: number }> = defineOp<
  [Tensor],
  { indices: Int32Array; rows: number }
>({
  name: "gather gradient",
  forward: ([x], { indices, rows }) => {
    const rest = x.shape.slice(1);
    const buffer = x.backend.scatterRows(x.bufferFor("gather gradient"), indices, rows, sizeOf(rest));
    return wrap(x.backend, buffer, [rows, ...rest], "gather gradient");
  },
  gradient: ({ dy, options: { indices } }) => [() => gatherOp([dy], indices)],
});

/**
 * The entries of the first axis named by `indices`, in their order, repeated where an index is.
 *
 * @param x [rows, …]
 * @param indices whole numbers in [0, rows); a tensor of any shape, or a list
 * @returns [...indices.shape, …]
 * @throws ShapeError for a scalar `x`; ArgumentError for an index out of range, one of 2²⁴ or more in a float32 tensor, or
 *   what is no list of indices
 */
export function gather(x: Tensor, indices: Indices): Tensor {
  const [source] = operands("gather", [x]);
  if (source.rank === 0) throw new ShapeError("gather", "needs a tensor of at least one axis, got a scalar");
  const rows = gatherOp([source], hostIndices("gather", indices, source.shape[0] as number));
  if (!(indices instanceof Tensor) || indices.rank === 1) return rows;
  return reshape(rows, [...indices.shape, ...source.shape.slice(1)]);
}

/**
 * Rows that are 1 at their index and 0 elsewhere. Not differentiable.
 *
 * @param indices whole numbers in [0, depth)
 * @param depth the number of classes
 * @returns [...indices.shape, depth]
 * @throws ArgumentError for an index out of range, one of 2²⁴ or more in a float32 tensor, or a depth that is no whole
 *   number ≥ 1
 */
export function oneHot(indices: Indices, depth: number): Tensor {
  if (!Number.isSafeInteger(depth) || depth < 1) {
    throw new ArgumentError("oneHot", `the depth must be a whole number ≥ 1, got ${depth}`);
  }
  const shape = indices instanceof Tensor ? indices.shape : [indices.length];
  const checked = hostIndices("oneHot", indices, depth);
  if (depth > EXACT) return reshape(onesAt(checked, depth), [...shape, depth]);
  return equal(tensor(Float64Array.from(checked), { shape: [...shape, 1] }), arange(depth));
}

/** The same of more classes than float32 can tell apart: the place of each 1 among all elements, as an integer. */
function onesAt(indices: Int32Array, depth: number): Tensor {
  const size = indices.length * depth;
  if (size > 2 ** 31) throw new ShapeError("oneHot", `${indices.length}·${depth} elements are more than 2^31`);
  const places = indices.map((index, row) => row * depth + index);
  return scatterOp([ones([indices.length])], { indices: places, rows: size });
}
