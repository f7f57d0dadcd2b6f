// Reductions as the kernels know them: over one run of neighbouring axes at a time, the last run first.

import { type Shape, sizeOf } from "../../shape.js";
import type { ReduceName } from "../backend.js";
import { reduceCodes } from "./codes.js";
import { type Address, GRAIN_CHEAP, type KernelRunner } from "./kernel-runner.js";

/** As in assembly/reduction.ts: a row is summed in blocks of this size. */
const REDUCE_BLOCK = 4096;

/** Reduces `axes`, sorted and distinct, of `x` into `out`. */
export function reduceAxes(
  engine: KernelRunner,
  name: ReduceName,
  x: Address,
  shape: Shape,
  axes: readonly number[],
  out: Address,
): void {
  const group = lastRun(shape, axes);
  if (group.others.length === 0) {
    reduceGroup(engine, name, x, out, group);
    return;
  }
  engine.memory.lend(4 * group.outer * group.inner, (part) => {
    reduceGroup(engine, name, x, part, group);
    reduceAxes(engine, name, part, group.shape, group.others, out);
  });
}

function reduceGroup(
  engine: KernelRunner,
  name: ReduceName,
  x: Address,
  out: Address,
  { outer, length, inner }: AxisGroup,
): void {
  const code = reduceCodes[name];
  const grain = (each: number) => Math.ceil(GRAIN_CHEAP / Math.max(1, each));
  if (name === "argMax") {
    engine.split("argMax", outer, grain(4 * length * inner), 1, (from, to) => {
      return [x + 4 * from * length * inner, out + 4 * from * inner, to - from, length, inner];
    });
  } else if (inner !== 1) {
    engine.split("reduceColumns", inner, grain(outer * length), 16, (from, to) => {
      return [code, x, out, outer, length, inner, from, to];
    });
  } else if (outer === 1 && length > 2 * GRAIN_CHEAP && engine.threads > 1) {
    const blocks = Math.ceil(length / REDUCE_BLOCK);
    engine.memory.lend(4 * blocks, (partials) => {
      engine.split("reduceBlocks", blocks, 8, 1, (from, to) => [code, x, partials, length, from, to]);
      engine.call("combineBlocks", [code, partials, out, blocks]);
    });
  } else {
    engine.split("reduceRows", outer, grain(length), 1, (from, to) => {
      return [code, x + 4 * from * length, out + 4 * from, to - from, length];
    });
  }
}

/** The reduction over a run of neighbouring axes; the shape that is left, and the axes that are still to be reduced. */
interface AxisGroup {
  readonly outer: number;
  readonly length: number;
  readonly inner: number;
  readonly shape: Shape;
  readonly others: readonly number[];
}

/** The last run of neighbours among `axes`. */
function lastRun(shape: Shape, axes: readonly number[]): AxisGroup {
  const last = axes.at(-1);
  if (last === undefined) return { outer: sizeOf(shape), length: 1, inner: 1, shape, others: [] };
  let start = axes.length - 1;
  while (start > 0 && axes[start - 1] === (axes[start] as number) - 1) start--;
  const first = axes[start] as number;
  return {
    outer: sizeOf(shape.slice(0, first)),
    length: sizeOf(shape.slice(first, last + 1)),
    inner: sizeOf(shape.slice(last + 1)),
    shape: [...shape.slice(0, first), ...shape.slice(last + 1)],
    others: axes.slice(0, start),
  };
}
