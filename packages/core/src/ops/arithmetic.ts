// Elementwise arithmetic, with broadcasting. Forward and gradient side by side; y is the output.

import { defineOp } from "../autodiff.js";
import type { BinaryName, UnaryName } from "../backends/backend.js";
import { ArgumentError } from "../errors.js";
import { broadcastShapes } from "../shape.js";
import { type Tensor, wrap } from "../tensor.js";
import { defineBroadcastOp } from "./broadcasting.js";
import { equal, greater, greaterEqual, less, where } from "./comparison.js";
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

// d aᵇ = b aᵇ⁻¹ da + y ln a db. Where the formulas say 0·∞ the slope is 0: that of a⁰, and to b that of 0ᵇ for b ≥ 0.
// Those places are chosen before the formulas are computed, too, so that second gradients do not meet 0·∞ either.
const powOp = defineBroadcastOp<[Tensor, Tensor]>({
  name: "pow",
  forward: ([a, b]) => binaryForward("pow", a, b),
  gradient: ({ dy, inputs: [a, b], output: y }) => [
    () => {
      // a⁻¹ or dy/a is not finite
      const flat = mul(equal(b, 0), sub(1, less(abs(div(add(abs(dy), 1), a)), Infinity)));
      return mul(where(flat, 0, dy), mul(b, pow(where(flat, 1, a), sub(b, 1))));
    },
    () => {
      const flat = mul(equal(a, 0), greaterEqual(b, 0));
      return where(flat, 0, mul(dy, mul(y, log(where(flat, 1, a)))));
    },
  ],
});

/**
 * a to the power b; NaN for a negative a and a b that is not an integer. The gradient to `a` is 0 where b is 0, and that
 * to `b` is 0 where a is 0 and b ≥ 0, as in PyTorch. Broadcasts. Throws as `add`.
 */
export function pow(a: TensorLike, b: TensorLike): Tensor {
  return powOp(...operands("pow", [a, b]));
}

// d max(a, b) = da where a > b, db where a < b, half of each where they are equal, all of each where either is NaN
const maximumOp = defineBroadcastOp<[Tensor, Tensor]>({
  name: "maximum",
  forward: ([a, b]) => binaryForward("maximum", a, b),
  gradient: ({ dy, inputs: [a, b] }) => [() => unlessLost(less, a, b, dy), () => unlessLost(greater, a, b, dy)],
});

/**
 * The larger of a and b; NaN where either is. Equal elements get half of the gradient each; where either is NaN both get
 * all of it, as in PyTorch. Broadcasts. Throws as `add`.
 */
export function maximum(a: TensorLike, b: TensorLike): Tensor {
  return maximumOp(...operands("maximum", [a, b]));
}

// d min(a, b) = da where a < b, db where a > b, half of each where they are equal, all of each where either is NaN
const minimumOp = defineBroadcastOp<[Tensor, Tensor]>({
  name: "minimum",
  forward: ([a, b]) => binaryForward("minimum", a, b),
  gradient: ({ dy, inputs: [a, b] }) => [() => unlessLost(greater, a, b, dy), () => unlessLost(less, a, b, dy)],
});

/** The smaller of a and b; NaN where either is. The gradient is shared as by `maximum`. Broadcasts. Throws as `add`. */
export function minimum(a: TensorLike, b: TensorLike): Tensor {
  return minimumOp(...operands("minimum", [a, b]));
}

/** 0 (also for an infinite dy) where the comparison says that the other was taken, half of dy where the two are equal. */
function unlessLost(loses: typeof less, a: Tensor, b: Tensor, dy: Tensor): Tensor {
  return where(loses(a, b), 0, where(equal(a, b), mul(dy, 0.5), dy));
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

// d |x| = sign x dx, chosen at 0: an infinite dy times 0 would be NaN
const absOp = defineOp<[Tensor]>({
  name: "abs",
  forward: ([x]) => unaryForward("abs", x),
  gradient: ({ dy, inputs: [x] }) => [() => where(equal(x, 0), 0, mul(dy, sign(x)))],
});

/** |x|. Its gradient at 0 is 0. */
export function abs(x: TensorLike): Tensor {
  return absOp(operands("abs", [x]), undefined);
}

// d sign x = 0
const signOp = defineOp<[Tensor]>({
  name: "sign",
  forward: ([x]) => unaryForward("sign", x),
  // not dy·0, which is NaN for an infinite dy
  gradient: ({ dy }) => [() => where(0, dy, 0)],
});

/** −1, 0 or 1; NaN for NaN. Its gradient is 0 everywhere. */
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
