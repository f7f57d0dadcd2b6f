// Sizes, strides, axes and broadcasting by NumPy's rules, with refusals that name the op they speak for.

import { describe, expect, it } from "vitest";
import { ShapeError } from "./errors.js";
import {
  broadcastShapes,
  broadcastStrides,
  checkShape,
  formatShape,
  inferShape,
  normalizeAxes,
  normalizeAxis,
  reduceShape,
  type Shape,
  sameShape,
  sizeOf,
  stridesOf,
} from "./shape.js";

describe("sizeOf", () => {
  it("is the product of the sizes; 1 for a scalar, 0 where an axis is empty", () => {
    expect([sizeOf([2, 3, 5]), sizeOf([7]), sizeOf([]), sizeOf([4, 0, 2])]).toEqual([30, 7, 1, 0]);
  });
});

describe("formatShape", () => {
  it("writes the sizes in brackets", () => {
    expect([formatShape([2, 3]), formatShape([7]), formatShape([])]).toEqual(["[2,3]", "[7]", "[]"]);
  });
});

describe("sameShape", () => {
  it("compares rank and sizes", () => {
    expect(sameShape([2, 3], [2, 3])).toBe(true);
    expect(sameShape([], [])).toBe(true);
    expect(sameShape([2, 3], [3, 2])).toBe(false);
    expect(sameShape([2], [2, 1])).toBe(false);
    expect(sameShape([1, 2], [2])).toBe(false);
  });
});

describe("checkShape", () => {
  it("takes whole numbers from 0", () => {
    for (const shape of [[], [0], [1, 2, 3]]) expect(() => checkShape("zeros", shape)).not.toThrow();
  });

  it("refuses all else", () => {
    for (const shape of [[-1], [1.5], [Number.NaN], [2, Infinity], ["2"]]) {
      expect(() => checkShape("zeros", shape as Shape)).toThrow(ShapeError);
      expect(() => checkShape("zeros", shape as Shape)).toThrow(
        `zeros: sizes must be whole numbers ≥ 0, got ${formatShape(shape as Shape)}`,
      );
    }
    expect(() => checkShape("zeros", 3 as never)).toThrow("zeros: a shape is an array of sizes, got 3");
  });
});

describe("stridesOf", () => {
  it("counts elements between neighbours, row-major", () => {
    expect(stridesOf([2, 3, 5])).toEqual([15, 5, 1]);
    expect(stridesOf([7])).toEqual([1]);
    expect(stridesOf([])).toEqual([]);
    expect(stridesOf([2, 1, 3])).toEqual([3, 3, 1]);
  });
});

describe("broadcastShapes", () => {
  it.each<[Shape, Shape, Shape]>([
    [
      [2, 3],
      [2, 3],
      [2, 3],
    ],
    [[2, 3], [], [2, 3]],
    [[], [], []],
    [[3], [2, 3], [2, 3]],
    [
      [2, 1],
      [1, 5],
      [2, 5],
    ],
    [
      [7, 1, 5],
      [3, 1],
      [7, 3, 5],
    ],
    [[0], [1], [0]],
    [[2, 0], [0], [2, 0]],
    [[1, 1], [1], [1, 1]],
  ])("takes %j and %j to %j, in either order", (a, b, expected) => {
    expect(broadcastShapes("add", a, b)).toEqual(expected);
    expect(broadcastShapes("add", b, a)).toEqual(expected);
  });

  it.each<[Shape, Shape]>([
    [[2], [3]],
    [[2, 3], [2]],
    [
      [2, 3],
      [3, 2],
    ],
    [[0], [2]],
  ])("refuses %j and %j", (a, b) => {
    const refusal = (left: Shape, right: Shape) =>
      `add: shapes do not broadcast: ${formatShape(left)} × ${formatShape(right)}`;
    expect(() => broadcastShapes("add", a, b)).toThrow(refusal(a, b));
    expect(() => broadcastShapes("add", b, a)).toThrow(refusal(b, a));
  });
});

describe("broadcastStrides", () => {
  it("are 0 along what is repeated", () => {
    expect(broadcastStrides([2, 3], [2, 3])).toEqual([3, 1]);
    expect(broadcastStrides([3], [2, 3])).toEqual([0, 1]);
    expect(broadcastStrides([2, 1], [2, 3])).toEqual([1, 0]);
    expect(broadcastStrides([], [2, 3])).toEqual([0, 0]);
    expect(broadcastStrides([4, 1, 5], [7, 4, 3, 5])).toEqual([0, 5, 0, 1]);
  });
});

describe("normalizeAxis", () => {
  it("counts from the end where negative", () => {
    expect([0, 2, -1, -3].map((axis) => normalizeAxis("sum", axis, 3))).toEqual([0, 2, 2, 0]);
  });

  it("refuses what is no axis", () => {
    for (const axis of [3, -4, 0.5, Number.NaN]) {
      expect(() => normalizeAxis("sum", axis, 3)).toThrow(`sum: axis ${axis} is not one of the 3 axes`);
    }
    expect(() => normalizeAxis("sum", 0, 0)).toThrow(ShapeError);
  });
});

describe("normalizeAxes", () => {
  it("sorts them, takes one alone, and means all where none is named", () => {
    expect(normalizeAxes("sum", [2, 0], 3)).toEqual([0, 2]);
    expect(normalizeAxes("sum", -1, 3)).toEqual([2]);
    expect(normalizeAxes("sum", undefined, 3)).toEqual([0, 1, 2]);
    expect(normalizeAxes("sum", undefined, 0)).toEqual([]);
    expect(normalizeAxes("sum", [], 3)).toEqual([]);
  });

  it("refuses an axis that is named twice, also from both ends", () => {
    expect(() => normalizeAxes("sum", [1, 1], 3)).toThrow("sum: axis 1 is named twice in [1,1]");
    expect(() => normalizeAxes("sum", [0, 2, -1], 3)).toThrow("sum: axis 2 is named twice in [0,2,-1]");
    expect(() => normalizeAxes("sum", [0, 3], 3)).toThrow("sum: axis 3 is not one of the 3 axes");
  });
});

describe("reduceShape", () => {
  it("leaves axes out, or keeps them with size 1", () => {
    expect(reduceShape([2, 3, 5], [0, 2], false)).toEqual([3]);
    expect(reduceShape([2, 3, 5], [0, 2], true)).toEqual([1, 3, 1]);
    expect(reduceShape([2, 3], [0, 1], false)).toEqual([]);
    expect(reduceShape([2, 3], [], false)).toEqual([2, 3]);
  });
});

describe("inferShape", () => {
  it("works out the one size that is −1", () => {
    expect(inferShape("reshape", [-1, 2], [3, 4])).toEqual([6, 2]);
    expect(inferShape("reshape", [-1], [])).toEqual([1]);
    expect(inferShape("reshape", [5, -1], [0, 5])).toEqual([5, 0]);
    expect(inferShape("reshape", [2, 6], [3, 4])).toEqual([2, 6]);
    expect(inferShape("reshape", [], [1, 1])).toEqual([]);
    expect(inferShape("reshape", [0, 7], [3, 0])).toEqual([0, 7]);
  });

  it("refuses what does not fit, leaves a choice, or is no shape", () => {
    for (const shape of [[5, -1], [-1, -1], [4], [2, 7], [-2, -6], [1.5, 8], [0, -1], [Number.NaN]]) {
      expect(() => inferShape("reshape", shape, [3, 4])).toThrow(ShapeError);
      expect(() => inferShape("reshape", shape, [3, 4])).toThrow(
        `reshape: [3,4] (12 elements) does not fit ${formatShape(shape)}`,
      );
    }
    expect(() => inferShape("reshape", [0, -1], [0])).toThrow("reshape: [0] (0 elements) does not fit [0,-1]");
  });
});
