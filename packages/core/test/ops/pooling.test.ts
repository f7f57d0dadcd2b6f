// Pooling and upsampling: properties on random calls, values by hand, and what is refused.

import { averagePool2d, maxPool2d, type Tensor, tensor, upSample, zeros } from "@adjoint/core";
import { describe, expect, it } from "vitest";
import { describeOps } from "../support/describe-ops.js";
import { expectGradients, expectTensor, gradientsFor, inFloat64, valueFor } from "../support/expectations.js";
import { imageCases } from "../support/image-cases.js";

describeOps(imageCases.filter(({ op }) => !op.startsWith("conv")));

const image = [
  [
    [[1], [5], [2]],
    [[5], [3], [2]],
  ],
];

describe("maxPool2d", () => {
  const pool = (x: Tensor) => maxPool2d(x, 2, { stride: 1 });

  it("takes the largest of each window, and passes dy to the first of equal ones", () => {
    expectTensor(valueFor(pool, image), [[[[5], [5]]]]);
    // of the 5 in the first row and the 5 in the second, the one in the first row comes first in both windows
    expectGradients(gradientsFor(pool, [[[[10], [100]]]], image), [
      [
        [[0], [110], [0]],
        [[0], [0], [0]],
      ],
    ]);
  });

  it("never takes what lies outside of the image", () => {
    const padded = (x: Tensor) => maxPool2d(x, 2, { stride: 2, padding: 1 });
    expectTensor(
      valueFor(padded, [
        [
          [[-1], [-2]],
          [[-3], [-4]],
        ],
      ]),
      [
        [
          [[-1], [-2]],
          [[-3], [-4]],
        ],
      ],
    );
  });

  it("of a window with NaN is NaN", () => {
    expect(
      valueFor(pool, [
        [
          [[1], [Number.NaN]],
          [[2], [3]],
        ],
      ]).itemSync(),
    ).toBeNaN();
  });
});

describe("averagePool2d", () => {
  it("divides by the cells inside of the image", () => {
    const pool = (x: Tensor) =>
      averagePool2d(x, 2, {
        padding: [
          [1, 0],
          [0, 1],
        ],
      });
    expectTensor(
      valueFor(pool, [
        [
          [[1], [2], [6]],
          [[3], [4], [8]],
          [[5], [6], [1]],
        ],
      ]),
      [
        [
          [[1.5], [6]],
          [[4.5], [4.5]],
        ],
      ],
    );
    // each cell of a window of n gets dy / n
    expectGradients(
      gradientsFor(
        pool,
        [
          [
            [[2], [3]],
            [[4], [6]],
          ],
        ],
        zerosOf(3),
      ),
      [
        [
          [[1], [1], [3]],
          [[1], [1], [3]],
          [[1], [1], [3]],
        ],
      ],
    );
  });
});

describe("upSample", () => {
  it("repeats each pixel, and adds up the gradients of its copies", () => {
    const x = [[[[1], [2]]]];
    const twice = (t: Tensor) => upSample(t);
    expectTensor(valueFor(twice, x), [
      [
        [[1], [1], [2], [2]],
        [[1], [1], [2], [2]],
      ],
    ]);
    expectGradients(
      gradientsFor(
        twice,
        [
          [
            [[1], [2], [3], [4]],
            [[10], [20], [30], [40]],
          ],
        ],
        x,
      ),
      [[[[33], [77]]]],
    );
  });
});

describe("what is refused", () => {
  it("says what is wrong", () => {
    inFloat64(() => {
      const x = zeros([1, 4, 4, 1]);
      expect(() => maxPool2d(zeros([4, 4, 1]), 2)).toThrow(
        "maxPool2d: takes images [batch,height,width,channels], got [4,4,1]",
      );
      expect(() => maxPool2d(x, 0)).toThrow("maxPool2d: size must be a whole number ≥ 1, or two of them, got 0");
      expect(() => averagePool2d(x, 5)).toThrow("averagePool2d: a window of [5,5] does not fit into an image of [4,4]");
      expect(() => averagePool2d(x, 2, { padding: 2 })).toThrow(
        "averagePool2d: with this padding a window of [2,2] sees nothing of an image",
      );
      expect(() => upSample(x, 1.5)).toThrow(
        "upSample: the factor must be a whole number ≥ 1, or two of them, got 1.5",
      );
      expect(() => upSample(tensor([1]))).toThrow("upSample: takes images [batch,height,width,channels], got [1]");
    });
  });
});

function zerosOf(size: number) {
  return [Array.from({ length: size }, () => Array.from({ length: size }, () => [0]))];
}
