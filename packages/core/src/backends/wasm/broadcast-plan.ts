// Broadcasting as the kernels know it: rows × columns, over which each operand is read with a step between rows and a
// step of 1 or 0 along a row; whatever does not fit that is a list of such pieces.

import { broadcastStrides, type Shape, sizeOf } from "../../shape.js";

/** How one operand is read: where each piece begins, and its steps, all in elements. */
export interface Reading {
  readonly starts: readonly number[];
  readonly row: number;
  readonly along: number;
}

/** Pieces of `rows` × `columns` elements, one after the other in the result. */
export interface BroadcastPlan {
  readonly rows: number;
  readonly columns: number;
  readonly readings: readonly Reading[];
}

/** A plan for reading operands of the shapes `from` as `shape`. */
export function planBroadcast(from: readonly Shape[], shape: Shape): BroadcastPlan {
  const size = sizeOf(shape);
  if (from.every((operand) => sizeOf(operand) === size || sizeOf(operand) === 1)) {
    const readings = from.map((operand) => ({ starts: [0], row: 0, along: sizeOf(operand) === size ? 1 : 0 }));
    return { rows: 1, columns: size, readings };
  }
  const { extents, strides } = mergeAxes(
    from.map((operand) => broadcastStrides(operand, shape)),
    shape,
  );
  const columns = extents.pop() ?? 1;
  const rows = extents.pop() ?? 1;
  const readings = strides.map((list) => {
    const along = list.pop() ?? 0;
    const row = list.pop() ?? 0;
    return { starts: startsOf(extents, list), row, along };
  });
  return { rows, columns, readings };
}

/** Joins neighbouring axes that every operand reads as one. */
export function mergeAxes(all: readonly (readonly number[])[], shape: Shape) {
  const extents: number[] = [];
  const strides: number[][] = all.map(() => []);
  shape.forEach((extent, axis) => {
    if (extent === 1) return;
    const last = extents.length - 1;
    const joins =
      last >= 0 && all.every((list, i) => (strides[i] as number[])[last] === (list[axis] as number) * extent);
    if (joins) extents[last] = (extents[last] as number) * extent;
    else extents.push(extent);
    all.forEach((list, i) => {
      (strides[i] as number[])[extents.length - 1] = list[axis] as number;
    });
  });
  return { extents, strides };
}

/** Where the pieces begin that the given outer axes count. */
export function startsOf(extents: readonly number[], strides: readonly number[]): number[] {
  let starts = [0];
  extents.forEach((extent, axis) => {
    starts = starts.flatMap((start) => Array.from({ length: extent }, (_, i) => start + i * (strides[axis] as number)));
  });
  return starts;
}
