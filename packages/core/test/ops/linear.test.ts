// What a dense layer computes: values and gradients by hand. Random calls are those of matmul.test.ts.

import { linear, tensor, zeros } from "@adjoint/core";
import { checkGradients } from "@adjoint/core/testing";
import { describe, expect, it } from "vitest";
import { expectGradients, expectTensor, gradientsFor, inFloat64, rows, valueFor } from "../support/expectations.js";

const dy = rows([1, 10], [100, 1000]);

describe("linear", () => {
  const x = rows([1, 2, 3], [4, 5, 6]);
  const kernel = rows([1, 0], [0, 2], [3, 1]);

  it("is x·kernel + bias", () => {
    expectTensor(valueFor(linear, x, kernel, [100, 200]), rows([110, 207], [122, 216]));
    expectTensor(valueFor(linear, x, kernel), rows([10, 7], [22, 16]));
  });

  it("passes dy·kernelᵀ, xᵀ·dy, and dy's column sums to the bias", () => {
    const found = gradientsFor(linear, dy, x, kernel, [100, 200]);
    // the bias: [1 + 100, 10 + 1000]
    expectGradients(
      found,
      rows([1, 20, 13], [100, 2000, 1300]),
      rows([401, 4010], [502, 5020], [603, 6030]),
      [101, 1010],
    );
  });

  it("takes a vector, and any number of leading axes", () => {
    expectTensor(valueFor(linear, [1, 2, 3], kernel, [100, 200]), [110, 207]);
    expectTensor(valueFor(linear, rows(x, x), kernel), rows(rows([10, 7], [22, 16]), rows([10, 7], [22, 16])));
  });

  it("of no rows is no rows, and of no features the bias", () => {
    inFloat64(() => {
      expect(linear(zeros([0, 3]), zeros([3, 2]), zeros([2])).shape).toEqual([0, 2]);
      expectTensor(linear(zeros([2, 0]), zeros([0, 2]), tensor([4, 5])), rows([4, 5], [4, 5]));
      expect(checkGradients(linear, [zeros([0, 3]), zeros([3, 2]), zeros([2])]).error).toBe(0);
    });
  });
});
