// Rows by number, and one-hot vectors: properties on random calls, and values and gradients by hand.

import { gather, type Indices, oneHot, type Tensor, tensor, zeros } from "@adjoint/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { arrays, shapes } from "../support/arbitraries.js";
import { indexingCases } from "../support/arranging-cases.js";
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
import { elementAt, generate, toTensor } from "../support/host-array.js";
import { runs } from "../support/runs.js";

describeOps(indexingCases);

const table = rows([1, 2], [3, 4], [5, 6]);

describe("gather", () => {
  it("takes rows in the order of the indices, also twice", () => {
    const expected = rows([5, 6], [1, 2], [5, 6]);
    expectTensor(valueFor(rowsOf([2, 0, 2]), table), expected);
    expectTensor(valueFor(rowsOf(Int32Array.of(2, 0, 2)), table), expected);
    expectTensor(valueFor(rowsOf(Uint8Array.of(2, 0, 2)), table), expected);
    expectTensor(valueFor(rowsOf([1]), [7, 8, 9]), [8]);
  });

  it("has the shape of a tensor of indices in front", () => {
    expectTensor(
      valueFor(
        (x) =>
          gather(
            x as Tensor,
            tensor([
              [0, 1],
              [2, 2],
            ]),
          ),
        [7, 8, 9],
      ),
      rows([7, 8], [9, 9]),
    );
    expectTensor(
      valueFor((x) => gather(x as Tensor, tensor(1)), table),
      [3, 4],
    );
    expect(inFloat64(() => gather(zeros([3, 2]), [])).shape).toEqual([0, 2]);
  });

  it("adds up the dy of a row that was taken more than once", () => {
    const dy = rows([1, 2], [10, 20], [100, 200]);
    expectGradients(gradientsFor(rowsOf([2, 0, 2]), dy, table), rows([10, 20], [0, 0], [101, 202]));
  });

  function rowsOf(indices: Indices) {
    return (x: Tensor) => gather(x, indices);
  }
});

describe("oneHot", () => {
  it("is 1 at the index and 0 elsewhere", () => {
    expectTensor(oneHotOf([2, 0], 3), rows([0, 0, 1], [1, 0, 0]));
    expectTensor(oneHotOf(Uint8Array.of(1), 2), [[0, 1]]);
    expect(oneHotOf([], 4).shape).toEqual([0, 4]);
  });

  it("has the shape of a tensor of indices in front", () => {
    const calls = shapes({ maxRank: 3 }).chain((shape) => arrays(shape, fc.nat(4)));
    const property = fc.property(calls, (indices) => {
      const actual = inFloat64(() => read(oneHot(toTensor(indices), 5)));
      const hot = generate([...indices.shape, 5], (index) => (elementAt(indices, index) === index.at(-1) ? 1 : 0));
      expectClose(actual, hot);
    });
    fc.assert(property, runs());
  });

  function oneHotOf(indices: Indices, depth: number) {
    return inFloat64(() => oneHot(indices, depth));
  }
});
