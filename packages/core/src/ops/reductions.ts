// Sums, means and extremes over axes, and what is made of them: softmax and its logarithm.

import { defineOp } from "../autodiff.js";
import type { ReduceName } from "../backends/backend.js";
import { ShapeError } from "../errors.js";
import { axes, flag, numeric, optionsOf, readOptions } from "../options.js";
import { formatShape, normalizeAxes, normalizeAxis, reduceShape } from "../shape.js";
import { type Tensor, wrap } from "../tensor.js";
import { div, exp, log, mul, sub } from "./arithmetic.js";
import { expandReduced, reshape } from "./broadcasting.js";
import { equal, where } from "./comparison.js";
import { operands } from "./support.js";

/** Options of a reduction. */
export interface ReduceOptions {
  /** The axis to reduce, or several, counted from the end where negative; all of them by default. */
  readonly axis?: number | readonly number[];
  /** Keeps the reduced axes, with size 1. */
  readonly keepDims?: boolean;
}

const REDUCE = optionsOf<ReduceOptions>({ axis: axes, keepDims: flag });

const ALONG = optionsOf<{ axis?: number }>({ axis: numeric });

interface Reduction {
  readonly axes: readonly number[];
  readonly keepDims: boolean;
}

function reduceForward(name: ReduceName, x: Tensor, { axes, keepDims }: Reduction): Tensor {
  const shape = reduceShape(x.shape, axes, keepDims);
  return wrap(x.backend, x.backend.reduce(name, x.operandFor(name), axes), shape, name);
}

function reductionOf(where: string, x: Tensor, options: ReduceOptions): Reduction {
  const { axis, keepDims = false } = readOptions(where, options, REDUCE);
  return { axes: normalizeAxes(where, axis, x.rank), keepDims };
}

/** Extremes of nothing do not exist, unlike sums of nothing. */
function checkNotEmpty(where: string, x: Tensor, axes: readonly number[]): void {
  const empty = axes.find((axis) => x.shape[axis] === 0);
  if (empty !== undefined) throw new ShapeError(where, `axis ${empty} of ${formatShape(x.shape)} has no elements`);
}

// d Σx: every element gets dy
const sumOp = defineOp<[Tensor], Reduction>({
  name: "sum",
  forward: ([x], reduction) => reduceForward("sum", x, reduction),
  gradient: ({ dy, inputs: [x], options: { axes } }) => [() => expandReduced(dy, x.shape, axes)],
});

/**
 * The sum over axes; 0 for none. Throws ShapeError for an axis that is not there.
 *
 * In float32, a sum of n elements is within min(n, 300)·2⁻²⁴·Σ|x| of the exact one for each run of neighbouring axes on
 * `wasm`, and within min(n, 1300)·2⁻²⁴·Σ|x| on `gpu`: however long it is.
 */
export function sum(x: Tensor, options: ReduceOptions = {}): Tensor {
  const [tensor] = operands("sum", [x]);
  return sumOp([tensor], reductionOf("sum", tensor, options));
}

/** The mean over axes; NaN for none. Throws ShapeError for an axis that is not there. */
export function mean(x: Tensor, options: ReduceOptions = {}): Tensor {
  const [tensor] = operands("mean", [x]);
  const reduction = reductionOf("mean", tensor, options);
  const count = reduction.axes.reduce((product, axis) => product * (tensor.shape[axis] as number), 1);
  return div(sumOp([tensor], reduction), count);
}

function extremeOp(name: "max" | "min") {
  return defineOp<[Tensor], Reduction>({
    name,
    forward: ([x], reduction) => reduceForward(name, x, reduction),
    // d max x: dy to the largest element, in equal parts where several are; if there is NaN, to NaN. Chosen, since an
    // infinite dy times 0 would be NaN.
    gradient: ({ dy, inputs: [x], output: y, options: { axes } }) => [
      () => {
        const kept = reduceShape(x.shape, axes, true);
        const attained = where(equal(x, x), equal(x, reshape(y, kept)), 1);
        const share = div(reshape(dy, kept), sum(attained, { axis: axes, keepDims: true }));
        return where(attained, share, 0);
      },
    ],
  });
}

const maxOp = extremeOp("max");
const minOp = extremeOp("min");

/**
 * The largest element over axes; NaN if there is one. Equal ones get equal parts of the gradient (as in PyTorch's `amax`;
 * its `max` along an axis picks one), and so do several NaN. Throws ShapeError for none.
 */
export function max(x: Tensor, options: ReduceOptions = {}): Tensor {
  const [tensor] = operands("max", [x]);
  const reduction = reductionOf("max", tensor, options);
  checkNotEmpty("max", tensor, reduction.axes);
  return maxOp([tensor], reduction);
}

/** The smallest element over axes; NaN if there is one. Shares the gradient as `max` does. Throws ShapeError for none. */
export function min(x: Tensor, options: ReduceOptions = {}): Tensor {
  const [tensor] = operands("min", [x]);
  const reduction = reductionOf("min", tensor, options);
  checkNotEmpty("min", tensor, reduction.axes);
  return minOp([tensor], reduction);
}

/**
 * The index of the largest element along an axis, as a float; the first of equal ones, and NaN counts as the largest.
 * Not differentiable.
 *
 * @param options.axis −1, the last, by default
 * @throws ShapeError for an axis that is not there, has no elements, or has so many that the element type does not hold
 *   every index: more than 2²⁴ in float32
 */
export function argMax(x: Tensor, options: { axis?: number } = {}): Tensor {
  const { axis = -1 } = readOptions("argMax", options, ALONG);
  const [tensor] = operands("argMax", [x]);
  const axes = [normalizeAxis("argMax", axis, tensor.rank)];
  checkNotEmpty("argMax", tensor, axes);
  checkIndexable(tensor, axes[0] as number);
  return reduceForward("argMax", tensor, { axes, keepDims: false });
}

function checkIndexable({ dtype, shape }: Tensor, axis: number): void {
  if (dtype !== "float32" || (shape[axis] as number) <= 2 ** 24) return;
  const found = `axis ${axis} of ${formatShape(shape)} is longer than 2^24`;
  throw new ShapeError("argMax", `${found}, beyond which float32 skips indices; cut it into pieces, or use float64`);
}

// d softmax x = y (dx − Σ y dx)
const softmaxOp = defineOp<[Tensor], number>({
  name: "softmax",
  forward: ([x], axis) => {
    const e = exp(shifted(x, axis));
    return div(e, sum(e, { axis, keepDims: true }));
  },
  gradient: ({ dy, output: y, options: axis }) => [() => mul(y, sub(dy, sum(mul(y, dy), { axis, keepDims: true })))],
});

/** eˣ / Σeˣ along an axis (the last by default), without overflow. Throws ShapeError for an axis that is not there. */
export function softmax(x: Tensor, options: { axis?: number } = {}): Tensor {
  const { axis = -1 } = readOptions("softmax", options, ALONG);
  const [tensor] = operands("softmax", [x]);
  return softmaxOp([tensor], normalizeAxis("softmax", axis, tensor.rank));
}

// d (x − ln Σeˣ) = dx − softmax(x) Σdx
const logSoftmaxOp = defineOp<[Tensor], number>({
  name: "logSoftmax",
  forward: ([x], axis) => {
    const s = shifted(x, axis);
    return sub(s, log(sum(exp(s), { axis, keepDims: true })));
  },
  gradient: ({ dy, output: y, options: axis }) => [() => sub(dy, mul(exp(y), sum(dy, { axis, keepDims: true })))],
});

/** ln softmax(x) along an axis (the last by default), exact also where softmax is 0 in floating point. Throws as it. */
export function logSoftmax(x: Tensor, options: { axis?: number } = {}): Tensor {
  const { axis = -1 } = readOptions("logSoftmax", options, ALONG);
  const [tensor] = operands("logSoftmax", [x]);
  return logSoftmaxOp([tensor], normalizeAxis("logSoftmax", axis, tensor.rank));
}

/** x less its largest element along the axis, so that its exponential cannot overflow. */
function shifted(x: Tensor, axis: number): Tensor {
  return x.shape[axis] === 0 ? reshape(x, x.shape) : sub(x, max(x, { axis, keepDims: true }));
}
