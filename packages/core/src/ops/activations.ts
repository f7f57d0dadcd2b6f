// The nonlinearities of neural networks, elementwise. Where the output says enough, the gradient is written in it.

import { defineOp } from "../autodiff.js";
import { ArgumentError } from "../errors.js";
import { numeric, optionsOf, readOptions } from "../options.js";
import { type Tensor, wrap } from "../tensor.js";
import { mul, square, sub, unaryForward } from "./arithmetic.js";
import { greater, lessEqual, where } from "./comparison.js";
import { operands, type TensorLike } from "./support.js";

/** What the derivative of an activation is made of, as far as its result y tells it. */
interface Derivatives {
  /** f′ at the x that gave y. */
  readonly slope: (y: Tensor) => Tensor;
  /** The derivative of `slope` with respect to y. */
  readonly bend: (y: Tensor) => Tensor;
}

type FromResult = "tanh" | "sigmoid" | "relu" | "leakyRelu";

/** An activation whose gradient its result tells: a leakyRelu has a slope above 0. */
export interface ActivationFromResult {
  readonly name: FromResult;
  /** Of leakyRelu; the others do not look at it. */
  readonly negativeSlope: number;
}

function derivativesOf(name: FromResult, negativeSlope: number): Derivatives {
  switch (name) {
    case "tanh":
      return { slope: (y) => sub(1, square(y)), bend: (y) => mul(y, -2) };
    case "sigmoid":
      return { slope: (y) => mul(y, sub(1, y)), bend: (y) => sub(1, mul(y, 2)) };
    default:
      // y > 0 where x > 0: so it is for relu, and for leakyRelu with a slope above 0
      return { slope: (y) => where(greater(y, 0), 1, negativeSlope), bend: (y) => mul(y, 0) };
  }
}

// dy · f′(y), which a backend may do in one pass; d = f′ d(dy) + dy · f″ dy
const activationGradientOp = defineOp<[dy: Tensor, y: Tensor], ActivationFromResult>({
  name: "activation gradient",
  forward: ([dy, y], { name, negativeSlope }) => {
    const { backend } = dy;
    if (!backend.activationGradient) return multiplySlope(dy, y, name, negativeSlope);
    const parameters = name === "leakyRelu" ? [negativeSlope] : [];
    const buffers = [dy.bufferFor(name), y.bufferFor(name)] as const;
    return wrap(backend, backend.activationGradient({ name, parameters }, ...buffers), dy.shape, `${name} gradient`);
  },
  gradient: ({ dy: ddy, inputs: [dy, y], options: { name, negativeSlope } }) => [
    () => multiplySlope(ddy, y, name, negativeSlope),
    () => mul(mul(ddy, dy), derivativesOf(name, negativeSlope).bend(y)),
  ],
});

function multiplySlope(dy: Tensor, y: Tensor, name: FromResult, negativeSlope: number): Tensor {
  // chosen, not multiplied by 0: what is not finite goes no further than the branch that was taken; NaN hands dy on
  if (name === "relu") return where(lessEqual(y, 0), 0, dy);
  return mul(dy, derivativesOf(name, negativeSlope).slope(y));
}

/** dy · f′(x) by the result y = f(x). */
export function activationGradient(dy: Tensor, y: Tensor, activation: ActivationFromResult): Tensor {
  return activationGradientOp([dy, y], activation);
}

// d tanh x = (1 − y²) dx
const tanhOp = defineOp<[Tensor]>({
  name: "tanh",
  forward: ([x]) => unaryForward("tanh", x),
  gradient: ({ dy, output: y }) => [() => activationGradientOp([dy, y], { name: "tanh", negativeSlope: 0 })],
});

/** The hyperbolic tangent, in [−1, 1]. */
export function tanh(x: TensorLike): Tensor {
  return tanhOp(operands("tanh", [x]), undefined);
}

// d σ(x) = y (1 − y) dx
const sigmoidOp = defineOp<[Tensor]>({
  name: "sigmoid",
  forward: ([x]) => unaryForward("sigmoid", x),
  gradient: ({ dy, output: y }) => [() => activationGradientOp([dy, y], { name: "sigmoid", negativeSlope: 0 })],
});

/** The logistic function 1 / (1 + e⁻ˣ), in [0, 1]. */
export function sigmoid(x: TensorLike): Tensor {
  return sigmoidOp(operands("sigmoid", [x]), undefined);
}

// d relu x = dx where x > 0, or is NaN
const reluOp = defineOp<[Tensor]>({
  name: "relu",
  forward: ([x]) => unaryForward("relu", x),
  gradient: ({ dy, output: y }) => [() => activationGradientOp([dy, y], { name: "relu", negativeSlope: 0 })],
});

/** max(x, 0). Its gradient at 0 is 0. */
export function relu(x: TensorLike): Tensor {
  return reluOp(operands("relu", [x]), undefined);
}

// d leakyRelu x = dx where x > 0, slope dx elsewhere; with a slope of 0 or less the result does not tell where x was
const leakyReluOp = defineOp<[Tensor], number>({
  name: "leakyRelu",
  forward: ([x], negativeSlope) => unaryForward("leakyRelu", x, [negativeSlope]),
  gradient: ({ dy, inputs: [x], output: y, options: negativeSlope }) => [
    () =>
      negativeSlope > 0
        ? activationGradientOp([dy, y], { name: "leakyRelu", negativeSlope })
        : mul(dy, where(greater(x, 0), 1, negativeSlope)),
  ],
});

const LEAKY = optionsOf<{ negativeSlope?: number }>({ negativeSlope: numeric });

/**
 * x above 0, negativeSlope · x elsewhere; the gradient at 0 is that of the negative side. With a slope of 0 it is `relu`,
 * also where 0 would be multiplied by ∞.
 *
 * @param options.negativeSlope any finite number; 0.01 by default
 * @throws ArgumentError where the slope is not finite
 */
export function leakyRelu(x: TensorLike, options: { negativeSlope?: number } = {}): Tensor {
  const { negativeSlope = 0.01 } = readOptions("leakyRelu", options, LEAKY);
  if (!Number.isFinite(negativeSlope)) {
    throw new ArgumentError("leakyRelu", `negativeSlope must be a finite number, got ${negativeSlope}`);
  }
  const inputs = operands("leakyRelu", [x]);
  return negativeSlope === 0 ? reluOp(inputs, undefined) : leakyReluOp(inputs, negativeSlope);
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
