// What a dense layer computes: a product, its bias and its activation in one pass over the result.

import { defineOp } from "../autodiff.js";
import type { Activation } from "../backends/backend.js";
import { ShapeError } from "../errors.js";
import { formatShape, sizeOf } from "../shape.js";
import { type Tensor, wrap } from "../tensor.js";
import { type ActivationFromResult, activationGradient } from "./activations.js";
import { reshape } from "./broadcasting.js";
import { matmul } from "./matmul.js";
import { sum } from "./reductions.js";
import { operands } from "./support.js";

// y = f(x·W + b): with dz = dy·f′(y), dx = dz·Wᵀ, dW = xᵀ·dz, db = Σ dz over the rows
const linearOp = defineOp<[Tensor, Tensor, Tensor], ActivationFromResult | undefined>({
  name: "linear",
  forward: ([x, kernel, bias], activation) => {
    const [m, k] = x.shape as [number, number];
    const n = kernel.shape[1] as number;
    const spec = { batch: 1, m, n, k, transposeA: false, transposeB: false, sharedA: false, sharedB: false };
    const epilogue = { bias: bias.bufferFor("linear"), ...(activation ? { activation: epilogueOf(activation) } : {}) };
    const buffer = x.backend.matmul(x.bufferFor("linear"), kernel.bufferFor("linear"), spec, epilogue);
    return wrap(x.backend, buffer, [m, n], "linear");
  },
  gradient: ({ dy, inputs: [x, kernel], output: y, options: activation }) => {
    let found: Tensor | undefined;
    const dz = () => {
      found ??= activation ? activationGradient(dy, y, activation) : dy;
      return found;
    };
    return [
      () => matmul(dz(), kernel, { transposeB: true }),
      () => matmul(x, dz(), { transposeA: true }),
      () => sum(dz(), { axis: 0 }),
    ];
  },
});

function epilogueOf({ name, negativeSlope }: ActivationFromResult): Activation {
  return { name, parameters: name === "leakyRelu" ? [negativeSlope] : [] };
}

/**
 * x · kernel + bias in one product, as a dense layer computes it.
 *
 * @param x […, in]
 * @param kernel [in, out]
 * @param bias [out]; none by default
 * @returns […, out]
 * @throws ShapeError where the shapes do not go together
 */
export function linear(x: Tensor, kernel: Tensor, bias?: Tensor): Tensor {
  return bias === undefined ? withoutBias(x, kernel) : linearThrough(x, kernel, bias, undefined);
}

/** @internal `linear`, and an activation in the same pass; the bits are those of the two ops one after the other. */
export function linearThrough(
  x: Tensor,
  kernel: Tensor,
  bias: Tensor,
  activation: ActivationFromResult | undefined,
): Tensor {
  const [input, weights, row] = operands("linear", [x, kernel, bias]);
  checkSizes(input, weights);
  const outFeatures = weights.shape[1] as number;
  if (row.rank !== 1 || row.size !== outFeatures) {
    throw new ShapeError("linear", `the bias must be [${outFeatures}], got ${formatShape(row.shape)}`);
  }
  return onRows(input, outFeatures, (rows) => linearOp([rows, weights, row], activation));
}

function withoutBias(x: Tensor, kernel: Tensor): Tensor {
  const [input, weights] = operands("linear", [x, kernel]);
  checkSizes(input, weights);
  return onRows(input, weights.shape[1] as number, (rows) => matmul(rows, weights));
}

function checkSizes(input: Tensor, weights: Tensor): void {
  if (weights.rank === 2 && input.rank > 0 && input.shape[input.rank - 1] === weights.shape[0]) return;
  throw new ShapeError("linear", `inner sizes differ: ${formatShape(input.shape)} × ${formatShape(weights.shape)}`);
}

/** The axes in front of the last are rows, for a while. */
function onRows(input: Tensor, outFeatures: number, compute: (rows: Tensor) => Tensor): Tensor {
  if (input.rank === 2) return compute(input);
  const outer = input.shape.slice(0, -1);
  const result = compute(reshape(input, [sizeOf(outer), input.shape[input.rank - 1] as number]));
  return reshape(result, [...outer, outFeatures]);
}
