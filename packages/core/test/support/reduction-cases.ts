// Random calls of the ops of reductions.ts, with their definitions.

import { logSoftmax, max, mean, min, type ReduceOptions, softmax, sum, type Tensor } from "@adjoint/core";
import fc from "fast-check";
import { arrays, axisOf, distinctArrays, numbers, shapes, someAxesOf } from "./arbitraries.js";
import { elementAt, generate, type HostArray, type Index, indicesOf } from "./host-array.js";
import { callOf, LINEAR, type Linearity, type OpCall, type OpCase } from "./op-case.js";

/** Reduces the elements that differ only along `axis` (all axes where undefined) to one. */
export function reduceBy(
  fold: (values: number[]) => number,
  { shape, data }: HostArray,
  { axis, keepDims = false }: ReduceOptions,
): HostArray {
  const listed = axis === undefined ? shape.map((_, index) => index) : [axis].flat();
  const reduced = listed.map((axis) => (axis < 0 ? axis + shape.length : axis));
  const everywhere = indicesOf(shape);
  const kept = shape.flatMap((extent, axis) => {
    if (!reduced.includes(axis)) return [extent];
    return keepDims ? [1] : [];
  });
  const project = (index: Index) =>
    index.flatMap((i, axis) => {
      if (!reduced.includes(axis)) return [i];
      return keepDims ? [0] : [];
    });
  return generate(kept, (index) =>
    fold(data.filter((_, position) => project(everywhere[position] ?? []).join() === index.join())),
  );
}

const total = (values: readonly number[]) => values.reduce((sofar, value) => sofar + value, 0);
const average = (values: readonly number[]) => total(values) / values.length;
const magnitudes = (values: readonly number[]) => total(values.map(Math.abs));

/** Options of a reduction of a tensor of `rank`: all axes, one as a number, or some in any order. */
function reduceOptions(rank: number): fc.Arbitrary<ReduceOptions> {
  const axes = fc.oneof(fc.constant(undefined), ...(rank > 0 ? [axisOf(rank)] : []), someAxesOf(rank));
  return fc
    .tuple(axes, fc.boolean())
    .map(([chosen, keepDims]) => (chosen === undefined ? { keepDims } : { axis: chosen, keepDims }));
}

function reductionCase(
  op: string,
  reduce: (x: Tensor, options: ReduceOptions) => Tensor,
  fold: (values: number[]) => number,
  inputs: (shape: number[]) => fc.Arbitrary<HostArray>,
  more: { linearIn?: readonly Linearity[]; scale?: (values: number[]) => number } = {},
): OpCase {
  const { linearIn, scale } = more;
  const calls = shapes().chain((shape) =>
    fc.tuple(inputs(shape), reduceOptions(shape.length)).map(([x, options]): OpCall => {
      const call = callOf({
        inputs: [x],
        apply: (t: Tensor) => reduce(t, options),
        define: (array) => reduceBy(fold, array, options),
        options: { ...options },
      });
      if (!scale) return call;
      // a sum whose terms cancel is as exact as its terms are large
      const bound = (values: number[]) => 1e-5 * scale(values);
      return { ...call, float32Bound: (array) => reduceBy(bound, array, options) };
    }),
  );
  return { op, calls, ...(linearIn ? { linearIn } : {}) };
}

const anyValues = (shape: number[]) => arrays(shape, numbers(-3, 3));
const distinct = (shape: number[]) => distinctArrays([shape]).map(([only]) => only as HostArray);

/** An op along one axis that keeps the shape, defined on the values along it. */
function alongAxisCase(
  op: string,
  apply: (x: Tensor, options: { axis?: number }) => Tensor,
  definition: (values: readonly number[], at: number) => number,
  bound?: (values: readonly number[], at: number) => number,
): OpCase {
  const calls = shapes({ minRank: 1 }).chain((shape) =>
    fc.tuple(anyValues(shape), fc.option(axisOf(shape.length), { nil: undefined })).map(([x, axis]) => {
      const options = axis === undefined ? {} : { axis };
      const along = (axis ?? -1) < 0 ? shape.length + (axis ?? -1) : (axis ?? -1);
      const alongLines = (fn: typeof definition) => (array: HostArray) =>
        generate(shape, (index) => {
          const line = Array.from({ length: shape[along] ?? 0 }, (_, i) => elementAt(array, index.with(along, i)));
          return fn(line, index[along] ?? 0);
        });
      return callOf({
        inputs: [x],
        apply: (t: Tensor) => apply(t, options),
        define: alongLines(definition),
        ...(bound ? { float32Bound: alongLines(bound) } : {}),
        options,
      });
    }),
  );
  return { op, calls };
}

/** Where nearly all of the sum is one term, the logarithm is a small difference of large numbers. */
const differenceBound = (values: readonly number[]) => 1e-6 * Math.max(1, ...values.map(Math.abs));

const share = (values: readonly number[], at: number) => Math.exp(values[at] ?? 0) / total(values.map(Math.exp));

/** Sums, means, extremes, and softmax with its logarithm. */
export const reductionCases: readonly OpCase[] = [
  reductionCase("sum", sum, total, anyValues, { linearIn: LINEAR, scale: magnitudes }),
  reductionCase("mean", mean, average, anyValues, {
    linearIn: LINEAR,
    scale: (values) => magnitudes(values) / values.length,
  }),
  reductionCase("max", max, (values) => Math.max(...values), distinct),
  reductionCase("min", min, (values) => Math.min(...values), distinct),
  alongAxisCase("softmax", softmax, share),
  alongAxisCase("logSoftmax", logSoftmax, (values, at) => Math.log(share(values, at)), differenceBound),
];
