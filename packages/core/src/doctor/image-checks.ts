// The ops of image networks, each with its gradients: small images with odd sizes, and windows that overlap and reach
// beyond the edges.

import { gradients } from "../autodiff.js";
import { abs, mul } from "../ops/arithmetic.js";
import { concat } from "../ops/arranging.js";
import { broadcastTo, reshape } from "../ops/broadcasting.js";
import { conv2d, convTranspose2d } from "../ops/convolution.js";
import { randomUniform } from "../ops/creation.js";
import { batchNorm, layerNorm } from "../ops/normalization.js";
import { averagePool2d, maxPool2d, upSample } from "../ops/pooling.js";
import { max, sum } from "../ops/reductions.js";
import { Random } from "../random.js";
import type { Shape } from "../shape.js";
import type { Tensor } from "../tensor.js";
import type { OpCheck } from "./op-checks.js";

type Apply = OpCheck["apply"];

/** Of the largest value or gradient of a tensor: sums of terms of both signs have no relative error of their own. */
const TOLERANCE = 1e-5;

const IMAGES: Shape = [2, 7, 9, 3];
const FEATURES: Shape = [2, 4, 5, 7];
const overlapping = { stride: 2, padding: "same" } as const;

/** An op's values, and its gradients at each of its inputs, one after the other. */
function differentiated(op: string, shapes: readonly Shape[], apply: Apply): OpCheck {
  const parts = (inputs: readonly Tensor[]): Tensor[] => {
    const y = apply(...inputs);
    const weights = randomUniform(y.shape, { low: -1, high: 1, random: new Random(2) });
    return [y, ...gradients(sum(mul(y, weights)), inputs)];
  };
  return {
    op: `${op}, and its gradients`,
    inputs: shapes.map((shape) => ({ shape, low: -1, high: 1, requiresGradient: true })),
    apply: (...inputs) => joined(parts(inputs)),
    tolerance: TOLERANCE,
    scale: (...inputs) => joined(parts(inputs).map((part) => broadcastTo(max(abs(part)), part.shape))),
  };
}

function joined(parts: readonly Tensor[]): Tensor {
  return concat(parts.map((part) => reshape(part, [part.size])));
}

/** All of them. */
export const IMAGE_CHECKS: readonly OpCheck[] = [
  differentiated("conv2d", [IMAGES, [3, 2, 3, 5], [5]], (x, kernel, bias) =>
    conv2d(x, kernel, { ...overlapping, bias }),
  ),
  differentiated("convTranspose2d", [FEATURES, [3, 2, 3, 7], [3]], (x, kernel, bias) =>
    convTranspose2d(x, kernel, { ...overlapping, bias }),
  ),
  differentiated("maxPool2d", [IMAGES], (x) => maxPool2d(x, 3, overlapping)),
  differentiated("averagePool2d", [IMAGES], (x) => averagePool2d(x, 3, overlapping)),
  differentiated("upSample", [IMAGES], (x) => upSample(x, [2, 3])),
  differentiated("batchNorm", [FEATURES, [7], [7]], (x, scale, offset) => batchNorm(x, { scale, offset })),
  differentiated("layerNorm", [FEATURES, [7], [7]], (x, scale, offset) => layerNorm(x, { scale, offset })),
];
