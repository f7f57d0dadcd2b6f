// The nonlinearities of neural networks, elementwise. Where the output says enough, the gradient is written in it.

import { defineOp } from "../autodiff.js";
import { ArgumentError } from "../errors.js";
import type { Tensor } from "../tensor.js";
import { mul, square, sub, unaryForward } from "./arithmetic.js";
import { greater, where } from "./comparison.js";
import { operands, type TensorLike } from "./support.js";

// d tanh x = (1 − y²) dx
const tanhOp = defineOp<[Tensor]>({
  name: "tanh",
  forward: ([x]) => unaryForward("tanh", x),
  gradient: ({ dy, output: y }) => [() => mul(dy, sub(1, square(y)))],
});

/** The hyperbolic tangent, in [−1, 1]. */
export function tanh(x: TensorLike): Tensor {
  return tanhOp(operands("tanh", [x]), undefined);
}

// d σ(x) = y (1 − y) dx
const sigmoidOp = defineOp<[Tensor]>({
  name: "sigmoid",
  forward: ([x]) => unaryForward("sigmoid", x),
  gradient: ({ dy, output: y }) => [() => mul(dy, mul(y, sub(1, y)))],
});

/** The logistic function 1 / (1 + e⁻ˣ), in [0, 1]. */
export function sigmoid(x: TensorLike): Tensor {
  return sigmoidOp(operands("sigmoid", [x]), undefined);
}

// d relu x = dx where x > 0
const reluOp = defineOp<[Tensor]>({
  name: "relu",
  forward: ([x]) => unaryForward("relu", x),
  gradient: ({ dy, inputs: [x] }) => [() => mul(dy, greater(x, 0))],
});

/** max(x, 0). Its gradient at 0 is 0. */
export function relu(x: TensorLike): Tensor {
  return reluOp(operands("relu", [x]), undefined);
}

// d leakyRelu x = dx where x > 0, slope dx elsewhere
const leakyReluOp = defineOp<[Tensor], number>({
  name: "leakyRelu",
  forward: ([x], negativeSlope) => unaryForward("leakyRelu", x, [negativeSlope]),
  gradient: ({ dy, inputs: [x], options: negativeSlope }) => [() => mul(dy, where(greater(x, 0), 1, negativeSlope))],
});

/**
 * x above 0, negativeSlope · x elsewhere; the gradient at 0 is that of the negative side.
 *
 * @param options.negativeSlope any finite number; 0.01 by default
 * @throws ArgumentError where the slope is not finite
 */
export function leakyRelu(x: TensorLike, { negativeSlope = 0.01 }: { negativeSlope?: number } = {}): Tensor {
  if (!Number.isFinite(negativeSlope)) {
    throw new ArgumentError("leakyRelu", `negativeSlope must be a finite number, got ${negativeSlope}`);
  }
  return leakyReluOp(operands("leakyRelu", [x]), negativeSlope);
}

// d ln(1 + eˣ) = σ(x) dx
const softplusOp = defineOp<[Tensor]>({
  name: "softplus",
  forward: ([x]) => unaryForward("softplus", x),
  gradient: ({ dy, inputs: [x] }) => [() => mul(dy, sigmoid(x))],
});

/** ln(1 + eˣ), without overflow. */
export function softplus(x: TensorLike): Tensor {
  return softplusOp(operands("softplus", [x]), undefined);
}
