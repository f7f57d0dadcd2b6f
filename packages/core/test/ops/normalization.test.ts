// Batch and layer normalization: properties on random calls, values by hand, and what is refused.

import { batchNorm, layerNorm, type Tensor, zeros } from "@adjoint/core";
import { describe, expect, it } from "vitest";
import { describeOps } from "../support/describe-ops.js";
import { expectGradients, expectTensor, gradientsFor, inFloat64, rows, valueFor } from "../support/expectations.js";
import { normalizationCases } from "../support/image-cases.js";

describeOps(normalizationCases);

describe("batchNorm", () => {
  // ±3 and ±1 around the means 4 and 0; with ε the variances are 16 and 8
  const x = rows([1, -1], [7, 1]);
  const apply = (t: Tensor, scale: Tensor, offset: Tensor) => batchNorm(t, { scale, offset, epsilon: 7 });

  it("makes each channel's mean 0 and variance 1, then scales and moves", () => {
    const root = Math.sqrt(8);
    expectTensor(valueFor(apply, x, [8, root], [100, 0]), rows([94, -1], [106, 1]));
  });

  it("passes sums over the batch to scale and offset, and to x what a change of mean and deviation leaves", () => {
    const [dx, scale, offset] = gradientsFor(apply, rows([1, 0], [3, 0]), x, [8, 1], [0, 0]);
    // scale: −3/4 + 3·3/4; x: (8/4)(dy − 2 ∓ (3/4)·0.75), where 0.75 is the mean of dy times the standardized x
    expectGradients([scale as Tensor, offset as Tensor], [1.5, 0], [4, 0]);
    expectGradients([dx as Tensor], rows([2 * (-1 + 0.5625), 0], [2 * (1 - 0.5625), 0]));
  });

  it("refuses a batch of one value a channel, and what does not fit", () => {
    inFloat64(() => {
      expect(() => batchNorm(zeros([1, 3]))).toThrow(
        "batchNorm: needs more than one value a channel, got [1,3]; outside of training, eval()",
      );
      expect(() => batchNorm(zeros([2, 3]), { scale: zeros([2]) })).toThrow(
        "batchNorm: the scale must be [3], got [2]",
      );
      expect(() => layerNorm(zeros([2, 3]), { offset: zeros([3, 1]) })).toThrow(
        "layerNorm: the offset must be [3], got [3,1]",
      );
      expect(() => layerNorm(zeros([]))).toThrow("layerNorm: needs a tensor of at least one axis, got a scalar");
      expect(() => layerNorm(zeros([2]), { epsilon: -1 })).toThrow("layerNorm: epsilon must be a number ≥ 0, got -1");
    });
  });
});

describe("layerNorm", () => {
  it("makes each vector's mean 0 and variance 1", () => {
    const apply = (x: Tensor, scale: Tensor, offset: Tensor) => layerNorm(x, { scale, offset, epsilon: 7 });
    expectTensor(valueFor(apply, rows([1, 7], [2, 2]), [4, 8], [0, 1]), rows([-3, 7], [0, 1]));
  });
});
