// Reductions, softmax and its logarithm: properties on random calls, and values and gradients by hand.

import { argMax, logSoftmax, max, mean, min, type ReduceOptions, softmax, sum, type Tensor } from "@adjoint/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { arrays, axisOf, shapes } from "../support/arbitraries.js";
import { describeOps } from "../support/describe-ops.js";
import {
  expectClose,
  expectGradients,
  expectTensor,
  gradientsFor,
  inFloat64,
  read,
  rows,
  valueFor,
} from "../support/expectations.js";
import { toTensor } from "../support/host-array.js";
import { reduceBy, reductionCases } from "../support/reduction-cases.js";
import { runs } from "../support/runs.js";

describeOps(reductionCases);

const table = rows([1, 2, 3], [4, 5, 6]);
const { NaN: nan } = Number;

/** An op with its options as a function of a tensor alone. */
function over<Options>(op: (x: Tensor, options?: Options) => Tensor, options?: Options) {
  return (x: Tensor) => op(x, options);
}

describe("sum", () => {
  it.each<[ReduceOptions, number | number[] | number[][]]>([
    [{}, 21],
    [{ axis: 0 }, [5, 7, 9]],
    [{ axis: -1 }, [6, 15]],
    [{ axis: [1], keepDims: true }, [[6], [15]]],
    [{ axis: [1, -2] }, 21],
    [
      { axis: [], keepDims: true },
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
    ],
  ])("adds over %j", (options, expected) => {
    expectTensor(valueFor(over(sum, options), table), expected);
  });

  it("gives every element its sum's dy", () => {
    expectGradients(gradientsFor(over(sum, { axis: 0 }), [7, 8, 9], table), rows([7, 8, 9], [7, 8, 9]));
    expectGradients(gradientsFor(over(sum, { axis: 1 }), [7, 8], table), rows([7, 7, 7], [8, 8, 8]));
    expectGradients(gradientsFor(over(sum, {}), 5, table), rows([5, 5, 5], [5, 5, 5]));
  });

  it("of nothing is 0", () => {
    expectTensor(valueFor(over(sum), []), 0);
    expectTensor(valueFor(over(sum, { axis: 1 }), rows([], [])), [0, 0]);
    expectGradients(gradientsFor(over(sum, { axis: 1 }), [1, 1], rows([], [])), rows([], []));
  });
});

describe("mean", () => {
  it("is the sum by the count, and passes dy by the count", () => {
    expectTensor(valueFor(over(mean, { axis: 1 }), table), [2, 5]);
    expectTensor(valueFor(over(mean), table), 3.5);
    // 6/3, 9/3
    expectGradients(gradientsFor(over(mean, { axis: 1 }), [6, 9], table), rows([2, 2, 2], [3, 3, 3]));
  });

  it("of nothing is NaN", () => {
    expectTensor(valueFor(over(mean), []), nan);
  });
});

describe("max and min", () => {
  it("find the extremes", () => {
    expectTensor(valueFor(over(max, { axis: 0 }), rows([1, 9, 3], [4, 5, 6])), [4, 9, 6]);
    expectTensor(valueFor(over(min, { axis: 1, keepDims: true }), rows([1, 9, 3], [4, 5, 6])), rows([1], [4]));
    expectTensor(valueFor(over(max), -3), -3);
  });

  it("pass dy to the extreme, in equal parts where several are", () => {
    expectGradients(
      gradientsFor(over(max, { axis: 1 }), [6, 7], rows([1, 9, 3], [5, 5, 4])),
      rows([0, 6, 0], [3.5, 3.5, 0]),
    );
    expectGradients(gradientsFor(over(min), 6, [2, 2, 2]), [2, 2, 2]);
  });

  it("are NaN where there is one, and find infinities", () => {
    expectTensor(valueFor(over(max), [1, nan, 3]), nan);
    expectTensor(valueFor(over(min, { axis: 1 }), rows([1, nan], [-Infinity, 2])), [nan, -Infinity]);
    expectTensor(valueFor(over(max), [-Infinity, -Infinity]), -Infinity);
  });

  it("over the axes that have elements work on empty tensors", () => {
    expectTensor(valueFor(over(max, { axis: 0 }), rows([], [])), []);
    expectGradients(gradientsFor(over(max, { axis: 0 }), [], rows([], [])), rows([], []));
  });
});

describe("argMax", () => {
  it("finds the place of the largest along the last axis, or another", () => {
    expectTensor(valueFor(over(argMax), rows([1, 9, 3], [4, 5, 6])), [1, 2]);
    expectTensor(valueFor(over(argMax, { axis: 0 }), rows([1, 9, 3], [4, 5, 6])), [1, 0, 1]);
  });

  it("takes the first of equal ones, and the first NaN before all else", () => {
    expectTensor(valueFor(over(argMax), rows([2, 7, 7], [3, 3, 3])), [1, 0]);
    expectTensor(valueFor(over(argMax), rows([1, nan, 9], [nan, nan, 9], [Infinity, 1, nan])), [1, 0, 2]);
    expectTensor(valueFor(over(argMax), rows([-Infinity, -Infinity], [-0, 0])), [0, 0]);
  });

  it("agrees with its definition along any axis", () => {
    // values from few, so that there are ties
    const values = fc.constantFrom(-1, 0, 2, 5);
    const calls = shapes({ minRank: 1 }).chain((shape) => fc.tuple(arrays(shape, values), axisOf(shape.length)));
    const property = fc.property(calls, ([x, axis]) => {
      const first = (line: number[]) => line.indexOf(Math.max(...line));
      const actual = inFloat64(() => read(argMax(toTensor(x), { axis })));
      expectClose(actual, reduceBy(first, x, { axis }));
    });
    fc.assert(property, runs());
  });
});

describe("softmax", () => {
  it("is eˣ/Σeˣ", () => {
    // e^ln1 : e^ln2 : e^ln5 = 1 : 2 : 5
    const x = [1, 2, 5].map(Math.log);
    expectTensor(valueFor(over(softmax), x), [1 / 8, 2 / 8, 5 / 8]);
    expectTensor(valueFor(over(softmax, { axis: 0 }), rows([Math.LN2], [0])), rows([2 / 3], [1 / 3]));
  });

  it("passes y·(dy − Σ y·dy)", () => {
    // y = [¼, ¾], dy = [8, 4]: Σ = 2 + 3 = 5; [¼·3, ¾·−1]
    expectGradients(gradientsFor(over(softmax), [8, 4], [0, Math.log(3)]), [0.75, -0.75]);
  });

  it("does not overflow, and gives −∞ no share", () => {
    expectTensor(
      valueFor(over(softmax), rows([1000, 1000], [-1000, 0], [-Infinity, 3])),
      rows([0.5, 0.5], [0, 1], [0, 1]),
    );
  });

  it("of nothing is nothing", () => {
    expectTensor(valueFor(over(softmax), rows([], [])), rows([], []));
    expectGradients(gradientsFor(over(logSoftmax), rows([], []), rows([], [])), rows([], []));
  });
});

describe("logSoftmax", () => {
  it("is x − ln Σeˣ", () => {
    expectTensor(valueFor(over(logSoftmax), [1, 2, 5].map(Math.log)), [1 / 8, 2 / 8, 5 / 8].map(Math.log));
  });

  it("passes dy − softmax(x)·Σdy", () => {
    // softmax = [¼, ¾], Σdy = 12: [8 − 3, 4 − 9]
    expectGradients(gradientsFor(over(logSoftmax), [8, 4], [0, Math.log(3)]), [5, -5]);
  });

  it("stays exact where softmax is 0 in floating point", () => {
    expectTensor(valueFor(over(logSoftmax), [1000, 0]), [0, -1000]);
    expect(valueFor(over(logSoftmax), [-Infinity, 3]).dataSync()).toEqual(Float64Array.of(-Infinity, 0));
    expectGradients(gradientsFor(over(logSoftmax), [1, 1], [1000, 0]), [-1, 1]);
  });
});
