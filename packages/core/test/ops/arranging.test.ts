// Transposing, slicing, joining: properties on random calls, and values and gradients by hand.

import { concat, type SliceRange, slice, stack, type Tensor, transpose } from "@adjoint/core";
import { describe, expect, it } from "vitest";
import { arrangingCases } from "../support/arranging-cases.js";
import { describeOps } from "../support/describe-ops.js";
import { expectGradients, expectTensor, gradientsFor, rows, valueFor } from "../support/expectations.js";

describeOps(arrangingCases);

const table = rows([1, 2, 3], [4, 5, 6]);

describe("transpose", () => {
  it("reverses the axes, or puts them in the order given", () => {
    expectTensor(
      valueFor((x) => transpose(x), table),
      rows([1, 4], [2, 5], [3, 6]),
    );
    expectTensor(
      valueFor((x) => transpose(x, [0, 1]), table),
      table,
    );
    // [1,2,3] to [3,1,2]: axis 0 of the result is axis 2
    const turned = valueFor((x) => transpose(x, [2, 0, -2]), rows(table));
    expectTensor(turned, rows(rows([1, 4]), rows([2, 5]), rows([3, 6])));
    expectTensor(
      valueFor((x) => transpose(x), 7),
      7,
    );
  });

  it("puts dy back by the inverse order", () => {
    const turn = (x: Tensor) => transpose(x, [2, 0, 1]);
    // y[k,i,j] = x[i,j,k], so dx[i,j,k] = dy[k,i,j]
    const dy = rows(rows([1, 2]), rows([3, 4]), rows([5, 6]));
    expectGradients(gradientsFor(turn, dy, rows(rows([0, 0, 0], [0, 0, 0]))), rows(rows([1, 3, 5], [2, 4, 6])));
  });

  it("of nothing is nothing", () => {
    expect(valueFor((x) => transpose(x), rows([], [])).shape).toEqual([0, 2]);
  });
});

describe("slice", () => {
  it.each<[string, SliceRange[], number[][]]>([
    ["x[1:2]", [[1, 2]], [[4, 5, 6]]],
    [
      "x[:, ::2]",
      [null, [0, Infinity, 2]],
      [
        [1, 3],
        [4, 6],
      ],
    ],
    [
      "x[-1:, -2:]",
      [
        [-1, Infinity],
        [-2, Infinity],
      ],
      [[5, 6]],
    ],
    [
      "x[0:1, 1:99]",
      [
        [0, 1],
        [1, 99],
      ],
      [[2, 3]],
    ],
    [
      "x[-99:1, :-1]",
      [
        [-99, 1],
        [0, -1],
      ],
      [[1, 2]],
    ],
    [
      "x",
      [],
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
    ],
    ["x[:, 2:1]", [null, [2, 1]], [[], []]],
    ["x[:, 7:9]", [null, [7, 9]], [[], []]],
  ])("takes %s as NumPy does", (_, ranges, expected) => {
    expectTensor(
      valueFor((x) => slice(x, ranges), table),
      expected,
    );
  });

  it("puts dy into its window, and 0 elsewhere", () => {
    const corners = (x: Tensor) => slice(x, [null, [0, 3, 2]]);
    expectGradients(gradientsFor(corners, rows([7, 8], [9, 10]), table), rows([7, 0, 8], [9, 0, 10]));
    const nothing = (x: Tensor) => slice(x, [[1, 1]]);
    expectGradients(gradientsFor(nothing, 1, table), rows([0, 0, 0], [0, 0, 0]));
  });
});

describe("concat", () => {
  it("puts one after the other along an axis", () => {
    expectTensor(
      valueFor((a, b) => concat([a, b] as Tensor[]), [1, 2], [3]),
      [1, 2, 3],
    );
    expectTensor(valueFor(along(1), table, rows([7], [8])), rows([1, 2, 3, 7], [4, 5, 6, 8]));
    expectTensor(valueFor(along(-2), table, rows([7, 8, 9])), rows([1, 2, 3], [4, 5, 6], [7, 8, 9]));
    expectTensor(valueFor(along(0), [], [3], []), [3]);
  });

  it("gives each its part of dy, and one that is there twice both", () => {
    const dy = rows([1, 2, 3], [4, 5, 6]);
    expectGradients(
      gradientsFor(along(1), dy, rows([0, 0], [0, 0]), rows([0], [0])),
      rows([1, 2], [4, 5]),
      rows([3], [6]),
    );
    expectGradients(
      gradientsFor((x) => concat([x, x] as Tensor[]), [1, 2, 10, 20], [0, 0]),
      [11, 22],
    );
  });

  function along(axis: number) {
    return (...tensors: Tensor[]) => concat(tensors, { axis });
  }
});

describe("stack", () => {
  it("puts tensors along a new axis", () => {
    expectTensor(valueFor(at(0), [1, 2], [3, 4]), rows([1, 2], [3, 4]));
    expectTensor(valueFor(at(1), [1, 2], [3, 4]), rows([1, 3], [2, 4]));
    expectTensor(valueFor(at(-1), 1, 2, 3), [1, 2, 3]);
  });

  it("gives each its part of dy", () => {
    expectGradients(gradientsFor(at(1), rows([1, 2], [3, 4]), [0, 0], [0, 0]), [1, 3], [2, 4]);
  });

  function at(axis: number) {
    return (...tensors: Tensor[]) => stack(tensors, { axis });
  }
});
