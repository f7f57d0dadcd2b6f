// Batch and layer normalization, in two steps whose gradients are short: the mean is taken off, and what is left is
// divided by its deviation.

import { defineOp, noGradient, type Op } from "../autodiff.js";
import { ArgumentError, ShapeError } from "../errors.js";
import { numeric, optionsOf, readOptions } from "../options.js";
import { scope } from "../scope.js";
import { formatShape } from "../shape.js";
import type { Tensor } from "../tensor.js";
import { add, div, mul, sqrt, square, sub } from "./arithmetic.js";
import { mean } from "./reductions.js";
import { operands, tensorOption } from "./support.js";

/** Options of `batchNorm` and `layerNorm`. */
export interface NormalizationOptions {
  /** What each channel is multiplied by, [channels]; 1 by default. */
  readonly scale?: Tensor | undefined;
  /** What is added to each channel then, [channels]; 0 by default. */
  readonly offset?: Tensor | undefined;
  /** Added to the variance, so that nothing is divided by 0; 0.001 by default, as in Keras. */
  readonly epsilon?: number;
}

const NORMALIZATION = optionsOf<NormalizationOptions>({
  epsilon: numeric,
  scale: tensorOption,
  offset: tensorOption,
});

/** Values without their means, and one over their deviations: what normalization is made of. */
interface Standardized {
  /** With size 1 along the axes that it was taken over. It has no gradient of its own. */
  readonly average: Tensor;
  readonly centered: Tensor;
  /** (variance + ε)^(−½), with size 1 along the axes that the variance was taken over. */
  readonly inverseDeviation: Tensor;
}

// x − mean x is a projection, and so its own adjoint; whoever knows the mean brings it along
const centerOp: Op<[Tensor], { axes: readonly number[]; average?: Tensor }> = defineOp<
  [Tensor],
  { axes: readonly number[]; average?: Tensor }
>({
  name: "center",
  forward: ([x], { axes, average }) => scope(() => sub(x, average ?? mean(x, { axis: axes, keepDims: true }))),
  gradient: ({ dy, options: { axes } }) => [() => centerOp([dy], { axes })],
});

// r = (Σc²/N + ε)^(−½): dr = −r³/N Σ c dc
const inverseDeviationOp = defineOp<[Tensor], { axes: readonly number[]; epsilon: number }>({
  name: "inverse deviation",
  forward: ([c], { axes, epsilon }) => {
    return scope(() => div(1, sqrt(add(mean(square(c), { axis: axes, keepDims: true }), epsilon))));
  },
  gradient: ({ dy, inputs: [c], output: r }) => [
    () => mul(c, mul(mul(dy, mul(r, square(r))), -r.size / Math.max(1, c.size))),
  ],
});

/** The two steps over `axes`, which are sorted and not negative. */
function standardize(x: Tensor, axes: readonly number[], epsilon: number): Standardized {
  const average = noGradient(() => mean(x, { axis: axes, keepDims: true }));
  const centered = centerOp([x], { axes, average });
  return { average, centered, inverseDeviation: inverseDeviationOp([centered], { axes, epsilon }) };
}

/**
 * Each channel brought to a mean of 0 and a variance of 1 over the whole batch, then scaled and moved (Ioffe & Szegedy,
 * "Batch Normalization", 2015). The variance is that of the batch, divided by its size.
 *
 * @param x […, channels] of at least two axes; an empty one gives an empty result
 * @throws ShapeError where the shapes do not go together, or a channel has a single value, which would always become 0;
 *   ArgumentError for an epsilon that is no number ≥ 0
 */
export function batchNorm(x: Tensor, options: NormalizationOptions = {}): Tensor {
  return batchNormWithStatistics(x, options).y;
}

/** @internal `batchNorm`, and the mean and the variance that it found, without gradients; an empty batch has none. */
export function batchNormWithStatistics(x: Tensor, options: NormalizationOptions) {
  const { input, scale, offset, epsilon } = checked("batchNorm", x, options);
  const count = input.size / (input.shape.at(-1) as number);
  if (input.rank < 2 || count === 1) {
    const found = formatShape(input.shape);
    throw new ShapeError("batchNorm", `needs more than one value a channel, got ${found}; outside of training, eval()`);
  }
  if (input.size === 0) return { y: affine(input, scale, offset), statistics: undefined };
  const axes = Array.from({ length: input.rank - 1 }, (_, axis) => axis);
  const { average, centered, inverseDeviation } = standardize(input, axes, epsilon);
  // the two factors, of a value a channel, come first
  const y = mul(centered, scale ? mul(inverseDeviation, scale) : inverseDeviation);
  const variance = noGradient(() => sub(div(1, square(inverseDeviation)), epsilon));
  return { y: affine(y, undefined, offset), statistics: { count, average, variance } };
}

/**
 * Each vector along the last axis brought to a mean of 0 and a variance of 1, then scaled and moved (Ba, Kiros & Hinton,
 * "Layer Normalization", 2016).
 *
 * @param x […, channels]
 * @throws ShapeError where the shapes do not go together; ArgumentError for an epsilon that is no number ≥ 0
 */
export function layerNorm(x: Tensor, options: NormalizationOptions = {}): Tensor {
  const { input, scale, offset, epsilon } = checked("layerNorm", x, options);
  const { centered, inverseDeviation } = standardize(input, [input.rank - 1], epsilon);
  return affine(mul(centered, inverseDeviation), scale, offset);
}

function affine(x: Tensor, scale: Tensor | undefined, offset: Tensor | undefined): Tensor {
  const stretched = scale ? mul(x, scale) : x;
  return offset ? add(stretched, offset) : stretched;
}

function checked(where: string, x: Tensor, options: NormalizationOptions) {
  const { scale, offset, epsilon = 0.001 } = readOptions(where, options, NORMALIZATION);
  const [input] = operands(where, [x]);
  const channels = input.shape.at(-1);
  if (channels === undefined) throw new ShapeError(where, "needs a tensor of at least one axis, got a scalar");
  if (!(epsilon >= 0 && epsilon < Infinity)) {
    throw new ArgumentError(where, `epsilon must be a number ≥ 0, got ${epsilon}`);
  }
  for (const [name, value] of Object.entries({ scale, offset })) {
    if (value === undefined) continue;
    const [, vector] = operands(where, [input, value]);
    if (vector.rank === 1 && vector.shape[0] === channels) continue;
    throw new ShapeError(where, `the ${name} must be [${channels}], got ${formatShape(vector.shape)}`);
  }
  return { input, scale, offset, epsilon };
}
