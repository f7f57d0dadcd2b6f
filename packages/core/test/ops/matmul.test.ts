// Matrix products: properties on random calls, and values and gradients by hand.

import { type MatmulOptions, matmul, ones, type Tensor, tensor } from "@adjoint/core";
import { checkGradients } from "@adjoint/core/testing";
import { describe, expect, it } from "vitest";
import { describeOps } from "../support/describe-ops.js";
import { expectGradients, expectTensor, gradientsFor, inFloat64, rows, valueFor } from "../support/expectations.js";
import { productCases } from "../support/product-cases.js";

describeOps(productCases);

const a = rows([1, 2, 3], [4, 5, 6]);
const aTransposed = rows([1, 4], [2, 5], [3, 6]);
const b = rows([1, 0], [0, 2], [3, 1]);
const bTransposed = rows([1, 0, 3], [0, 2, 1]);
const dy = rows([1, 10], [100, 1000]);

describe("matmul", () => {
  const times = (x: Tensor, y: Tensor) => matmul(x, y);

  it.each<[string, MatmulOptions, typeof a, typeof b]>([
    ["A·B", {}, a, b],
    ["Aᵀ·B", { transposeA: true }, aTransposed, b],
    ["A·Bᵀ", { transposeB: true }, a, bTransposed],
    ["Aᵀ·Bᵀ", { transposeA: true, transposeB: true }, aTransposed, bTransposed],
  ])("multiplies rows and columns, and passes dy·Bᵀ and Aᵀ·dy, as %s", (_, options, left, right) => {
    const product = (x: Tensor, y: Tensor) => matmul(x, y, options);
    // [1·1 + 3·3, 2·2 + 3·1], [4·1 + 6·3, 5·2 + 6·1]
    expectTensor(valueFor(product, left, right), rows([10, 7], [22, 16]));
    // da = dy·Bᵀ: [1, 2·10, 3·1 + 10], [100, 2·1000, 3·100 + 1000]
    const da = options.transposeA ? rows([1, 100], [20, 2000], [13, 1300]) : rows([1, 20, 13], [100, 2000, 1300]);
    // db = Aᵀ·dy: [1 + 400, 10 + 4000], [2 + 500, 20 + 5000], [3 + 600, 30 + 6000]
    const db = options.transposeB
      ? rows([401, 502, 603], [4010, 5020, 6030])
      : rows([401, 4010], [502, 5020], [603, 6030]);
    expectGradients(gradientsFor(product, dy, left, right), da, db);
  });

  it("multiplies stacks of matrices one by one", () => {
    const stack = rows(rows([1, 2]), rows([3, 4]));
    // [1·5 + 2·6], [3·7 + 4·8]
    expectTensor(valueFor(times, stack, rows(rows([5], [6]), rows([7], [8]))), [[[17]], [[53]]]);
  });

  it("uses one matrix for a whole batch, and adds up its gradient", () => {
    const stack = rows(rows([1, 2]), rows([3, 4]));
    const single = rows([5], [6]);
    expectTensor(valueFor(times, stack, single), [[[17]], [[39]]]);
    // da = [10·5, 10·6], [100·5, 100·6]; db = 10·[1, 2] + 100·[3, 4]
    const found = gradientsFor(times, [[[10]], [[100]]], stack, single);
    expectGradients(found, rows(rows([50, 60]), rows([500, 600])), rows([310], [420]));
    // the same the other way round: [5 6]·[1 2]ᵀ, [5 6]·[3 4]ᵀ
    const flipped = (x: Tensor, y: Tensor) => matmul(x, y, { transposeB: true });
    expectTensor(valueFor(flipped, rows([5, 6]), stack), [[[17]], [[39]]]);
    expectGradients(
      gradientsFor(flipped, [[[10]], [[100]]], rows([5, 6]), stack),
      rows([310, 420]),
      rows(rows([50, 60]), rows([500, 600])),
    );
  });

  it.each([
    [
      [2, 0],
      [0, 3],
      [2, 3],
    ],
    [
      [0, 2],
      [2, 3],
      [0, 3],
    ],
    [
      [2, 3],
      [3, 0],
      [2, 0],
    ],
    [
      [0, 2, 3],
      [3, 4],
      [0, 2, 4],
    ],
    [
      [2, 3],
      [0, 3, 4],
      [0, 2, 4],
    ],
    [
      [5, 2, 0],
      [5, 0, 3],
      [5, 2, 3],
    ],
  ])("of empty %j and %j is %j of zeros, and its gradients fit", (left, right, expected) => {
    inFloat64(() => {
      const y = matmul(ones(left), ones(right));
      expect(y.shape).toEqual(expected);
      expect([...y.dataSync()].every((value) => value === 0)).toBe(true);
      expect(checkGradients(times, [ones(left), ones(right)]).error).toBe(0);
    });
  });

  it("holds for sizes that fit no block: 67×31 by 31×53", () => {
    inFloat64(() => {
      const column = (n: number) => Array.from({ length: n }, (_, i) => i + 1);
      // Σₚ (i·p)(p·j) = i·j·31·32·63/6
      const left = tensor(column(67))
        .reshape([67, 1])
        .mul(tensor(column(31)));
      const right = tensor(column(31))
        .reshape([31, 1])
        .mul(tensor(column(53)));
      const expected = tensor(column(67))
        .reshape([67, 1])
        .mul(tensor(column(53)))
        .mul((31 * 32 * 63) / 6);
      expect(matmul(left, right).dataSync()).toEqual(expected.dataSync());
    });
  });
});
