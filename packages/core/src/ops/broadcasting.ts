// Reshaping and broadcasting, and the one place where broadcasting is undone: the gradient of what was repeated is
// the sum over the repetitions.

import { defineOp, type OpDefinition } from "../autodiff.js";
import { ShapeError } from "../errors.js";
import {
  broadcastShapes,
  broadcastStrides,
  checkShape,
  formatShape,
  inferShape,
  reduceShape,
  type Shape,
  sameShape,
} from "../shape.js";
import { type Tensor, viewOf, wrap } from "../tensor.js";
import { operands } from "./support.js";

const reshapeOp = defineOp<[Tensor], Shape>({
  name: "reshape",
  forward: ([x], shape) => {
    x.bufferFor("reshape");
    return viewOf(x, shape);
  },
  gradient: ({ dy, inputs: [x] }) => [() => reshape(dy, x.shape)],
});

/**
 * The same elements in another shape of the same size; copies nothing.
 *
 * @param shape the new sizes; one of them may be −1 and is worked out
 * @throws ShapeError where the sizes do not fit
 */
export function reshape(x: Tensor, shape: Shape): Tensor {
  const [tensor] = operands("reshape", [x]);
  // sizes that are not given as an array are refused there; −1 is no size there, so arrays are not checked
  if (!Array.isArray(shape)) checkShape("reshape", shape);
  return reshapeOp([tensor], inferShape("reshape", shape, tensor.shape));
}

const broadcastToOp = defineOp<[Tensor], Shape>({
  name: "broadcastTo",
  forward: ([x], shape) => {
    const view = { shape, strides: broadcastStrides(x.shape, shape), offset: 0 };
    return wrap(x.backend, x.backend.copy(x.bufferFor("broadcastTo"), view), shape, "broadcastTo");
  },
  // what was repeated collects the gradients of its repetitions
  gradient: ({ dy, inputs: [x] }) => [() => sumTo(dy, x.shape)],
});

/**
 * `x` repeated along axes of size 1, and along new axes in front, until it has `shape`.
 *
 * @throws ShapeError where the shapes do not go together by NumPy's rules
 */
export function broadcastTo(x: Tensor, shape: Shape): Tensor {
  const [tensor] = operands("broadcastTo", [x]);
  checkShape("broadcastTo", shape);
  if (sameShape(tensor.shape, shape)) return tensor;
  if (!sameShape(broadcastShapes("broadcastTo", tensor.shape, shape), shape)) {
    throw new ShapeError("broadcastTo", `${formatShape(tensor.shape)} does not broadcast to ${formatShape(shape)}`);
  }
  return broadcastToOp([tensor], shape);
}

const sumToOp = defineOp<[Tensor], Shape>({
  name: "sumTo",
  forward: ([x], shape) => {
    const missing = x.rank - shape.length;
    const axes = x.shape.flatMap((extent, axis) =>
      axis < missing || (shape[axis - missing] === 1 && extent !== 1) ? [axis] : [],
    );
    return wrap(x.backend, x.backend.reduce("sum", x.operandFor("sumTo"), axes), shape, "sumTo");
  },
  gradient: ({ dy, inputs: [x] }) => [() => broadcastTo(dy, x.shape)],
});

/** The adjoint of `broadcastTo`: sums over what broadcasting `shape` to `x.shape` repeats. Internal to gradients. */
export function sumTo(x: Tensor, shape: Shape): Tensor {
  return sameShape(x.shape, shape) ? x : sumToOp([x], shape);
}

/** `defineOp` for ops whose inputs broadcast: their gradients may have the output's shape, and are summed here. */
export function defineBroadcastOp<Inputs extends readonly Tensor[]>(
  definition: OpDefinition<Inputs, undefined>,
): (...inputs: Inputs) => Tensor {
  const op = defineOp<Inputs>({
    ...definition,
    gradient: (context) => {
      const thunks: readonly (() => Tensor)[] = definition.gradient(context);
      const summed = context.inputs.map((input, i) => () => sumTo((thunks[i] as () => Tensor)(), input.shape));
      return summed as unknown as ReturnType<typeof definition.gradient>;
    },
  });
  return (...inputs) => op(inputs, undefined);
}

/** A tensor reduced over `axes` given the size 1 there again, and repeated to `shape`: how reductions go back. */
export function expandReduced(y: Tensor, shape: Shape, axes: readonly number[]): Tensor {
  return broadcastTo(reshape(y, reduceShape(shape, axes, true)), shape);
}
