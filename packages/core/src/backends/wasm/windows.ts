// Windows into buffers as the kernel knows them: rows × columns with their strides, once for each place of outer axes.

import type { StridedView } from "../backend.js";
import { mergeAxes } from "./broadcast-plan.js";
import { splitPieces } from "./broadcasting.js";
import { type Address, GRAIN_CHEAP, type KernelRunner } from "./kernel-runner.js";

/** Copies a window of `x` to a contiguous `out`. */
export function copyFromWindow(engine: KernelRunner, x: Address, view: StridedView, out: Address): void {
  const { extents, strides } = mergeAxes([view.strides], view.shape);
  copyWindow(engine, extents, strides[0] as number[], contiguous(extents), x + 4 * view.offset, out);
}

/** Fills a window of `out` with a contiguous `x`. */
export function copyIntoWindow(engine: KernelRunner, x: Address, view: StridedView, out: Address): void {
  const { extents, strides } = mergeAxes([view.strides], view.shape);
  copyWindow(engine, extents, contiguous(extents), strides[0] as number[], x, out + 4 * view.offset);
}

function copyWindow(
  engine: KernelRunner,
  extents: number[],
  from: number[],
  to: number[],
  x: Address,
  out: Address,
): void {
  const columns = extents.at(-1) ?? 1;
  const rows = extents.at(-2) ?? 1;
  const [fromRow = 0, fromColumn = 1] = lastTwo(from);
  const [toRow = 0, toColumn = 1] = lastTwo(to);
  const outer = extents.slice(0, -2);
  if (outer.length > 0) {
    const strides = [from.slice(0, -2), to.slice(0, -2)];
    const values = [x, fromRow, fromColumn, out, toRow, toColumn, rows, columns];
    splitPieces(engine, "copyPieces", outer, strides, Math.ceil(GRAIN_CHEAP / Math.max(1, rows * columns)), values);
    return;
  }
  engine.split("copyWindow", rows, Math.ceil(GRAIN_CHEAP / Math.max(1, columns)), 4, (a, b) => {
    return [x + 4 * a * fromRow, fromRow, fromColumn, out + 4 * a * toRow, toRow, toColumn, b - a, columns];
  });
}

function contiguous(extents: readonly number[]): number[] {
  let stride = 1;
  return extents
    .map((_, i) => {
      const own = stride;
      stride *= extents[extents.length - 1 - i] as number;
      return own;
    })
    .reverse();
}

function lastTwo(strides: readonly number[]): [number | undefined, number | undefined] {
  return [strides.at(-2), strides.at(-1)];
}
