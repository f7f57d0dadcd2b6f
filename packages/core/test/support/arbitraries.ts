// What property tests are fed: small shapes of every kind (scalars, size 1, odd, prime), pairs that broadcast, and
// values that stay clear of where a function has no derivative.

import fc from "fast-check";
import type { HostArray } from "./host-array.js";

/** Sizes along an axis: 1, which broadcasts, an even one, and odd primes. */
export const extents = fc.constantFrom(1, 2, 3, 5, 7);

/** Most elements that an input has; a check of its gradient evaluates the function twice for each. */
const MOST_ELEMENTS = 30;

/** Shapes of `minRank` to `maxRank` axes and at most 30 elements. Axes for which there is no room get size 1. */
export function shapes({ minRank = 0, maxRank = 4 }: { minRank?: number; maxRank?: number } = {}) {
  return fc.array(extents, { minLength: minRank, maxLength: maxRank }).map((wanted): number[] => {
    let size = 1;
    return wanted.map((extent) => {
      const fits = size * extent <= MOST_ELEMENTS;
      if (fits) size *= extent;
      return fits ? extent : 1;
    });
  });
}

/** `count` shapes that broadcast to `shape` together: each has its last axes, some of them with size 1. */
export function broadcastable(shape: readonly number[], count: number): fc.Arbitrary<number[][]> {
  const part: fc.Arbitrary<number[]> = fc
    .tuple(fc.nat(shape.length), fc.array(fc.boolean(), { minLength: shape.length, maxLength: shape.length }))
    .map(([dropped, single]) => shape.map((extent, axis) => (single[axis] ? 1 : extent)).slice(dropped));
  // as often as not one of them is whole, as a weight beside a bias is
  const whole = fc.constant<number[]>([...shape]);
  return fc.array(fc.oneof(part, whole), { minLength: count, maxLength: count });
}

/** `count` shapes that broadcast to each other. */
export function broadcastingShapes(count: number): fc.Arbitrary<number[][]> {
  return shapes().chain((shape) => broadcastable(shape, count));
}

/** Finite numbers in [low, high]. */
export function numbers(low: number, high: number): fc.Arbitrary<number> {
  return fc.double({ min: low, max: high, noNaN: true });
}

/** Half the width of the gap that is kept around a kink: wide against the steps of a difference. */
const MARGIN = 0.02;

/** Numbers in [low, high] that are not near any of the kinks, which are farther apart than two margins. */
export function numbersAwayFrom(kinks: readonly number[], low: number, high: number): fc.Arbitrary<number> {
  return numbers(low, high).map((x) => {
    const near = kinks.find((kink) => Math.abs(x - kink) < MARGIN);
    if (near === undefined) return x;
    return x < near ? near - MARGIN : near + MARGIN;
  });
}

/** Numbers whose distance from 0 is in [low, high]. */
export function numbersOffZero(low: number, high: number): fc.Arbitrary<number> {
  return fc.tuple(numbers(low, high), fc.boolean()).map(([x, negative]) => (negative ? -x : x));
}

/** Arrays of a shape. */
export function arrays(shape: readonly number[], values: fc.Arbitrary<number>): fc.Arbitrary<HostArray> {
  const length = sizeOf(shape);
  return fc.array(values, { minLength: length, maxLength: length }).map((data) => ({ shape, data }));
}

/** One array for each of the shapes. */
export function arraysOf(
  shapeList: readonly (readonly number[])[],
  values: fc.Arbitrary<number>,
): fc.Arbitrary<HostArray[]> {
  return fc.tuple(...shapeList.map((shape) => arrays(shape, values)));
}

/** One array for each of the shapes, in which no two numbers are near each other: extremes have no ties there. */
export function distinctArrays(shapeList: readonly (readonly number[])[]): fc.Arbitrary<HostArray[]> {
  const total = shapeList.reduce((count, shape) => count + sizeOf(shape), 0);
  const ladder = Array.from({ length: total }, (_, i) => (i - total / 2) * 0.1);
  const order = fc.shuffledSubarray(ladder, { minLength: total, maxLength: total });
  const shifts = fc.array(numbers(-MARGIN, MARGIN), { minLength: total, maxLength: total });
  return fc.tuple(order, shifts).map(([values, moved]) => {
    const all = values.map((value, i) => value + (moved[i] ?? 0));
    return shapeList.map((shape) => ({ shape, data: all.splice(0, sizeOf(shape)) }));
  });
}

/** An axis of a tensor of `rank`, counted from the start or from the end. */
export function axisOf(rank: number): fc.Arbitrary<number> {
  return fc.integer({ min: -rank, max: rank - 1 });
}

/** Some of the axes of a tensor of `rank` in any order, counted from the start or from the end. */
export function someAxesOf(rank: number): fc.Arbitrary<number[]> {
  const all = Array.from({ length: rank }, (_, axis) => axis);
  const signs = fc.array(fc.boolean(), { minLength: rank, maxLength: rank });
  return fc
    .tuple(fc.shuffledSubarray(all), signs)
    .map(([axes, fromEnd]) => axes.map((axis) => (fromEnd[axis] ? axis - rank : axis)));
}

/** The number of elements. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((size, extent) => size * extent, 1);
}
