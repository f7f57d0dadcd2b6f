// Loops over host arrays: the window, the broadcast, the reduction. Each first lists the offsets it will read, which
// costs memory and buys code that can be checked by reading it.

import type { FloatArray } from "../../dtype.js";
import { broadcastStrides, type Shape, stridesOf } from "../../shape.js";
import type { ReduceName } from "../backend.js";

/** Where the elements of a window lie, in row-major order of its shape. */
export function offsetsOf(shape: Shape, strides: readonly number[], offset = 0): Int32Array {
  let offsets = Int32Array.of(offset);
  for (let axis = 0; axis < shape.length; axis++) {
    const extent = shape[axis] as number;
    const stride = strides[axis] as number;
    const next = new Int32Array(offsets.length * extent);
    let at = 0;
    for (const base of offsets) for (let i = 0; i < extent; i++) next[at++] = base + i * stride;
    offsets = next;
  }
  return offsets;
}

/** Elements of an array of one shape, in the order in which it is read when broadcast to another. */
export function broadcast(data: FloatArray, from: Shape, to: Shape): FloatArray {
  const offsets = offsetsOf(to, broadcastStrides(from, to));
  const result = data instanceof Float64Array ? new Float64Array(offsets.length) : new Float32Array(offsets.length);
  for (let i = 0; i < offsets.length; i++) result[i] = data[offsets[i] as number] as number;
  return result;
}

type Fold = (x: FloatArray, base: number, offsets: Int32Array) => number;

function extreme(better: (a: number, b: number) => number, start: number): Fold {
  return (x, base, offsets) => {
    let best = start;
    for (const offset of offsets) best = better(best, x[base + offset] as number);
    return best;
  };
}

const folds: Readonly<Record<ReduceName, Fold>> = {
  sum: (x, base, offsets) => {
    let total = 0;
    for (const offset of offsets) total += x[base + offset] as number;
    return total;
  },
  max: extreme(Math.max, -Infinity),
  min: extreme(Math.min, Infinity),
  argMax: (x, base, offsets) => {
    let best = 0;
    for (let i = 1; i < offsets.length; i++) {
      const value = x[base + (offsets[i] as number)] as number;
      const record = x[base + (offsets[best] as number)] as number;
      // NaN counts as the largest, as in NumPy
      if (value > record || (Number.isNaN(value) && !Number.isNaN(record))) best = i;
    }
    return best;
  },
};

/** Reduces `axes` of `x` into `result`, which has the remaining axes in order. Sums are accumulated in float64. */
export function reduceInto(result: FloatArray, name: ReduceName, x: FloatArray, shape: Shape, axes: readonly number[]) {
  const strides = stridesOf(shape);
  const pick = (list: readonly number[], inside: boolean) => list.filter((_, axis) => axes.includes(axis) === inside);
  const kept = offsetsOf(pick(shape, false), pick(strides, false));
  const reduced = offsetsOf(pick(shape, true), pick(strides, true));
  const fold = folds[name];
  for (let i = 0; i < kept.length; i++) result[i] = fold(x, kept[i] as number, reduced);
}
