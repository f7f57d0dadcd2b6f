// The training step: PyTorch's numbers, the models' sizes, and that each update leaves the other model alone.

import { readFileSync } from "node:fs";
import {
  type BackendName,
  Dense,
  Flatten,
  LeakyReLU,
  type Optimizer,
  Random,
  Reshape,
  randomNormal,
  randomUniform,
  Sequential,
  Sigmoid,
  Tanh,
  tensor,
  useBackend,
} from "@adjoint/core";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { createModels, type GanModels } from "../src/models.js";
import { createOptimizers, ganStep, updateDiscriminator, updateGenerator } from "../src/step.js";

beforeEach(async () => {
  await useBackend("reference");
});

/** Three iterations of a small GAN that PyTorch computed in float64, with Adam in Keras's form. */
interface Fixture {
  readonly zDim: number;
  readonly hidden: number;
  readonly pixels: number;
  readonly batch: number;
  readonly negativeSlope: number;
  readonly runs: readonly {
    readonly convention: "keras" | "pytorch";
    readonly generator: number[][];
    readonly discriminator: number[][];
    readonly iterations: readonly {
      readonly real: number[];
      readonly zDiscriminator: number[];
      readonly zGenerator: number[];
      readonly realLoss: number;
      readonly fakeLoss: number;
      readonly realAccuracy: number;
      readonly fakeAccuracy: number;
      readonly generatorLoss: number;
      readonly generator: number[][];
      readonly discriminator: number[][];
    }[];
  }[];
}

const FIXTURE = new URL("../../../packages/core/test/fixtures/gan-steps.json", import.meta.url);

function smallModels({ zDim, hidden, pixels, negativeSlope }: Fixture): GanModels {
  const random = new Random(1);
  return {
    generator: new Sequential([
      new Dense(zDim, hidden, { random }),
      new LeakyReLU({ negativeSlope }),
      new Dense(hidden, pixels, { random }),
      new Tanh(),
      new Reshape([4, 4, 1]),
    ]),
    discriminator: new Sequential([
      new Flatten(),
      new Dense(pixels, hidden, { random }),
      new LeakyReLU({ negativeSlope }),
      new Dense(hidden, 1, { random }),
      new Sigmoid(),
    ]),
  };
}

function setParameters(model: Sequential, values: readonly number[][]): void {
  model.parameters().forEach((parameter, i) => {
    parameter.assign(tensor(Float64Array.from(values[i] ?? []), { shape: parameter.shape }));
  });
}

function largestDifference(model: Sequential, expected: readonly number[][]): number {
  const differences = model.parameters().flatMap((parameter, i) => {
    const values = [...parameter.dataSync()];
    expect(values).toHaveLength(expected[i]?.length ?? -1);
    return values.map((value, j) => Math.abs(value - (expected[i]?.[j] ?? Number.NaN)));
  });
  return Math.max(...differences);
}

/** All numbers of a model and its optimizer. */
function bits(model: Sequential, optimizer: Optimizer): number[][] {
  return [...model.stateDict(), ...optimizer.stateDict()].map(([, value]) => [...value.dataSync()]);
}

describe("ganStep", () => {
  const fixture: Fixture = JSON.parse(readFileSync(FIXTURE, "utf8"));
  const run = fixture.runs.find(({ convention }) => convention === "keras");

  it.each([
    ["reference:float64", 1e-9],
    ["reference", 1e-4],
  ] satisfies [BackendName, number][])(
    "gives PyTorch's losses and weights on %s, within %s",
    async (name, tolerance) => {
      await useBackend(name);
      const models = smallModels(fixture);
      setParameters(models.generator, run?.generator ?? []);
      setParameters(models.discriminator, run?.discriminator ?? []);
      const optimizers = createOptimizers(models, 1e-3);
      expect(run?.iterations).toHaveLength(3);
      for (const expected of run?.iterations ?? []) {
        const losses = ganStep(models, optimizers, {
          real: tensor(expected.real, { shape: [fixture.batch, 4, 4, 1] }),
          discriminatorNoise: tensor(expected.zDiscriminator, { shape: [fixture.batch, fixture.zDim] }),
          generatorNoise: tensor(expected.zGenerator, { shape: [fixture.batch, fixture.zDim] }),
        });
        const close = (actual: number, value: number) => expect(Math.abs(actual - value)).toBeLessThan(tolerance);
        close(losses.discriminatorLoss.itemSync(), (expected.realLoss + expected.fakeLoss) / 2);
        close(losses.discriminatorAccuracy.itemSync(), (expected.realAccuracy + expected.fakeAccuracy) / 2);
        close(losses.generatorLoss.itemSync(), expected.generatorLoss);
        expect(largestDifference(models.generator, expected.generator)).toBeLessThan(tolerance);
        expect(largestDifference(models.discriminator, expected.discriminator)).toBeLessThan(tolerance);
      }
    },
  );
});

describe("the models", () => {
  it("have 114,064 and 100,609 parameters", () => {
    const { generator, discriminator } = createModels(new Random(1));
    expect(generator.parameterCount().total).toBe(114_064);
    expect(discriminator.parameterCount().total).toBe(100_609);
  });

  it("go from noise to images in (−1, 1) to probabilities", () => {
    const { generator, discriminator } = createModels(new Random(1));
    const images = generator.apply(randomNormal([3, 100], { random: new Random(2) }));
    expect(images.shape).toEqual([3, 28, 28, 1]);
    expect(Math.max(...images.dataSync().map(Math.abs))).toBeLessThan(1);
    const probabilities = discriminator.apply(images);
    expect(probabilities.shape).toEqual([3, 1]);
    for (const probability of probabilities.dataSync()) expect(Math.abs(probability - 0.5)).toBeLessThan(0.5);
  });

  it("start with Glorot-uniform kernels and zero biases", () => {
    const named = createModels(new Random(1)).discriminator.namedParameters();
    const [kernel, bias] = [...named.values()];
    const limit = Math.sqrt(6 / (784 + 128));
    const largest = Math.max(...(kernel?.dataSync().map(Math.abs) ?? []));
    expect(largest).toBeLessThanOrEqual(Math.fround(limit));
    expect(largest).toBeGreaterThan(0.99 * limit);
    expect(new Set(bias?.dataSync())).toEqual(new Set([0]));
  });
});

describe("freezing", () => {
  const random = new Random(3);
  const batch = () => ({
    real: randomUniform([4, 28, 28, 1], { random, low: -1, high: 1 }),
    discriminatorNoise: randomNormal([4, 100], { random }),
    generatorNoise: randomNormal([4, 100], { random }),
  });
  const prepared = () => {
    const models = createModels(random);
    const optimizers = createOptimizers(models, 1e-3);
    // once, so that there is a state that could change
    ganStep(models, optimizers, batch());
    return { models, optimizers };
  };

  it("lets the generator's update leave the discriminator and its optimizer as they are, bit for bit", () => {
    const { models, optimizers } = prepared();
    const before = {
      generator: bits(models.generator, optimizers.generator),
      discriminator: bits(models.discriminator, optimizers.discriminator),
    };
    updateGenerator(models, optimizers.generator, batch());
    expect(bits(models.discriminator, optimizers.discriminator)).toEqual(before.discriminator);
    expect(bits(models.generator, optimizers.generator)).not.toEqual(before.generator);
    expect(models.discriminator.parameterCount().frozen).toBe(0);
  });

  it("lets the discriminator's updates leave the generator and its optimizer as they are, bit for bit", () => {
    const { models, optimizers } = prepared();
    const before = {
      generator: bits(models.generator, optimizers.generator),
      discriminator: bits(models.discriminator, optimizers.discriminator),
    };
    updateDiscriminator(models, optimizers.discriminator, batch());
    expect(bits(models.generator, optimizers.generator)).toEqual(before.generator);
    expect(bits(models.discriminator, optimizers.discriminator)).not.toEqual(before.discriminator);
  });

  it("leads the generator's gradient through a discriminator that is wholly frozen, and nothing else", () => {
    const { models, optimizers } = prepared();
    const frozen: number[] = [];
    const apply = models.discriminator.apply.bind(models.discriminator);
    vi.spyOn(models.discriminator, "apply").mockImplementation((x) => {
      frozen.push(models.discriminator.parameterCount().frozen);
      return apply(x);
    });
    ganStep(models, optimizers, batch());
    expect(frozen).toEqual([0, 0, 100_609]);
  });
});
