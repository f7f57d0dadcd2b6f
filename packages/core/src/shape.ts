// Pure helpers about shapes: sizes, strides, axes, broadcasting. Every function that can refuse takes the name of the
// op it refuses for.

import { ShapeError } from "./errors.js";

/** The sizes of a tensor along its axes. `[]` is a scalar. */
export type Shape = readonly number[];

/** The number of elements. */
export function sizeOf(shape: Shape): number {
  let size = 1;
  // not for … of, which is slow on the frozen shapes of tensors
  for (let axis = 0; axis < shape.length; axis++) size *= shape[axis] as number;
  return size;
}

/** `[2,3]`, as error messages and prints write it. */
export function formatShape(shape: Shape): string {
  return `[${shape.join(",")}]`;
}

/** Whether two shapes are the same. */
export function sameShape(a: Shape, b: Shape): boolean {
  if (a.length !== b.length) return false;
  for (let axis = 0; axis < a.length; axis++) if (a[axis] !== b[axis]) return false;
  return true;
}

/** Throws unless `shape` is a list of whole numbers ≥ 0. */
export function checkShape(where: string, shape: Shape): void {
  if (!Array.isArray(shape)) throw new ShapeError(where, `a shape is an array of sizes, got ${String(shape)}`);
  for (const extent of shape) {
    if (!Number.isSafeInteger(extent) || extent < 0) {
      throw new ShapeError(where, `sizes must be whole numbers ≥ 0, got ${formatShape(shape)}`);
    }
  }
}

/** Steps between neighbours along each axis of a contiguous row-major array. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis] as number;
  }
  return strides;
}

/** The shape that two shapes broadcast to, by NumPy's rules. */
export function broadcastShapes(where: string, a: Shape, b: Shape): Shape {
  if (sameShape(a, b)) return a;
  const rank = Math.max(a.length, b.length);
  const shape = new Array<number>(rank);
  for (let i = 1; i <= rank; i++) {
    const left = a[a.length - i] ?? 1;
    const right = b[b.length - i] ?? 1;
    if (left !== right && left !== 1 && right !== 1) {
      throw new ShapeError(where, `shapes do not broadcast: ${formatShape(a)} × ${formatShape(b)}`);
    }
    shape[rank - i] = left === 1 ? right : left;
  }
  return shape;
}

/** Strides with which a contiguous array of `from` is read as `to`: 0 along the axes that it is repeated on. */
export function broadcastStrides(from: Shape, to: Shape): number[] {
  const own = stridesOf(from);
  const missing = to.length - from.length;
  return to.map((_, axis) => (axis < missing || from[axis - missing] === 1 ? 0 : (own[axis - missing] as number)));
}

/** One axis, counted from the end where negative, as an index in [0, rank). */
export function normalizeAxis(where: string, axis: number, rank: number): number {
  if (!Number.isInteger(axis) || axis < -rank || axis >= rank) {
    throw new ShapeError(where, `axis ${axis} is not one of the ${rank} axes`);
  }
  return axis < 0 ? axis + rank : axis;
}

/** Axes as sorted distinct indices; all of them where none are named. */
export function normalizeAxes(where: string, axes: number | readonly number[] | undefined, rank: number): number[] {
  if (axes === undefined) return Array.from({ length: rank }, (_, axis) => axis);
  const list = typeof axes === "number" ? [axes] : axes;
  const normal = list.map((axis) => normalizeAxis(where, axis, rank)).sort((a, b) => a - b);
  for (let i = 1; i < normal.length; i++) {
    if (normal[i] === normal[i - 1])
      throw new ShapeError(where, `axis ${normal[i]} is named twice in [${list.join(",")}]`);
  }
  return normal;
}

/** `shape` with `axes` (normalized) left out, or kept with size 1. */
export function reduceShape(shape: Shape, axes: readonly number[], keepDims: boolean): number[] {
  if (keepDims) return shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent));
  return shape.filter((_, axis) => !axes.includes(axis));
}

/** Fills in the one size that is −1, so that the shape has `size` elements. */
export function inferShape(where: string, shape: Shape, from: Shape): Shape {
  const size = sizeOf(from);
  const open = shape.indexOf(-1);
  const known = sizeOf(shape.filter((_, axis) => axis !== open));
  const whole = open < 0 ? shape : shape.map((extent, axis) => (axis === open ? size / known : extent));
  const fits = whole.every((extent) => Number.isSafeInteger(extent) && extent >= 0) && sizeOf(whole) === size;
  if (!fits) {
    throw new ShapeError(where, `${formatShape(from)} (${size} elements) does not fit ${formatShape(shape)}`);
  }
  return whole;
}
