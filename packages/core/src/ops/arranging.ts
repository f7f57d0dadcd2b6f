// Putting elements in another order or place: transpose, slice, concat, stack. Forward copies a window; the gradient
// of taking a window is placing it back, and the other way round.

import { defineOp, type Op } from "../autodiff.js";
import { describe } from "../describe.js";
import { ArgumentError, ShapeError } from "../errors.js";
import { numeric, optionsOf, readOptions } from "../options.js";
import { formatShape, normalizeAxis, type Shape, sameShape, sizeOf, stridesOf } from "../shape.js";
import { type Tensor, wrap } from "../tensor.js";
import { reshape } from "./broadcasting.js";
import { operands } from "./support.js";

const transposeOp = defineOp<[Tensor], readonly number[]>({
  name: "transpose",
  forward: ([x], permutation) => {
    const strides = stridesOf(x.shape);
    const shape = permutation.map((axis) => x.shape[axis] as number);
    const view = { shape, strides: permutation.map((axis) => strides[axis] as number), offset: 0 };
    return wrap(x.backend, x.backend.copy(x.bufferFor("transpose"), view), shape, "transpose");
  },
  // back by the inverse permutation
  gradient: ({ dy, options: permutation }) => [
    () =>
      transpose(
        dy,
        permutation.map((_, axis) => permutation.indexOf(axis)),
      ),
  ],
});

/**
 * The axes in another order. To multiply by a transposed matrix use matmul's flags instead: they copy nothing.
 *
 * @param permutation axis i of the result is axis permutation[i] of `x`; reversed by default
 * @throws ShapeError where it is not a permutation of the axes; ArgumentError where it is no array
 */
export function transpose(x: Tensor, permutation?: readonly number[]): Tensor {
  const [tensor] = operands("transpose", [x]);
  const order = permutation ?? tensor.shape.map((_, axis) => tensor.rank - 1 - axis);
  if (!Array.isArray(order)) throw new ArgumentError("transpose", `takes an array of axes, got ${describe(order)}`);
  const axes = order.map((axis) => normalizeAxis("transpose", axis, tensor.rank));
  if (axes.length !== tensor.rank || new Set(axes).size !== axes.length) {
    throw new ShapeError(
      "transpose",
      `[${order.join(",")}] is not an order of the axes of ${formatShape(tensor.shape)}`,
    );
  }
  return transposeOp([tensor], axes);
}

/** The start, the end (not included) and the step along one axis. */
interface AxisWindow {
  readonly start: number;
  readonly count: number;
  readonly step: number;
}

function viewInto(shape: Shape, windows: readonly AxisWindow[]) {
  const strides = stridesOf(shape);
  return {
    shape: windows.map(({ count }) => count),
    strides: windows.map(({ step }, axis) => step * (strides[axis] as number)),
    offset: windows.reduce((offset, { start }, axis) => offset + start * (strides[axis] as number), 0),
  };
}

// the two are each other's adjoints, so each names the other in its gradient
const sliceOp: Op<[Tensor], readonly AxisWindow[]> = defineOp<[Tensor], readonly AxisWindow[]>({
  name: "slice",
  forward: ([x], windows) => {
    const view = viewInto(x.shape, windows);
    return wrap(x.backend, x.backend.copy(x.bufferFor("slice"), view), view.shape, "slice");
  },
  // dy in its window, 0 elsewhere
  gradient: ({ dy, inputs: [x], options: windows }) => [() => placeOp([dy], { shape: x.shape, windows })],
});

const placeOp: Op<[Tensor], { shape: Shape; windows: readonly AxisWindow[] }> = defineOp<
  [Tensor],
  { shape: Shape; windows: readonly AxisWindow[] }
>({
  name: "slice gradient",
  forward: ([x], { shape, windows }) => {
    const part = { buffer: x.bufferFor("slice gradient"), view: viewInto(shape, windows) };
    return wrap(x.backend, x.backend.assemble(x.dtype, sizeOf(shape), [part]), shape, "slice gradient");
  },
  gradient: ({ dy, options: { windows } }) => [() => sliceOp([dy], windows)],
});

/** What `slice` takes along one axis: [start, end], [start, end, step], or null for all of it. */
export type SliceRange = readonly [start: number, end: number, step?: number] | null;

/**
 * A rectangular part, as `x[1:3, ::2]` in NumPy: `slice(x, [[1, 3], [0, Infinity, 2]])`.
 *
 * @param ranges one entry an axis, from the first; axes not named are taken whole. Ends are not included; negative
 *   numbers count from the end, and numbers past it mean the end. Steps are whole numbers ≥ 1.
 * @throws ShapeError for more ranges than axes; ArgumentError for what is no range of whole numbers
 */
export function slice(x: Tensor, ranges: readonly SliceRange[]): Tensor {
  const [tensor] = operands("slice", [x]);
  if (!Array.isArray(ranges)) throw new ArgumentError("slice", `takes an array of ranges, got ${describe(ranges)}`);
  if (ranges.length > tensor.rank) {
    throw new ShapeError(
      "slice",
      `${ranges.length} ranges for the ${tensor.rank} axes of ${formatShape(tensor.shape)}`,
    );
  }
  const windows = tensor.shape.map((extent, axis) => windowOf(ranges[axis] ?? null, extent, axis));
  return sliceOp([tensor], windows);
}

function windowOf(range: SliceRange, extent: number, axis: number): AxisWindow {
  if (range !== null && !Array.isArray(range)) {
    throw new ArgumentError(
      "slice",
      `axis ${axis}: a range is [start, end], [start, end, step] or null, got ${describe(range)}`,
    );
  }
  const [first, last, step = 1] = range ?? [0, extent];
  const whole = (value: number) => Number.isInteger(value) || Math.abs(value) === Infinity;
  if (!whole(first) || !whole(last) || !Number.isSafeInteger(step) || step < 1) {
    throw new ArgumentError(
      "slice",
      `axis ${axis}: [${first}, ${last}, ${step}] is not a range of whole numbers, step ≥ 1`,
    );
  }
  const place = (value: number) => Math.min(Math.max(value < 0 ? value + extent : value, 0), extent);
  const start = place(first);
  return { start, count: Math.max(0, Math.ceil((place(last) - start) / step)), step };
}

const concatOp = defineOp<readonly Tensor[], { axis: number; shape: Shape }>({
  name: "concat",
  forward: (inputs, { axis, shape }) => {
    const windows = windowsAlong(inputs, axis);
    const parts = inputs.map((x, i) => ({
      buffer: x.bufferFor("concat"),
      view: viewInto(shape, windows[i] as readonly AxisWindow[]),
    }));
    const { backend, dtype } = inputs[0] as Tensor;
    return wrap(backend, backend.assemble(dtype, sizeOf(shape), parts), shape, "concat");
  },
  // each input gets its own part of dy
  gradient: ({ dy, inputs, options: { axis } }) => {
    return windowsAlong(inputs, axis).map((windows) => () => sliceOp([dy], windows));
  },
});

/** The tensors of a list, which has at least one, and the first of them. */
function listOf(where: string, tensors: readonly Tensor[]): readonly [inputs: readonly Tensor[], first: Tensor] {
  if (!Array.isArray(tensors)) throw new ArgumentError(where, `takes an array of tensors, got ${describe(tensors)}`);
  const inputs: readonly Tensor[] = operands(where, tensors);
  const first = inputs[0];
  if (first === undefined) throw new ArgumentError(where, "needs at least one tensor");
  return [inputs, first];
}

/** For each input the window that it fills when all are put one after the other along an axis. */
function windowsAlong(inputs: readonly Tensor[], axis: number): AxisWindow[][] {
  let start = 0;
  return inputs.map((x) => {
    const windows = x.shape.map((count, i) => ({ start: i === axis ? start : 0, count, step: 1 }));
    start += x.shape[axis] as number;
    return windows;
  });
}

const ALONG = optionsOf<{ axis?: number }>({ axis: numeric });

/**
 * Tensors one after the other along an axis that they have.
 *
 * @param tensors at least one; their shapes are equal but for that axis
 * @param options.axis 0 by default
 * @throws ShapeError where the shapes do not go together; ArgumentError for no tensors, or no array of them
 */
export function concat(tensors: readonly Tensor[], options: { axis?: number } = {}): Tensor {
  const { axis = 0 } = readOptions("concat", options, ALONG);
  const [inputs, first] = listOf("concat", tensors);
  const along = normalizeAxis("concat", axis, first.rank);
  for (const x of inputs) {
    const fits = x.rank === first.rank && x.shape.every((extent, i) => i === along || extent === first.shape[i]);
    if (fits) continue;
    throw new ShapeError(
      "concat",
      `shapes differ off axis ${along}: ${inputs.map((t) => formatShape(t.shape)).join(", ")}`,
    );
  }
  const total = inputs.reduce((extent, x) => extent + (x.shape[along] as number), 0);
  return concatOp(inputs, { axis: along, shape: first.shape.map((extent, i) => (i === along ? total : extent)) });
}

/**
 * Tensors of one shape along a new axis.
 *
 * @param options.axis where the new axis stands in the result; 0 by default
 * @throws ShapeError where the shapes differ; ArgumentError for no tensors, or no array of them
 */
export function stack(tensors: readonly Tensor[], options: { axis?: number } = {}): Tensor {
  const { axis = 0 } = readOptions("stack", options, ALONG);
  const [inputs, first] = listOf("stack", tensors);
  const at = normalizeAxis("stack", axis, first.rank + 1);
  if (!inputs.every((x) => sameShape(x.shape, first.shape))) {
    throw new ShapeError("stack", `shapes differ: ${inputs.map((x) => formatShape(x.shape)).join(", ")}`);
  }
  const expanded = [...first.shape.slice(0, at), 1, ...first.shape.slice(at)];
  return concat(
    inputs.map((x) => reshape(x, expanded)),
    { axis: at },
  );
}
