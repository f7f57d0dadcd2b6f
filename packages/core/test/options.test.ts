// Options that would have been ignored: unknown names, values passed without a name, and values of another kind.

import {
  Adam,
  ArgumentError,
  BatchNorm,
  Conv2d,
  concat,
  Dense,
  Dropout,
  gradients,
  leakyRelu,
  matmul,
  mean,
  ones,
  Random,
  ReLU,
  RMSprop,
  randomNormal,
  softmax,
  sum,
  tensor,
  useBackend,
} from "@adjoint/core";
import { describe, expect, it } from "vitest";

const x = tensor([
  [1, 2],
  [3, 4],
]);
const random = new Random(1);
const dense = () => new Dense(2, 2, { random });

/** What plain JavaScript passes. */
// biome-ignore lint/suspicious/noExplicitAny: an argument that no type allows
const untyped = (value: unknown): any => value;

describe("a name that is not an option", () => {
  it.each<[string, () => unknown]>([
    ['sum: unknown option "axes"; did you mean "axis"?', () => sum(x, untyped({ axes: 1 }))],
    ['sum: unknown option "dim"; did you mean "axis"?', () => sum(x, untyped({ dim: 1 }))],
    ['mean: unknown option "keepdim"; did you mean "keepDims"?', () => mean(x, untyped({ axis: 0, keepdim: true }))],
    ['sum: unknown option "keep_dims"; did you mean "keepDims"?', () => sum(x, untyped({ keep_dims: true }))],
    ['sum: unknown option "axsi"; did you mean "axis"?', () => x.sum(untyped({ axsi: 0 }))],
    ['sum: unknown option "colour"; known are axis, keepDims', () => sum(x, untyped({ colour: 0 }))],
    ['sum: unknown option "constructor"; known are axis, keepDims', () => sum(x, untyped({ constructor: 0 }))],
    [
      'Adam: unknown option "lr"; did you mean "learningRate"?',
      () => new Adam(dense().parameters(), untyped({ lr: 0.1 })),
    ],
    [
      'Adam: unknown option "betas"; did you mean "beta1" and "beta2"?',
      () => new Adam(dense().parameters(), untyped({ betas: [0.5, 0.9] })),
    ],
    [
      'Adam: unknown option "weight_decay"; add the penalty to the loss',
      () => new Adam(dense().parameters(), untyped({ weight_decay: 0.1 })),
    ],
    [
      'RMSprop: unknown option "alpha"; did you mean "decay"?',
      () => new RMSprop(dense().parameters(), untyped({ alpha: 0.1 })),
    ],
    ['leakyRelu: unknown option "alpha"; did you mean "negativeSlope"?', () => leakyRelu(x, untyped({ alpha: 0.1 }))],
    [
      'Dense: unknown option "useBias"; did you mean "bias"?',
      () => new Dense(2, 3, untyped({ random, useBias: false })),
    ],
    [
      'Dense: unknown option "units"; sizes come first: new Dense(inFeatures, outFeatures, { … })',
      () => new Dense(2, 3, untyped({ random, units: 4 })),
    ],
    [
      'Conv2d: unknown option "strides"; did you mean "stride"?',
      () => new Conv2d(1, 2, 3, untyped({ random, strides: 2 })),
    ],
    ['BatchNorm: unknown option "eps"; did you mean "epsilon"?', () => new BatchNorm(2, untyped({ eps: 0.1 }))],
    ['Dropout: unknown option "seed"; did you mean "random"?', () => new Dropout(0.5, untyped({ seed: 1 }))],
    [
      'tensor: unknown option "requires_grad"; did you mean "requiresGradient"?',
      () => tensor([1], untyped({ requires_grad: true })),
    ],
    ['Module: unknown option "inplace"; known are name', () => new ReLU(untyped({ inplace: true }))],
    [
      'minimize: unknown option "allowUnsed"; did you mean "allowUnused"?',
      () => new Adam(dense().parameters()).minimize(() => sum(x), untyped({ allowUnsed: true })),
    ],
  ])("%s", (message, call) => {
    expect(call).toThrow(ArgumentError);
    expect(call).toThrow(message);
  });

  it("is refused by useBackend, before anything is started", async () => {
    await expect(useBackend("wasm", untyped({ thread: 2 }))).rejects.toThrow(
      'useBackend: unknown option "thread"; did you mean "threads"?',
    );
  });
});

describe("options that are no object", () => {
  it.each<[string, () => unknown]>([
    ["sum: options must be an object, got 0; did you mean sum(…, { axis: 0 })?", () => sum(x, untyped(0))],
    ["sum: options must be an object, got 0; did you mean sum(…, { axis: 0 })?", () => x.sum(untyped(0))],
    [
      "mean: options must be an object, got [0,1]; did you mean mean(…, { axis: [0,1] })?",
      () => mean(x, untyped([0, 1])),
    ],
    ["softmax: options must be an object, got 0; did you mean softmax(…, { axis: 0 })?", () => softmax(x, untyped(0))],
    [
      "concat: options must be an object, got 1; did you mean concat(…, { axis: 1 })?",
      () => concat([x, x], untyped(1)),
    ],
    [
      "leakyRelu: options must be an object, got 0.2; did you mean leakyRelu(…, { negativeSlope: 0.2 })?",
      () => leakyRelu(x, untyped(0.2)),
    ],
    [
      "matmul: options must be an object, got true; did you mean matmul(…, { transposeA: true })?",
      () => matmul(x, x, untyped(true)),
    ],
    [
      "Adam: options must be an object, got 0.001; did you mean new Adam(…, { learningRate: 0.001 })?",
      () => new Adam(dense().parameters(), untyped(0.001)),
    ],
    [
      'ones: options must be an object, got "float32"; did you mean ones(…, { dtype: "float32" })?',
      () => ones([2], untyped("float32")),
    ],
    ["sum: options must be an object, got null", () => sum(x, untyped(null))],
    ["sum: options must be an object, got an object (Tensor)", () => sum(x, untyped(x))],
    ["sum: options must be an object, got an object (Map)", () => sum(x, untyped(new Map([["axis", 0]])))],
    [
      "sum: options must be an object, got a function",
      () =>
        sum(
          x,
          untyped(() => 0),
        ),
    ],
    ["sum: options must be an object, got a symbol", () => sum(x, untyped(Symbol("axis")))],
    ["gradients: options must be an object, got null", () => gradients(sum(x), [x], untyped(null))],
    ["randomNormal: options must be an object, got an object (Random)", () => randomNormal([2], untyped(random))],
  ])("%s", (message, call) => {
    expect(call).toThrow(ArgumentError);
    expect(call).toThrow(message);
  });
});

describe("an option of another kind", () => {
  it.each<[string, () => unknown]>([
    ['sum: axis must be a number or an array of numbers, got "0"', () => sum(x, { axis: untyped("0") })],
    ["sum: axis must be a number or an array of numbers, got null", () => sum(x, { axis: untyped(null) })],
    ["sum: keepDims must be true or false, got 1", () => sum(x, { keepDims: untyped(1) })],
    ['Dense: bias must be true or false, got "no"', () => new Dense(2, 2, { random, bias: untyped("no") })],
    [
      "Dense: random must be a generator, as new Random(seed), got undefined",
      () => new Dense(2, 2, untyped(undefined)),
    ],
    ["Dense: random must be a generator, as new Random(seed), got 1", () => new Dense(2, 2, { random: untyped(1) })],
    [
      'Adam: learningRate must be a number in [0, Infinity), got "0.1"',
      () => new Adam(dense().parameters(), { learningRate: untyped("0.1") }),
    ],
  ])("%s", (message, call) => {
    expect(call).toThrow(ArgumentError);
    expect(call).toThrow(message);
  });
});

describe("options that are taken", () => {
  it("undefined stands for the default, for one and for all", () => {
    expect(sum(x, untyped(undefined)).itemSync()).toBe(10);
    expect(sum(x, untyped({ axis: undefined, keepDims: undefined })).itemSync()).toBe(10);
  });

  it("an object without a prototype, one with inherited options, and one of a class", () => {
    const bare: unknown = Object.assign(Object.create(null), { axis: 0 });
    expect(sum(x, untyped(bare)).dataSync()).toEqual(new Float32Array([4, 6]));
    expect(sum(x, untyped(Object.create({ axis: 0 }))).dataSync()).toEqual(new Float32Array([4, 6]));
    class Settings {
      readonly axis = 0;
    }
    expect(sum(x, new Settings()).dataSync()).toEqual(new Float32Array([4, 6]));
  });
});
