// Comparisons, which give 1 or 0 and have no gradient, and where, which chooses by them.

import type { BinaryName } from "../backends/backend.js";
import { broadcastShapes } from "../shape.js";
import { type Tensor, wrap } from "../tensor.js";
import { defineBroadcastOp } from "./broadcasting.js";
import { operands, type TensorLike } from "./support.js";

function compare(name: BinaryName, a: TensorLike, b: TensorLike): Tensor {
  const [left, right] = operands(name, [a, b]);
  const shape = broadcastShapes(name, left.shape, right.shape);
  const { backend } = left;
  return wrap(backend, backend.binary(name, left.operandFor(name), right.operandFor(name), shape), shape, name);
}

/** 1 where a = b, else 0. Broadcasts. Not differentiable. Throws ShapeError where the shapes do not broadcast. */
export function equal(a: TensorLike, b: TensorLike): Tensor {
  return compare("equal", a, b);
}

/** 1 where a ≠ b (so also where either is NaN), else 0. Broadcasts. Not differentiable. Throws as `equal`. */
export function notEqual(a: TensorLike, b: TensorLike): Tensor {
  return compare("notEqual", a, b);
}

/** 1 where a < b, else 0. Broadcasts. Not differentiable. Throws as `equal`. */
export function less(a: TensorLike, b: TensorLike): Tensor {
  return compare("less", a, b);
}

/** 1 where a ≤ b, else 0. Broadcasts. Not differentiable. Throws as `equal`. */
export function lessEqual(a: TensorLike, b: TensorLike): Tensor {
  return compare("lessEqual", a, b);
}

/** 1 where a > b, else 0. Broadcasts. Not differentiable. Throws as `equal`. */
export function greater(a: TensorLike, b: TensorLike): Tensor {
  return compare("greater", a, b);
}

/** 1 where a ≥ b, else 0. Broadcasts. Not differentiable. Throws as `equal`. */
export function greaterEqual(a: TensorLike, b: TensorLike): Tensor {
  return compare("greaterEqual", a, b);
}

// d where(c, a, b) = where(c, da, 0) + where(c, 0, db); the condition has no gradient
const whereOp = defineBroadcastOp<[Tensor, Tensor, Tensor]>({
  name: "where",
  forward: ([condition, a, b]) => {
    const shape = broadcastShapes("where", condition.shape, broadcastShapes("where", a.shape, b.shape));
    const { backend } = a;
    const [c, yes, no] = [condition.operandFor("where"), a.operandFor("where"), b.operandFor("where")];
    return wrap(backend, backend.select(c, yes, no, shape), shape, "where");
  },
  gradient: ({ dy, inputs: [condition] }) => [
    () => where(condition, 0, 0),
    () => where(condition, dy, 0),
    () => where(condition, 0, dy),
  ],
});

/**
 * `a` where `condition` is not 0, else `b`; all three broadcast. No gradient flows to the condition, and none through
 * the branch that was not chosen.
 *
 * @throws ShapeError where the shapes do not broadcast
 */
export function where(condition: TensorLike, a: TensorLike, b: TensorLike): Tensor {
  return whereOp(...operands("where", [condition, a, b]));
}
