// Convolutions and their transposes: properties on random calls, values by hand, and what is refused.

import { conv2d, convTranspose2d, maxPool2d, ones, type Tensor, tensor, withBackend, zeros } from "@adjoint/core";
import { checkGradients } from "@adjoint/core/testing";
import { describe, expect, it } from "vitest";
import { describeOps } from "../support/describe-ops.js";
import { expectGradients, expectTensor, gradientsFor, inFloat64, valueFor } from "../support/expectations.js";
import { imageCases } from "../support/image-cases.js";
import { StrictBackend } from "../support/strict-backend.js";

describeOps(imageCases.filter(({ op }) => op.startsWith("conv")));

const convolve = (x: Tensor, w: Tensor) => conv2d(x, w);
const spread = (x: Tensor, w: Tensor) => convTranspose2d(x, w);

/** [1, 2, 3, 1]: 1 2 3 above 4 5 6. */
const image = [
  [
    [[1], [2], [3]],
    [[4], [5], [6]],
  ],
];
/** [2, 2, 1, 1]: 1 10 above 100 1000. */
const kernel = [
  [[[1]], [[10]]],
  [[[100]], [[1000]]],
];

describe("conv2d", () => {
  it("multiplies windows by the kernel, which is not flipped", () => {
    // 1 + 20 + 400 + 5000, 2 + 30 + 500 + 6000
    expectTensor(valueFor(convolve, image, kernel), [[[[5421], [6532]]]]);
  });

  it("passes dy·kernel to the pixels and dy·pixels to the kernel", () => {
    const found = gradientsFor(convolve, [[[[1], [2]]]], image, kernel);
    expectGradients(
      found,
      [
        [
          [[1], [10 + 2], [20]],
          [[100], [1000 + 200], [2000]],
        ],
      ],
      [
        [[[1 + 4]], [[2 + 6]]],
        [[[4 + 10]], [[5 + 12]]],
      ],
    );
  });

  it("adds a bias to each output channel", () => {
    const wide = [[[[1, 2]]]];
    const apply = (x: Tensor, w: Tensor, bias: Tensor) => conv2d(x, w, { bias });
    expectTensor(valueFor(apply, [[[[3]]]], wide, [10, 20]), [[[[13, 26]]]]);
  });

  it.each([
    [4, 3, 2, [0, 1]],
    [5, 3, 2, [1, 1]],
    [5, 2, 1, [0, 1]],
    [3, 1, 2, [0, 0]],
  ] as const)('"same" pads %i pixels for a kernel of %i and a stride of %i by %j', (size, cells, stride, amounts) => {
    inFloat64(() => {
      const x = tensor(Array.from({ length: size }, (_, i) => i + 1)).reshape([1, size, 1, 1]);
      const w = tensor(Array.from({ length: cells }, (_, i) => 10 ** i)).reshape([cells, 1, 1, 1]);
      const same = conv2d(x, w, { stride: [stride, 1], padding: "same" });
      expect(same.shape).toEqual([1, Math.ceil(size / stride), 1, 1]);
      const padding = [amounts, [0, 0]] as const;
      expect(same.dataSync()).toEqual(conv2d(x, w, { stride: [stride, 1], padding }).dataSync());
    });
  });

  it("of no images is no images, and its gradients fit", () => {
    inFloat64(() => {
      expect(conv2d(zeros([0, 4, 4, 2]), zeros([3, 3, 2, 5])).shape).toEqual([0, 2, 2, 5]);
      expect(checkGradients(convolve, [zeros([0, 4, 4, 2]), zeros([3, 3, 2, 1])]).error).toBe(0);
    });
  });

  it("refuses what does not go together, and says what", () => {
    const refuse = (shape: number[], weights: number[], options = {}) =>
      expect(() => inFloat64(() => conv2d(zeros(shape), zeros(weights), options)));
    refuse([4, 4, 2], [3, 3, 2, 1]).toThrow(
      "conv2d: takes images [batch,height,width,channels] and a kernel of 4 axes, got [4,4,2] × [3,3,2,1]",
    );
    refuse([1, 4, 4, 2], [3, 3, 3, 1]).toThrow("conv2d: channels do not go together in 1 group: [1,4,4,2] × [3,3,3,1]");
    refuse([1, 4, 4, 4], [3, 3, 2, 3], { groups: 2 }).toThrow("in 2 groups: [1,4,4,4] × [3,3,2,3]");
    refuse([1, 2, 4, 2], [3, 3, 2, 1]).toThrow(
      "conv2d: a window of [3,3] does not fit into an image of [2,4], padding included",
    );
    refuse([1, 4, 4, 2], [3, 3, 2, 1], { dilation: 2 }).toThrow("a window of [5,5] does not fit");
    refuse([1, 4, 4, 2], [0, 3, 2, 1]).toThrow("conv2d: the kernel [0,3,2,1] has no elements");
    refuse([1, 4, 4, 2], [3, 3, 2, 1], { stride: 0 }).toThrow(
      "conv2d: stride must be a whole number ≥ 1, or two of them, got 0",
    );
    refuse([1, 4, 4, 2], [3, 3, 2, 1], { padding: -1 }).toThrow("conv2d: padding must be a whole number ≥ 0");
    refuse([1, 4, 4, 2], [3, 3, 2, 1], { padding: "full" }).toThrow(
      'padding must be "valid", "same" or numbers, got "full"',
    );
    refuse([1, 4, 4, 2], [3, 3, 2, 1], { groups: 1.5 }).toThrow("conv2d: groups must be a whole number ≥ 1, got 1.5");
    expect(() => inFloat64(() => conv2d(zeros([1, 4, 4, 2]), zeros([3, 3, 2, 5]), { bias: zeros([4]) }))).toThrow(
      "conv2d: the bias must be [5], got [4]",
    );
  });
});

describe("convTranspose2d", () => {
  it("puts the kernel, times the pixel, at each pixel's place", () => {
    const apart = (x: Tensor, w: Tensor) => convTranspose2d(x, w, { stride: 2 });
    expectTensor(valueFor(apart, [[[[1], [2]]]], kernel), [
      [
        [[1], [10], [2], [20]],
        [[100], [1000], [200], [2000]],
      ],
    ]);
    // where windows overlap they are added
    expectTensor(valueFor(spread, [[[[1], [2]]]], kernel), [
      [
        [[1], [12], [20]],
        [[100], [1200], [2000]],
      ],
    ]);
  });

  it('makes size·stride of "same", and zeros where a small kernel leaves room', () => {
    const same = (x: Tensor, w: Tensor) => convTranspose2d(x, w, { stride: [1, 3], padding: "same" });
    expectTensor(valueFor(same, [[[[1], [2]]]], [[[[7]]]]), [[[[7], [0], [0], [14], [0], [0]]]]);
  });

  it("takes a convolution's output back to the size of its input", () => {
    inFloat64(() => {
      const w = zeros([3, 3, 2, 4]);
      for (const size of [7, 8]) {
        const options = { stride: 2, padding: 1 };
        const y = conv2d(zeros([1, size, size, 2]), w, options);
        expect(y.shape).toEqual([1, 4, 4, 4]);
        expect(convTranspose2d(y, w, { ...options, outputPadding: size - 7 }).shape).toEqual([1, size, size, 2]);
      }
    });
  });

  it("refuses what does not go together, and says what", () => {
    const refuse = (shape: number[], weights: number[], options = {}) =>
      expect(() => inFloat64(() => convTranspose2d(zeros(shape), zeros(weights), options)));
    refuse([1, 4, 4, 2], [3, 3, 2, 1]).toThrow("convTranspose2d: channels do not go together in 1 group");
    refuse([1, 4, 4, 2], [3, 3, 1, 2], { stride: 2, outputPadding: 2 }).toThrow(
      "convTranspose2d: outputPadding must be below the stride, got 2,2 and 2,2",
    );
    refuse([1, 4, 4, 2], [3, 3, 1, 2], { stride: 2, padding: "same", outputPadding: 1 }).toThrow(
      'outputPadding does not go with padding "same"',
    );
    refuse([1, 1, 1, 2], [3, 3, 1, 2], { padding: 2 }).toThrow(
      "convTranspose2d: images of [1,1] would become images of [-1,-1]",
    );
  });
});

describe("what is computed by windows", () => {
  it("keeps nothing but its result, the windows least of all", () => {
    const strict = new StrictBackend();
    withBackend(strict, () => {
      const [x, w, bias] = [ones([2, 5, 5, 2]), ones([3, 3, 2, 2]), ones([2])];
      const before = strict.live.size;
      const options = { bias, padding: 1, stride: 2, groups: 1 };
      const made = [conv2d(x, w, options), convTranspose2d(x, w, options), maxPool2d(x, 3, { padding: 1 })];
      expect(strict.live.size).toBe(before + made.length);
    });
  });
});
