// The Wasserstein GAN: its penalty by hand and by differences, what its updates leave alone, and the whole program.

import {
  Conv2d,
  Dense,
  Flatten,
  gradients,
  LeakyReLU,
  Random,
  Reshape,
  randomNormal,
  randomUniform,
  Sequential,
  type Tensor,
  tensor,
  useBackend,
} from "@adjoint/core";
import { beforeEach, describe, expect, it } from "vitest";
import { itRunsAndGoesOn, itShowsImagesOf } from "../../common/test/program-suite.js";
import { itHasATrueReadme } from "../../common/test/readme.js";
import { bitsOf } from "../../common/test/support.js";
import { createModels } from "../src/models.js";
import {
  createOptimizers,
  gradientPenalty,
  updateCritic,
  updateGenerator,
  type WganBatch,
  wganStep,
} from "../src/step.js";
import { wganGp } from "../src/wgan-gp.js";

beforeEach(async () => {
  await useBackend("wasm");
});

describe("gradientPenalty", () => {
  it("is (length of the slope − 1)², which of a linear critic is its kernel's", () => {
    const kernel = Float32Array.from({ length: 784 }, (_, i) => 0.1 * Math.sin(i));
    const linear = new Dense(784, 1, {
      random: new Random(1),
      kernelInitializer: ({ shape }) => tensor(kernel, { shape }),
    });
    const images = randomUniform([3, 28, 28, 1], { random: new Random(2) });
    const penalty = gradientPenalty(new Sequential([new Flatten(), linear]), images);
    const length = Math.sqrt(kernel.reduce((sum, value) => sum + value ** 2, 0));
    expect(penalty.itemSync()).toBeCloseTo((length - 1) ** 2, 5);
    // d (|w| − 1)² = 2 (|w| − 1) w / |w|
    const [slope] = gradients(penalty, [linear.kernel]);
    slope.dataSync().forEach((value, i) => {
      expect(value).toBeCloseTo((2 * (length - 1) * (kernel[i] ?? 0)) / length, 5);
    });
  });

  it("has the gradient that differences give, through convolutions, in float64", async () => {
    await useBackend("reference:float64");
    const random = new Random(1);
    // as the critic is built, with few channels
    const critic = new Sequential([
      new Conv2d(1, 2, 5, { random, stride: 2, padding: "same" }),
      new LeakyReLU({ negativeSlope: 0.2 }),
      new Conv2d(2, 3, 5, { random, stride: 2, padding: "same" }),
      new LeakyReLU({ negativeSlope: 0.2 }),
      new Flatten(),
      new Dense(7 * 7 * 3, 1, { random }),
    ]);
    const images = randomUniform([2, 28, 28, 1], { random: new Random(2), low: -1, high: 1 });
    const [kernel] = critic.parameters();
    if (!kernel) throw new Error("the critic has no parameter");
    const [slope] = gradients(gradientPenalty(critic, images), [kernel]);
    const direction = randomNormal(kernel.shape, { random: new Random(3) });
    const start = tensor(kernel.dataSync().slice(), { shape: kernel.shape });
    const at = (step: number) => {
      kernel.assign(start.add(direction.mul(step)));
      return gradientPenalty(critic, images).itemSync();
    };
    // central differences; small enough to stay on one side of every kink but for a few
    const step = 1e-6;
    const expected = (at(step) - at(-step)) / (2 * step);
    expect(Math.abs(slope.mul(direction).sum().itemSync() / expected - 1)).toBeLessThan(1e-4);
  });
});

/** A generator of one value a pixel, and a critic whose mark is `slope` times the mean pixel. */
function plainModels(bias: number, slope: number) {
  const random = new Random(1);
  const filled =
    (value: number) =>
    ({ shape }: { shape: readonly number[] }) =>
      tensor(new Float32Array(shape.reduce((size, extent) => size * extent, 1)).fill(value), { shape });
  const drawing = new Dense(100, 784, { random, kernelInitializer: filled(0), biasInitializer: filled(bias) });
  const marking = new Dense(784, 1, { random, kernelInitializer: filled(slope / 784) });
  return {
    generator: new Sequential([drawing, new Reshape([28, 28, 1])]),
    critic: new Sequential([new Flatten(), marking]),
  };
}

function batchOf(updates: number, real: Tensor): WganBatch {
  const random = new Random(4);
  const count = real.shape[0] as number;
  const noise = () => randomNormal([count, 100], { random });
  const critic = () => ({ real, noise: noise(), shares: randomUniform([count, 1, 1, 1], { random }) });
  return { critic: Array.from({ length: updates }, critic), noise: noise() };
}

describe("wganStep", () => {
  it("has the difference of the mean marks, the penalty and the generator's mark, as by hand", () => {
    const models = plainModels(-0.5, 3);
    const real = tensor([...new Array(784).fill(0.25), ...new Array(784).fill(0.75)], { shape: [2, 28, 28, 1] });
    // of rate 0, so that nothing changes in between
    const losses = wganStep(models, createOptimizers(models, 0), batchOf(2, real));
    expect(losses.distance.itemSync()).toBeCloseTo(3 * 0.5 - 3 * -0.5, 5);
    // the slope is 3 / 784 at each of 784 pixels
    expect(losses.penalty.itemSync()).toBeCloseTo((3 / Math.sqrt(784) - 1) ** 2, 5);
    expect(losses.generatorLoss.itemSync()).toBeCloseTo(1.5, 5);
  });

  it("updates the critic as often as it has batches, and the generator once", () => {
    const models = plainModels(-0.5, 3);
    const optimizers = createOptimizers(models, 1e-3);
    wganStep(models, optimizers, batchOf(3, tensor(new Float32Array(784), { shape: [1, 28, 28, 1] })));
    const steps = (optimizer: typeof optimizers.critic) => optimizer.stateDict().get("0.step")?.itemSync();
    expect([steps(optimizers.critic), steps(optimizers.generator)]).toEqual([3, 1]);
  });
});

describe("the updates", () => {
  const real = () => randomUniform([2, 28, 28, 1], { random: new Random(6), low: -1, high: 1 });

  it("of the generator leave the critic and its optimizer as they are, bit for bit, and change all of the generator", () => {
    const models = createModels(new Random(1));
    const optimizers = createOptimizers(models, 1e-3);
    const before = { critic: bitsOf(models.critic, optimizers.critic), generator: bitsOf(models.generator) };
    updateGenerator(models, optimizers.generator, randomNormal([2, 100], { random: new Random(7) }));
    expect(bitsOf(models.critic, optimizers.critic)).toEqual(before.critic);
    bitsOf(models.generator).forEach((sum, i) => {
      expect(sum).not.toBe(before.generator[i]);
    });
  });

  it("of the generator go through a critic that is wholly frozen", () => {
    const models = createModels(new Random(1));
    const apply = models.critic.apply.bind(models.critic);
    const frozen: number[] = [];
    models.critic.apply = (x) => {
      frozen.push(models.critic.parameterCount().frozen);
      return apply(x);
    };
    const noise = randomNormal([2, 100], { random: new Random(7) });
    updateGenerator(models, createOptimizers(models, 1e-3).generator, noise);
    expect(frozen).toEqual([models.critic.parameterCount().total]);
  });

  it("of the critic leave the generator's parameters and its optimizer as they are, and change the critic's kernels", () => {
    const models = createModels(new Random(1));
    const optimizers = createOptimizers(models, 1e-3);
    // what normalization keeps beside the parameters follows the images that are made
    const generator = { stateDict: () => models.generator.namedParameters() };
    const kernels = {
      stateDict: () => new Map([...models.critic.namedParameters()].filter(([name]) => name.endsWith("kernel"))),
    };
    const [before, critic] = [bitsOf(generator, optimizers.generator), bitsOf(kernels)];
    const [part] = batchOf(1, real()).critic;
    if (part) updateCritic(models, optimizers.critic, part);
    expect(bitsOf(generator, optimizers.generator)).toEqual(before);
    expect(critic).toHaveLength(4);
    bitsOf(kernels).forEach((sum, i) => {
      expect(sum).not.toBe(critic[i]);
    });
  });
});

describe("the program", () => {
  itRunsAndGoesOn(wganGp, {
    args: ["--batch-size", "2", "--history-interval", "1", "--sample-interval", "2", "--critic-updates", "2"],
    length: ["--iterations", "2", "4"],
    files: ["generator.safetensors", "critic.safetensors"],
    lines: [/^2 \[distance: -?\d+\.\d{4}, penalty: \d+\.\d{4}\] \[G loss: -?\d+\.\d{4}\]$/, /^4 \[distance: /],
  });

  itShowsImagesOf(wganGp, "generator");
});

describe("README.md", () => {
  itHasATrueReadme(wganGp, new URL("../README.md", import.meta.url));
});
