// Elementwise kernels over broadcast operands: on a row, on rows, or on as many pieces as outer axes count.

import { sizeOf } from "../../shape.js";
import type { BroadcastPlan, Reading } from "./broadcast-plan.js";
import type { Address, KernelRunner } from "./kernel-runner.js";

/** Calls `binary` or `select`, which takes the values `first` and then what each operand is read by. */
export function broadcast(
  engine: KernelRunner,
  kernel: "binary" | "select",
  first: readonly number[],
  operands: readonly Address[],
  { rows, columns, outer, readings }: BroadcastPlan,
  out: Address,
  grain: number,
): void {
  const at = (row: number, column: number) => {
    const values: number[] = [];
    for (let i = 0; i < readings.length; i++) {
      const { row: step, along } = readings[i] as Reading;
      values.push((operands[i] as number) + 4 * (row * step + column * along), step, along);
    }
    return values;
  };
  const each = Math.max(1, rows * columns);
  if (outer.length > 0) {
    const strides = readings.map((reading) => reading.outer);
    const values = [...first, ...at(0, 0), out, rows, columns];
    splitPieces(engine, `${kernel}Pieces`, outer, strides, Math.ceil(grain / each), values);
  } else if (rows === 1) {
    engine.split(kernel, columns, grain, 4, (from, to) => [...first, ...at(0, from), out + 4 * from, 1, to - from]);
  } else {
    engine.split(kernel, rows, Math.ceil(grain / Math.max(1, columns)), 1, (from, to) => {
      return [...first, ...at(from, 0), out + 4 * from * columns, to - from, columns];
    });
  }
}

/**
 * Calls a kernel on the pieces that outer axes count, with `values` and then where it finds those axes.
 *
 * @param extents of the outer axes, the outermost first
 * @param strides of each operand along them, in elements
 * @param grain pieces that are worth another thread
 */
export function splitPieces(
  engine: KernelRunner,
  kernel: "binaryPieces" | "selectPieces" | "copyPieces",
  extents: readonly number[],
  strides: readonly (readonly number[])[],
  grain: number,
  values: readonly number[],
): void {
  // as assembly/pieces.ts reads it: of each axis its extent, then the stride of every operand
  const table = extents.flatMap((extent, axis) => [extent, ...strides.map((list) => list[axis] as number)]);
  engine.lendIntegers(table, (axes) => {
    engine.split(kernel, sizeOf(extents), grain, 1, (from, to) => [...values, axes, extents.length, from, to]);
  });
}
