// Convolutions by the wasm backend's own way, at sizes for which it takes images a few at a time: against float64.

import {
  conv2d,
  convTranspose2d,
  Random,
  randomNormal,
  type Tensor,
  valueAndGradients,
  withBackend,
} from "@adjoint/core";
import { afterAll, describe, expect, it } from "vitest";
import { createWasmBackend } from "../../src/backends/wasm/index.js";
import { expectWithin, inFloat64, read } from "../support/expectations.js";
import { elementwise, type HostArray, rounded, toTensor } from "../support/host-array.js";

const wasm = await createWasmBackend({ threads: 2 });
afterAll(() => wasm.dispose());

const random = new Random(11);
const drawn = (...shape: number[]): HostArray => rounded(inFloat64(() => read(randomNormal(shape, { random }))));

type Apply = (x: Tensor, kernel: Tensor, bias: Tensor) => Tensor;

/** Value and gradients of an op for fixed weights of its results. */
function outcome(apply: Apply, inputs: readonly HostArray[], weights: HostArray): HostArray[] {
  const [x, kernel, bias] = inputs.map((input) => toTensor(input)) as [Tensor, Tensor, Tensor];
  let y: HostArray | undefined;
  const { gradients } = valueAndGradients(() => {
    const result = apply(x, kernel, bias);
    y = read(result);
    return result.mul(toTensor(weights)).sum();
  }, [x, kernel, bias]);
  return [y as HostArray, ...gradients.map(read)];
}

const cases: readonly [name: string, apply: Apply, inputs: HostArray[], result: number[]][] = [
  [
    "many windows of a few images",
    (x, kernel, bias) => conv2d(x, kernel, { bias, padding: "same" }),
    [drawn(11, 19, 19, 37), drawn(3, 3, 37, 5), drawn(5)],
    [11, 19, 19, 5],
  ],
  [
    "steps and gaps",
    (x, kernel, bias) => conv2d(x, kernel, { bias, stride: [2, 3], dilation: [3, 2], padding: [2, 1] }),
    [drawn(5, 23, 21, 6), drawn(2, 4, 6, 7), drawn(7)],
    [5, 12, 6, 7],
  ],
  [
    "a transposed one",
    (x, kernel, bias) => convTranspose2d(x, kernel, { bias, stride: 2, padding: "same" }),
    [drawn(40, 9, 8, 19), drawn(5, 5, 24, 19), drawn(24)],
    [40, 18, 16, 24],
  ],
  [
    "a kernel of one pixel",
    (x, kernel, bias) => conv2d(x, kernel, { bias }),
    [drawn(3, 7, 5, 12), drawn(1, 1, 12, 9), drawn(9)],
    [3, 7, 5, 9],
  ],
  [
    "a kernel of one pixel, transposed",
    (x, kernel, bias) => convTranspose2d(x, kernel, { bias }),
    [drawn(3, 7, 5, 12), drawn(1, 1, 9, 12), drawn(9)],
    [3, 7, 5, 9],
  ],
  [
    "3×3 in squares",
    (x, kernel, bias) => conv2d(x, kernel, { bias, padding: "same" }),
    [drawn(9, 13, 10, 20), drawn(3, 3, 20, 36), drawn(36)],
    [9, 13, 10, 36],
  ],
  [
    "3×3 in squares, of the pixels that are there",
    (x, kernel, bias) => conv2d(x, kernel, { bias, padding: "valid" }),
    [drawn(2, 6, 11, 16), drawn(3, 3, 16, 16), drawn(16)],
    [2, 4, 9, 16],
  ],
  [
    "3×3 in squares, with wide edges",
    (x, kernel, bias) => conv2d(x, kernel, { bias, padding: [4, 3] }),
    [drawn(2, 5, 4, 16), drawn(3, 3, 16, 20), drawn(20)],
    [2, 11, 8, 20],
  ],
  [
    "3×3 in squares, transposed, many images",
    (x, kernel, bias) => convTranspose2d(x, kernel, { bias, padding: 1 }),
    [drawn(37, 14, 14, 64), drawn(3, 3, 48, 64), drawn(48)],
    [37, 14, 14, 48],
  ],
  [
    "no images in squares",
    (x, kernel, bias) => conv2d(x, kernel, { bias }),
    [drawn(0, 7, 6, 16), drawn(3, 3, 16, 16), drawn(16)],
    [0, 5, 4, 16],
  ],
  [
    "no images",
    (x, kernel, bias) => conv2d(x, kernel, { bias }),
    [drawn(0, 7, 5, 2), drawn(3, 3, 2, 4), drawn(4)],
    [0, 5, 3, 4],
  ],
];

describe("a convolution on wasm, and its gradients", () => {
  it.each(cases)("%s", (_, apply, inputs, shape) => {
    const weights = drawn(...shape);
    const expected = inFloat64(() => outcome(apply, inputs, weights));
    const actual = withBackend(wasm, () => outcome(apply, inputs, weights));
    expected.forEach((wanted, i) => {
      const largest = wanted.data.reduce((size, x) => Math.max(size, Math.abs(x)), 1);
      expectWithin(actual[i] as HostArray, wanted, elementwise(() => 3e-6 * largest)(wanted));
    });
    expect(actual[0]?.shape).toEqual(shape);
  });

  it("leaves no memory behind, and nothing in its inputs", () => {
    const spec = { batch: 3, input: [5, 5], output: [5, 5], kernel: [3, 3], stride: [1, 1], dilation: [1, 1] } as const;
    const whole = { ...spec, before: [1, 1], inChannels: 2, outChannels: 4 } as const;
    const host = [150, 72, 300].map((size) => Float32Array.from({ length: size }, (_, i) => Math.sin(i)));
    const before = wasm.memory();
    const [x, w, y] = host.map((values) => wasm.upload(values)) as [Upload, Upload, Upload];
    const made = [wasm.convolve(x, w, whole), wasm.convolveBack(y, w, whole), wasm.convolveKernel(x, y, whole)];
    expect([x, w, y].map((buffer) => wasm.readSync(buffer))).toEqual(host);
    for (const buffer of [x, w, y, ...made]) wasm.free(buffer);
    expect({ ...wasm.memory(), pages: before.pages }).toEqual(before);
  });
});

type Upload = ReturnType<typeof wasm.upload>;
