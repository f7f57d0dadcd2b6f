// Reshaping and broadcasting: properties on random calls, and values and gradients by hand.

import { broadcastTo, reshape, type Tensor, tensor, zeros } from "@adjoint/core";
import { describe, expect, it } from "vitest";
import { broadcastingCases } from "../support/arranging-cases.js";
import { describeOps } from "../support/describe-ops.js";
import { expectGradients, expectTensor, gradientsFor, inFloat64, rows, valueFor } from "../support/expectations.js";

describeOps(broadcastingCases);

describe("reshape", () => {
  it("keeps the elements in row-major order", () => {
    expectTensor(valueFor(to([3, 2]), rows([1, 2, 3], [4, 5, 6])), rows([1, 2], [3, 4], [5, 6]));
    expectTensor(valueFor(to([]), [[7]]), 7);
    expectTensor(valueFor(to([1, 1]), 7), [[7]]);
  });

  it("works out the size that is −1", () => {
    expectTensor(valueFor(to([2, -1]), [1, 2, 3, 4]), rows([1, 2], [3, 4]));
    expectTensor(valueFor(to([-1]), rows([1, 2], [3, 4])), [1, 2, 3, 4]);
    expect(inFloat64(() => reshape(zeros([0, 3]), [-1, 3])).shape).toEqual([0, 3]);
  });

  it("passes dy in the input's shape", () => {
    expectGradients(gradientsFor(to([4]), [1, 2, 3, 4], rows([0, 0], [0, 0])), rows([1, 2], [3, 4]));
  });

  it("copies nothing", () => {
    const x = tensor([1, 2, 3, 4]);
    expect(reshape(x, [2, 2]).storage).toBe(x.storage);
  });

  function to(shape: number[]) {
    return (x: Tensor) => reshape(x, shape);
  }
});

describe("broadcastTo", () => {
  it("repeats along axes of size 1 and along new ones in front", () => {
    expectTensor(valueFor(to([2, 3]), [1, 2, 3]), rows([1, 2, 3], [1, 2, 3]));
    expectTensor(valueFor(to([2, 3]), rows([1], [2])), rows([1, 1, 1], [2, 2, 2]));
    expectTensor(valueFor(to([2, 2]), 5), rows([5, 5], [5, 5]));
    expectTensor(valueFor(to([2]), [3, 4]), [3, 4]);
  });

  it("adds up the dy of the repetitions", () => {
    const dy = rows([1, 2, 3], [10, 20, 30]);
    expectGradients(gradientsFor(to([2, 3]), dy, [0, 0, 0]), [11, 22, 33]);
    expectGradients(gradientsFor(to([2, 3]), dy, rows([0], [0])), rows([6], [60]));
    expectGradients(gradientsFor(to([2, 3]), dy, 0), 66);
    // repeated no times: the sum of nothing
    expectGradients(gradientsFor(to([0]), [], [7]), [0]);
  });

  function to(shape: number[]) {
    return (x: Tensor) => broadcastTo(x, shape);
  }
});
