// Broadcasting as the kernels know it: rows × columns, over which each operand is read with a step between rows and a
// step of 1 or 0 along a row; whatever does not fit that is so many such pieces, counted by outer axes.

import { broadcastStrides, type Shape, sizeOf } from "../../shape.js";

/** How one operand is read: its steps, in elements. */
export interface Reading {
  readonly row: number;
  readonly along: number;
  /** Of each outer axis. */
  readonly outer: readonly number[];
}

/** Pieces of `rows` × `columns` elements, one after the other in the result. */
export interface BroadcastPlan {
  readonly rows: number;
  readonly columns: number;
  /** The axes that count the pieces, the outermost first. */
  readonly outer: readonly number[];
  readonly readings: readonly Reading[];
}

/** A plan for reading operands of the shapes `from` as `shape`. */
export function planBroadcast(from: readonly Shape[], shape: Shape): BroadcastPlan {
  const size = sizeOf(shape);
  if (from.every((operand) => sizeOf(operand) === size || sizeOf(operand) === 1)) {
    const readings = from.map((operand) => ({ row: 0, along: sizeOf(operand) === size ? 1 : 0, outer: [] }));
    return { rows: 1, columns: size, outer: [], readings };
  }
  const { extents, strides } = mergeAxes(
    from.map((operand) => broadcastStrides(operand, shape)),
    shape,
  );
  const columns = extents.pop() ?? 1;
  const rows = extents.pop() ?? 1;
  const readings = strides.map((outer) => {
    const along = outer.pop() ?? 0;
    const row = outer.pop() ?? 0;
    return { row, along, outer };
  });
  return { rows, columns, outer: extents, readings };
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
