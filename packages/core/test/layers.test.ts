// What each layer computes, starts from and refuses.

import {
  Dense,
  Dropout,
  Flatten,
  full,
  glorotNormal,
  glorotUniform,
  heNormal,
  heUniform,
  type Initializer,
  LeakyReLU,
  ones,
  type Parameter,
  Random,
  ReLU,
  Reshape,
  Sequential,
  Sigmoid,
  Softmax,
  Tanh,
  type Tensor,
  tensor,
  useBackend,
  valueAndGradients,
  zeros,
  zerosInitializer,
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

describe("Dense", () => {
  it("computes x · kernel + bias, or without bias, over the last axis", () => {
    const layer = new Dense(2, 3, { random: random() });
    layer.kernel.assign(
      tensor([
        [1, 2, 3],
        [4, 5, 6],
      ]),
    );
    layer.bias?.assign(tensor([10, 20, 30]));
    expect(values(layer.apply(tensor([[1, -1]])))).toEqual([7, 17, 27]);
    expect(layer.apply(zeros([5, 4, 2])).shape).toEqual([5, 4, 3]);
    const bare = new Dense(2, 3, { random: random(), bias: false });
    expect(bare.bias).toBeUndefined();
    expect([...bare.namedParameters().keys()]).toEqual(["kernel"]);
    bare.kernel.assign(layer.kernel);
    expect(values(bare.apply(tensor([[1, -1]])))).toEqual([-3, -3, -3]);
    const { gradients: found } = valueAndGradients(() => bare.apply(tensor([[1, -1]])).sum(), bare.parameters());
    expect(found.map(values)).toEqual([[1, 1, 1, -1, -1, -1]]);
  });

  it("starts from Glorot's kernel and no bias, or from the initializers it is given", () => {
    const layer = new Dense(3, 5, { random: random() });
    expect(values(layer.kernel)).toEqual(
      values(glorotUniform({ shape: [3, 5], fanIn: 3, fanOut: 5, random: random() })),
    );
    expect(values(layer.bias as Parameter)).toEqual([0, 0, 0, 0, 0]);
    const context: unknown[] = [];
    const spy: Initializer = ({ shape, fanIn, fanOut }) => {
      context.push({ shape, fanIn, fanOut });
      return ones(shape);
    };
    const given = new Dense(3, 5, { random: random(), kernelInitializer: spy, biasInitializer: spy });
    expect(context).toEqual([
      { shape: [3, 5], fanIn: 3, fanOut: 5 },
      { shape: [5], fanIn: 3, fanOut: 5 },
    ]);
    expect(values(given.bias as Parameter)).toEqual([1, 1, 1, 1, 1]);
  });

  it("refuses sizes that are not whole or not positive, and inputs that do not fit", () => {
    expect(() => new Dense(0, 3, { random: random() })).toThrow("Dense: sizes must be whole numbers ≥ 1, got 0 → 3");
    expect(() => new Dense(2, 1.5, { random: random() })).toThrow(
      "Dense: sizes must be whole numbers ≥ 1, got 2 → 1.5",
    );
    const layer = new Dense(2, 3, { random: random() });
    expect(() => layer.apply(zeros([4, 3]))).toThrow("linear: inner sizes differ: [4,3] × [2,3]");
  });
});

describe("initializers", () => {
  const context = { shape: [60, 50], fanIn: 60, fanOut: 50 };
  const spread = (initializer: Initializer) => {
    const drawn = values(initializer({ ...context, random: random() }));
    const variance = drawn.reduce((sum, x) => sum + x * x, 0) / drawn.length;
    return { drawn, largest: Math.max(...drawn.map(Math.abs)), deviation: Math.sqrt(variance) };
  };

  it.each([
    ["glorotUniform", glorotUniform, Math.sqrt(6 / 110)],
    ["heUniform", heUniform, Math.sqrt(6 / 60)],
  ] as const)("%s fills its limits evenly", (_, initializer, limit) => {
    const { largest, deviation, drawn } = spread(initializer);
    expect(largest).toBeLessThanOrEqual(limit);
    expect(largest).toBeGreaterThan(0.998 * limit);
    expect(deviation / (limit / Math.sqrt(3))).toBeCloseTo(1, 1);
    expect(Math.min(...drawn)).toBeLessThan(-0.998 * limit);
  });

  it.each([
    ["glorotNormal", glorotNormal, Math.sqrt(2 / 110)],
    ["heNormal", heNormal, Math.sqrt(2 / 60)],
  ] as const)("%s has its deviation, and tails", (_, initializer, expected) => {
    const { largest, deviation } = spread(initializer);
    expect(deviation / expected).toBeGreaterThan(0.96);
    expect(deviation / expected).toBeLessThan(1.04);
    expect(largest).toBeGreaterThan(3 * expected);
  });

  it("zerosInitializer gives zeros", () => {
    expect(values(zerosInitializer({ ...context, shape: [3], random: random() }))).toEqual([0, 0, 0]);
  });
});

describe("Dropout", () => {
  const size = 20_000;

  it("drops about its rate in training, and scales up the rest so that the mean stays", () => {
    const layer = new Dropout(0.3, { random: random() });
    const kept = values(layer.apply(ones([size])));
    expect([...new Set(kept)].sort()).toEqual([0, 1 / 0.7]);
    const dropped = kept.filter((x) => x === 0).length / size;
    // five standard deviations of a binomial share
    expect(Math.abs(dropped - 0.3)).toBeLessThan(5 * Math.sqrt((0.3 * 0.7) / size));
  });

  it("drops other elements each time, and the same again from the same seed", () => {
    const layer = () => new Dropout(0.5, { random: random() });
    const one = layer();
    const [first, second] = [values(one.apply(ones([100]))), values(one.apply(ones([100])))];
    expect(first).not.toEqual(second);
    expect(values(layer().apply(ones([100])))).toEqual(first);
  });

  it("passes gradients to the elements it kept, scaled", () => {
    const layer = new Dropout(0.5, { random: random() });
    const { value, gradients: found } = valueAndGradients((x) => layer.apply(x).sum(), [ones([50])]);
    const slopes = values(found[0] as Tensor);
    expect(new Set(slopes)).toEqual(new Set([0, 2]));
    expect(slopes.reduce((a, b) => a + b)).toBe(value.itemSync());
  });

  it("drops what is not finite, and its gradient, as anything else", () => {
    const layer = new Dropout(0.5, { random: random() });
    const { value, gradients: found } = valueAndGradients((x) => layer.apply(x).sqrt().sum(), [zeros([50])]);
    expect(value.itemSync()).toBe(0);
    expect(new Set(values(found[0] as Tensor))).toEqual(new Set([0, Infinity]));
    expect(new Set(values(layer.apply(full([50], -Infinity))))).toEqual(new Set([0, -Infinity]));
  });

  it("hands its input through in evaluation, and at rate 0, drawing nothing", () => {
    const generator = random();
    const x = ones([5]);
    expect(new Dropout(0.5, { random: generator }).eval().apply(x)).toBe(x);
    expect(new Dropout(0, { random: generator }).apply(x)).toBe(x);
    expect(generator.state()).toEqual(random().state());
  });

  it("refuses a rate outside [0, 1)", () => {
    for (const rate of [-0.1, 1, Number.NaN]) {
      expect(() => new Dropout(rate, { random: random() })).toThrow(
        `Dropout: rate must be a number in [0, 1), got ${rate}`,
      );
    }
  });
});

describe("the other layers", () => {
  const x = () => tensor([[-2, 0, 3]]);

  it("apply their functions", () => {
    expect(values(new ReLU().apply(x()))).toEqual([0, 0, 3]);
    expect(values(new LeakyReLU().apply(x()))).toEqual([-0.02, 0, 3]);
    expect(values(new LeakyReLU({ negativeSlope: 0.5 }).apply(x()))).toEqual([-1, 0, 3]);
    expect(values(new Tanh().apply(x()))).toEqual([Math.tanh(-2), 0, Math.tanh(3)]);
    expect(values(new Sigmoid().apply(x()))[1]).toBe(0.5);
    expect(values(new Softmax().apply(zeros([2, 4])))).toEqual(Array(8).fill(0.25));
    expect(values(new Softmax({ axis: 0 }).apply(zeros([2, 4])))).toEqual(Array(8).fill(0.5));
  });

  it("rearrange each element of the batch", () => {
    expect(new Flatten().apply(zeros([4, 2, 3, 5])).shape).toEqual([4, 30]);
    expect(new Flatten().apply(zeros([4])).shape).toEqual([4, 1]);
    expect(new Reshape([3, 2]).apply(zeros([4, 6])).shape).toEqual([4, 3, 2]);
    expect(new Reshape([-1, 2]).apply(zeros([4, 6])).shape).toEqual([4, 3, 2]);
    expect(() => new Reshape([4]).apply(zeros([2, 3]))).toThrow("reshape: [2,3] (6 elements) does not fit [2,4]");
    expect(() => new Reshape([1]).apply(zeros([]))).toThrow("Reshape: needs a batch, got []");
  });

  it("stand one after the other in a Sequential", () => {
    const model = new Sequential([new Flatten(), new LeakyReLU({ negativeSlope: 0.1 }), new Reshape([2, 1])]);
    const y = model.apply(tensor([[[-1, 2]]]));
    expect([y.shape, values(y)]).toEqual([
      [1, 2, 1],
      [-0.1, 2],
    ]);
    expect(new Sequential([]).apply(y)).toBe(y);
  });
});
