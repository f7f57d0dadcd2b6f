// Elementwise arithmetic, with broadcasting. Forward and gradient side by side; y is the output.

import { defineOp } from "../autodiff.js";
import type { BinaryName, UnaryName } from "../backends/backend.js";
import { ArgumentError } from "../errors.js";
import { broadcastShapes } from "../shape.js";
import { type Tensor, wrap } from "../tensor.js";
import { defineBroadcastOp } from "./broadcasting.js";
import { equal, greater, less, where } from "./comparison.js";
import { operands, type TensorLike } from "./support.js";

/** A backend's elementwise function of one argument, as the forward of an op. */
export function unaryForward(name: UnaryName, x: Tensor, parameters: readonly number[] = []): Tensor {
  return wrap(x.backend, x.backend.unary(name, x.bufferFor(name), parameters), x.shape, name);
}

function binaryForward(name: BinaryName, a: Tensor, b: Tensor): Tensor {
  const shape = broadcastShapes(name, a.shape, b.shape);
  const { backend } = a;
  return wrap(backend, backend.binary(name, a.operandFor(name), b.operandFor(name), shape), shape, name);
}

// d (a + b) = da + db
const addOp = defineBroadcastOp<[Tensor, Tensor]>({
  name: "add",
  forward: ([a, b]) => binaryForward("add", a, b),
  gradient: ({ dy }) => [() => dy, () => dy],
});

/** a + b. Broadcasts. Throws ShapeError where the shapes do not broadcast. */
export function add(a: TensorLike, b: TensorLike): Tensor {
  return addOp(...operands("add", [a, b]));
}

// d (a − b) = da − db
const subOp = defineBroadcastOp<[Tensor, Tensor]>({
  name: "sub",
  forward: ([a, b]) => binaryForward("sub", a, b),
  gradient: ({ dy }) => [() => dy, () => neg(dy)],
});

/** a − b. Broadcasts. Throws ShapeError where the shapes do not broadcast. */
export function sub(a: TensorLike, b: TensorLike): Tensor {
  return subOp(...operands("sub", [a, b]));
}

// d (a·b) = b da + a db
const mulOp = defineBroadcastOp<[Tensor, Tensor]>({
  name: "mul",
  forward: ([a, b]) => binaryForward("mul", a, b),
  gradient: ({ dy, inputs: [a, b] }) => [() => mul(dy, b), () => mul(dy, a)],
});

/** a · b, element by element. Broadcasts. Throws ShapeError where the shapes do not broadcast. */
export function mul(a: TensorLike, b: TensorLike): Tensor {
  return mulOp(...operands("mul", [a, b]));
}

// d (a/b) = da / b − y/b db
const divOp = defineBroadcastOp<[Tensor, Tensor]>({
  name: "div",
  forward: ([a, b]) => binaryForward("div", a, b),
  gradient: ({ dy, inputs: [, b], output: y }) => [() => div(dy, b), () => neg(mul(dy, div(y, b)))],
});

/** a / b; IEEE 754 for division by zero. Broadcasts. Throws ShapeError where the shapes do not broadcast. */
export function div(a: TensorLike, b: TensorLike): Tensor {
  return divOp(...operands("div", [a, b]));
}

// d aᵇ = b aᵇ⁻¹ da + y ln a db; 0⁰ gives b = 0 no slope, and a = 0 none to b, where the formulas say 0·∞
const powOp = defineBroadcastOp<[Tensor, Tensor]>({
  name: "pow",
  forward: ([a, b]) => binaryForward("pow", a, b),
  gradient: ({ dy, inputs: [a, b], output: y }) => [
    () => mul(dy, mul(b, pow(a, where(mul(equal(a, 0), equal(b, 0)), 1, sub(b, 1))))),
    () => mul(dy, mul(y, log(where(equal(a, 0), 1, a)))),
  ],
});

/** a to the power b; NaN for a negative a and a b that is not whole. Broadcasts. Throws as `add`. */
export function pow(a: TensorLike, b: TensorLike): Tensor {
  return powOp(...operands("pow", [a, b]));
}

// d max(a, b) = da where a > b, db where a < b, half of each where they are equal
const maximumOp = defineBroadcastOp<[Tensor, Tensor]>({
  name: "maximum",
  forward: ([a, b]) => binaryForward("maximum", a, b),
  gradient: ({ dy, inputs: [a, b] }) => [() => wonBy(greater, a, b, dy), () => wonBy(less, a, b, dy)],
});

/** The larger of a and b; NaN where either is. Equal elements share the gradient. Broadcasts. Throws as `add`. */
export function maximum(a: TensorLike, b: TensorLike): Tensor {
  return maximumOp(...operands("maximum", [a, b]));
}

// d min(a, b) = da where a < b, db where a > b, half of each where they are equal
const minimumOp = defineBroadcastOp<[Tensor, Tensor]>({
  name: "minimum",
  forward: ([a, b]) => binaryForward("minimum", a, b),
  gradient: ({ dy, inputs: [a, b] }) => [() => wonBy(less, a, b, dy), () => wonBy(greater, a, b, dy)],
});

/** The smaller of a and b; NaN where either is. Equal elements share the gradient. Broadcasts. Throws as `add`. */
export function minimum(a: TensorLike, b: TensorLike): Tensor {
  return minimumOp(...operands("minimum", [a, b]));
}

/** dy where the comparison holds, half of it where the two are equal, 0 (also for an infinite dy) elsewhere. */
function wonBy(wins: typeof greater, a: Tensor, b: Tensor, dy: Tensor): Tensor {
  return where(wins(a, b), dy, where(equal(a, b), mul(dy, 0.5), 0));
}

// d (−x) = −dx
const negOp = defineOp<[Tensor]>({
  name: "neg",
  forward: ([x]) => unaryForward("neg", x),
  gradient: ({ dy }) => [() => neg(dy)],
});

/** −x. */
export function neg(x: TensorLike): Tensor {
  return negOp(operands("neg", [x]), undefined);
}

// d eˣ = y dx
const expOp = defineOp<[Tensor]>({
  name: "exp",
  forward: ([x]) => unaryForward("exp", x),
  gradient: ({ dy, output: y }) => [() => mul(dy, y)],
});

/** eˣ. */
export function exp(x: TensorLike): Tensor {
  return expOp(operands("exp", [x]), undefined);
}

// d ln x = dx / x
const logOp = defineOp<[Tensor]>({
  name: "log",
  forward: ([x]) => unaryForward("log", x),
  gradient: ({ dy, inputs: [x] }) => [() => div(dy, x)],
});

/** The natural logarithm; −∞ at 0, NaN below. */
export function log(x: TensorLike): Tensor {
  return logOp(operands("log", [x]), undefined);
}

// d √x = dx / 2y
const sqrtOp = defineOp<[Tensor]>({
  name: "sqrt",
  forward: ([x]) => unaryForward("sqrt", x),
  gradient: ({ dy, output: y }) => [() => div(dy, mul(y, 2))],
});

/** The square root; NaN below 0. Its gradient at 0 is ∞. */
export function sqrt(x: TensorLike): Tensor {
  return sqrtOp(operands("sqrt", [x]), undefined);
}

// d x² = 2x dx
const squareOp = defineOp<[Tensor]>({
  name: "square",
  forward: ([x]) => unaryForward("square", x),
  gradient: ({ dy, inputs: [x] }) => [() => mul(dy, mul(x, 2))],
});

/** x². */
export function square(x: TensorLike): Tensor {
  return squareOp(operands("square", [x]), undefined);
}

// d |x| = sign x dx
const absOp = defineOp<[Tensor]>({
  name: "abs",
  forward: ([x]) => unaryForward("abs", x),
  gradient: ({ dy, inputs: [x] }) => [() => mul(dy, sign(x))],
});

/** |x|. Its gradient at 0 is 0. */
export function abs(x: TensorLike): Tensor {
  return absOp(operands("abs", [x]), undefined);
}

// d sign x = 0
const signOp = defineOp<[Tensor]>({
  name: "sign",
  forward: ([x]) => unaryForward("sign", x),
  gradient: ({ dy }) => [() => mul(dy, 0)],
});

/** −1, 0 or 1. Its gradient is 0 everywhere. */
export function sign(x: TensorLike): Tensor {
  return signOp(operands("sign", [x]), undefined);
}

interface Range {
  readonly low: number;
  readonly high: number;
}

// d clip x = dx where low ≤ x ≤ high: where x is what came out
const clipOp = defineOp<[Tensor], Range>({
  name: "clip",
  forward: ([x], { low, high }) => unaryForward("clip", x, [low, high]),
  gradient: ({ dy, inputs: [x], output: y }) => [() => where(equal(x, y), dy, 0)],
});

/**
 * x, but `low` where it is below and `high` where it is above. The gradient is 0 outside, and dy at the bounds.
 *
 * @throws ArgumentError unless low ≤ high
 */
export function clip(x: TensorLike, low: number, high: number): Tensor {
  if (!(low <= high)) throw new ArgumentError("clip", `the bounds must be low ≤ high, got ${low} and ${high}`);
  return clipOp(operands("clip", [x]), { low, high });
}
