// Arrays on the host, and the definitions of ops written over them: by tuples of indices, as in a textbook, with none
// of the library's code. What the tests expect is computed here.

import type { NumberArray, Tensor } from "@adjoint/core";
import { tensor } from "@adjoint/core";

/** Numbers in row-major order, with their shape. */
export interface HostArray {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

/** One number an axis. */
export type Index = readonly number[];

/** All indices of a shape, the last axis running fastest. A scalar has one, the empty one. */
export function indicesOf(shape: readonly number[]): Index[] {
  return shape.reduce<Index[]>(
    (indices, extent) => indices.flatMap((index) => Array.from({ length: extent }, (_, i) => [...index, i])),
    [[]],
  );
}

/** The array whose element at each index is `value(index)`. */
export function generate(shape: readonly number[], value: (index: Index) => number): HostArray {
  return { shape, data: indicesOf(shape).map(value) };
}

/** The element at an index. */
export function elementAt({ shape, data }: HostArray, index: Index): number {
  const position = shape.reduce((before, extent, axis) => before * extent + (index[axis] ?? Number.NaN), 0);
  return data[position] ?? Number.NaN;
}

/** The element that broadcasting puts at an index of a larger shape: axes are matched from the last one on. */
export function broadcastAt(array: HostArray, index: Index): number {
  const own = index.slice(index.length - array.shape.length);
  return elementAt(
    array,
    own.map((i, axis) => (array.shape[axis] === 1 ? 0 : i)),
  );
}

/** The shape that arrays broadcast to. Those given do: nothing is checked. */
export function broadcastShape(...shapes: readonly (readonly number[])[]): number[] {
  const rank = Math.max(0, ...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, axis) => {
    const extents = shapes.map((shape) => shape[axis - rank + shape.length] ?? 1);
    return extents.find((extent) => extent !== 1) ?? 1;
  });
}

/** A function of numbers, element by element, with broadcasting. */
export function elementwise(fn: (...values: number[]) => number): (...arrays: readonly HostArray[]) => HostArray {
  return (...arrays) =>
    generate(broadcastShape(...arrays.map(({ shape }) => shape)), (index) =>
      fn(...arrays.map((array) => broadcastAt(array, index))),
    );
}

/** The same elements under another shape. */
export function withShape({ data }: HostArray, shape: readonly number[]): HostArray {
  return { shape, data };
}

/** Zeros in the shape of `array`. */
export function zerosLike({ shape, data }: HostArray): HostArray {
  return { shape, data: data.map(() => 0) };
}

/** The values rounded to float32. */
export function rounded({ shape, data }: HostArray): HostArray {
  return { shape, data: data.map(Math.fround) };
}

/** A tensor of the current backend. */
export function toTensor({ shape, data }: HostArray, options: { requiresGradient?: boolean } = {}): Tensor {
  return tensor([...data], { shape, ...options });
}

/** What was read from a tensor, with its shape. */
export function toHost({ shape }: Tensor, data: NumberArray): HostArray {
  return { shape, data: [...data] };
}

/** As counterexamples print it. */
export function describeArray({ shape, data }: HostArray): string {
  return `[${shape.join(",")}] of ${data.map((x) => (Object.is(x, -0) ? "-0" : String(x))).join(" ")}`;
}
