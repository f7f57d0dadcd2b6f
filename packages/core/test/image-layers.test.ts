// What the layers of image networks compute, start from, keep and refuse.

import {
  Adam,
  AveragePool2d,
  BatchNorm,
  Conv2d,
  ConvTranspose2d,
  Dense,
  Embedding,
  gradients,
  type Initializer,
  LayerNorm,
  LeakyReLU,
  MaxPool2d,
  ones,
  Parameter,
  Random,
  randomNormal,
  Sequential,
  type Tensor,
  tensor,
  UpSample,
  useBackend,
  Variable,
  withFrozen,
  zeros,
} from "@adjoint/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const random = () => new Random(7);
const values = (x: Tensor) => Array.from(x.dataSync());

beforeAll(async () => {
  await useBackend("reference:float64");
});

afterAll(async () => {
  await useBackend("reference");
});

describe("Conv2d and ConvTranspose2d", () => {
  it("make images of their sizes, from kernels as Keras lays them out", () => {
    const down = new Conv2d(3, 8, [3, 5], { random: random(), stride: 2, padding: "same" });
    expect(down.kernel.shape).toEqual([3, 5, 3, 8]);
    expect(down.apply(zeros([2, 7, 8, 3])).shape).toEqual([2, 4, 4, 8]);
    const up = new ConvTranspose2d(8, 3, [3, 5], { random: random(), stride: 2, padding: "same" });
    expect(up.kernel.shape).toEqual([3, 5, 3, 8]);
    expect(up.apply(zeros([2, 4, 4, 8])).shape).toEqual([2, 8, 8, 3]);
    const open = new ConvTranspose2d(4, 4, 3, { random: random(), stride: 2, padding: 1, outputPadding: 1, groups: 2 });
    expect(open.kernel.shape).toEqual([3, 3, 2, 4]);
    expect(open.apply(zeros([1, 4, 4, 4])).shape).toEqual([1, 8, 8, 4]);
  });

  it("add their bias, or have none", () => {
    const layer = new Conv2d(1, 2, 1, { random: random(), biasInitializer: ({ shape }) => ones(shape) });
    expect(values(layer.apply(zeros([1, 1, 1, 1])))).toEqual([1, 1]);
    expect([...new Conv2d(1, 2, 1, { random: random(), bias: false }).namedParameters().keys()]).toEqual(["kernel"]);
  });

  it("tell initializers how many inputs and outputs a unit has", () => {
    const seen: unknown[] = [];
    const kernelInitializer: Initializer = ({ shape, fanIn, fanOut }) => {
      seen.push({ shape, fanIn, fanOut });
      return zeros(shape);
    };
    new Conv2d(4, 6, [2, 3], { random: random(), groups: 2, kernelInitializer });
    new ConvTranspose2d(4, 6, [2, 3], { random: random(), groups: 2, kernelInitializer });
    expect(seen).toEqual([
      { shape: [2, 3, 2, 6], fanIn: 12, fanOut: 18 },
      { shape: [2, 3, 3, 4], fanIn: 12, fanOut: 18 },
    ]);
  });

  it("refuse channels that groups do not divide, and sizes that are no whole numbers", () => {
    expect(() => new Conv2d(3, 4, 3, { random: random(), groups: 2 })).toThrow(
      "Conv2d: channels must be whole numbers ≥ 1 that the groups divide, got 3 → 4 in 2 groups",
    );
    expect(() => new ConvTranspose2d(3, 0, 3, { random: random() })).toThrow("got 3 → 0 in 1 groups");
    expect(() => new Conv2d(3, 4, 0, { random: random() })).toThrow(
      "Conv2d: kernelSize must be a whole number ≥ 1, or two of them, got 0",
    );
  });

  it("learn: a deep network of them fits a few images", () => {
    const options = { random: random(), padding: "same" as const, stride: 2 };
    const model = new Sequential([
      new Conv2d(1, 4, 3, options),
      new BatchNorm(4),
      new LeakyReLU(),
      new ConvTranspose2d(4, 1, 3, options),
    ]);
    const x = randomNormal([4, 4, 4, 1], { random: random() });
    const optimizer = new Adam(model.parameters(), { learningRate: 0.05 });
    const loss = () => optimizer.minimize(() => model.apply(x).sub(x.mul(0.5)).square().mean()).itemSync();
    const first = loss();
    for (let step = 0; step < 30; step++) loss();
    expect(loss()).toBeLessThan(first / 2);
  });
});

describe("the layers without parameters", () => {
  it("pool and repeat", () => {
    const x = tensor([1, 2, 3, 4], { shape: [1, 2, 2, 1] });
    expect(values(new MaxPool2d().apply(x))).toEqual([4]);
    expect(values(new AveragePool2d().apply(x))).toEqual([2.5]);
    expect(values(new MaxPool2d({ size: [1, 2], stride: 1 }).apply(x))).toEqual([2, 4]);
    expect(values(new UpSample([1, 2]).apply(x))).toEqual([1, 1, 2, 2, 3, 3, 4, 4]);
    expect(() => new UpSample(0)).toThrow("UpSample: the factor must be a whole number ≥ 1, or two of them, got 0");
    expect(() => new MaxPool2d({ size: 0 })).toThrow("MaxPool2d: size must be a whole number ≥ 1");
  });
});

describe("BatchNorm", () => {
  const batch = () => tensor([1, 3, 5, 7], { shape: [4, 1] });
  const trained = () => {
    const layer = new BatchNorm(1, { momentum: 0.5, epsilon: 0 });
    layer.apply(batch());
    return layer;
  };

  it.each([
    [0, 2],
    [0, 3, 3, 2],
    [4, 0, 2],
  ])("leaves its statistics as they are for an empty batch [%j, …]", (...shape) => {
    const layer = new BatchNorm(2);
    const y = layer.apply(zeros(shape));
    expect(y.shape).toEqual(shape);
    expect([...layer.runningMean.dataSync()]).toEqual([0, 0]);
    expect([...layer.runningVariance.dataSync()]).toEqual([1, 1]);
    const [scale] = gradients(y.sum(), [layer.scale as Parameter]);
    expect([...scale.dataSync()]).toEqual([0, 0]);
  });

  it("takes mean and variance from the batch in training, and follows them", () => {
    const layer = new BatchNorm(1, { momentum: 0.5, epsilon: 0 });
    expect(layer.statistics).toBe("batch");
    expect(values(layer.apply(batch()))).toEqual([-3, -1, 1, 3].map((x) => x / Math.sqrt(5)));
    // (0 + 4)/2, and (1 + 20/3)/2: the variance without bias
    expect(values(layer.runningMean)).toEqual([2]);
    expect(values(layer.runningVariance)[0]).toBeCloseTo((1 + 20 / 3) / 2, 14);
  });

  it("takes the running ones in evaluation, and leaves them alone", () => {
    const layer = trained().eval();
    layer.runningVariance.assign(tensor([4]));
    expect(layer.statistics).toBe("running");
    expect(values(layer.apply(batch()))).toEqual([-0.5, 0.5, 1.5, 2.5]);
    expect(values(layer.apply(tensor([4], { shape: [1, 1] })))).toEqual([1]);
    expect([values(layer.runningMean), values(layer.runningVariance)]).toEqual([[2], [4]]);
  });

  it("does in training, where it is frozen, what it does in evaluation, and says so", () => {
    const model = new Sequential([new Dense(2, 3, { random: random() }), new BatchNorm(3)], { name: "critic" });
    const layer = model.layers[1] as BatchNorm;
    const x = randomNormal([8, 2], { random: random() });
    model.apply(x);
    const before = [values(layer.runningMean), values(layer.runningVariance)];
    const inEvaluation = values(model.eval().apply(x));
    model.train();
    withFrozen(model, () => {
      expect(layer.statistics).toBe("running");
      expect(layer.note).toBe("frozen: running statistics");
      expect(model.summary([2])).toContain("BatchNorm, frozen: running statistics");
      expect(values(model.apply(x))).toEqual(inEvaluation);
    });
    expect([values(layer.runningMean), values(layer.runningVariance)]).toEqual(before);
    expect(layer.statistics).toBe("batch");
    expect(model.summary([2])).not.toContain("running statistics");
    expect(model.eval().summary([2])).toContain("BatchNorm, eval: running statistics");
  });

  it("trains on with one of its parameters frozen, and without parameters always in training", () => {
    const layer = new BatchNorm(1);
    layer.scale?.freeze();
    expect(layer.statistics).toBe("batch");
    expect(new BatchNorm(1, { scale: false, offset: false }).freeze().statistics).toBe("batch");
  });

  it("hands gradients through where it is frozen, with a factor for each channel", () => {
    const layer = trained();
    layer.runningVariance.assign(tensor([4]));
    const x = tensor([1, 2], { shape: [2, 1], requiresGradient: true });
    withFrozen(layer, () => {
      expect(values(gradients(layer.apply(x).sum(), [x])[0])).toEqual([0.5, 0.5]);
    });
  });

  it("keeps its statistics in the state dictionary, not among the parameters", () => {
    const layer = trained();
    expect([...layer.namedParameters().keys()]).toEqual(["scale", "offset"]);
    expect([...layer.namedVariables().keys()]).toEqual(["scale", "offset", "runningMean", "runningVariance"]);
    expect(layer.runningMean).toBeInstanceOf(Variable);
    expect(layer.runningMean).not.toBeInstanceOf(Parameter);
    const state = layer.stateDict();
    const other = new BatchNorm(1);
    other.loadStateDict(state);
    expect(values(other.runningMean)).toEqual([2]);
    expect(() => other.loadStateDict(new Map([...state].slice(0, 3)))).toThrow("missing: runningVariance");
    expect(layer.parameterCount().total).toBe(2);
    const model = new Sequential([layer], { name: "model" });
    model.namedVariables();
    expect(layer.runningMean.label).toBe('the variable "model.0.runningMean"');
  });

  it("refuses other channels, and options out of range", () => {
    expect(() => new BatchNorm(3).apply(zeros([2, 4]))).toThrow(
      "BatchNorm: takes […,3] of at least two axes, got [2,4]",
    );
    expect(() => new BatchNorm(0)).toThrow("BatchNorm: the channels must be a whole number ≥ 1, got 0");
    expect(() => new BatchNorm(1, { momentum: 2 })).toThrow("BatchNorm: momentum must be a number in [0, 1], got 2");
    expect(() => new LayerNorm(1, { epsilon: -1 })).toThrow(
      "LayerNorm: epsilon must be a number in [0, Infinity), got -1",
    );
    expect(() => new BatchNorm(2).apply(zeros([1, 2]))).toThrow("batchNorm: needs more than one value a channel");
  });
});

describe("LayerNorm", () => {
  it("standardizes each vector, with parameters or without", () => {
    const layer = new LayerNorm(2, { epsilon: 0 });
    layer.offset?.assign(tensor([10, 20]));
    expect(values(layer.apply(tensor([[1, 3]])))).toEqual([9, 21]);
    expect(new LayerNorm(2, { scale: false, offset: false }).parameters()).toEqual([]);
  });
});

describe("Embedding", () => {
  it("looks up vectors by number, and gives the gradient to those that were used", () => {
    const layer = new Embedding(3, 2, { random: random() });
    expect(Math.max(...values(layer.kernel).map(Math.abs))).toBeLessThanOrEqual(0.05);
    layer.kernel.assign(
      tensor([
        [1, 2],
        [3, 4],
        [5, 6],
      ]),
    );
    const found = layer.apply(tensor([[2, 0]]));
    expect([found.shape, values(found)]).toEqual([
      [1, 2, 2],
      [5, 6, 1, 2],
    ]);
    expect(values(layer.look([1]))).toEqual([3, 4]);
    const [dKernel] = gradients(layer.look([2, 0, 2]).sum(), [layer.kernel]);
    expect(values(dKernel)).toEqual([1, 1, 0, 0, 2, 2]);
  });

  it("refuses numbers that it has no vector for, and sizes that are none", () => {
    expect(() => new Embedding(3, 2, { random: random() }).look([3])).toThrow("gather: index 0 is 3");
    expect(() => new Embedding(0, 2, { random: random() })).toThrow(
      "Embedding: sizes must be whole numbers ≥ 1, got 0 × 2",
    );
  });
});
