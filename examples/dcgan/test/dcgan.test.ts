// The GAN with convolutions: its shapes, its losses by hand, what its updates leave alone, and the whole program.

import { join } from "node:path";
import {
  Adam,
  type BatchNorm,
  Dense,
  Flatten,
  Random,
  Reshape,
  randomNormal,
  randomUniform,
  Sequential,
  type Tensor,
  tensor,
  useBackend,
  zerosInitializer,
} from "@adjoint/core";
import { readSafetensorsFile } from "@adjoint/core/node";
import { beforeEach, describe, expect, it } from "vitest";
import { itRunsAndGoesOn, itShowsImagesOf, runQuietly } from "../../common/test/program-suite.js";
import { itHasATrueReadme } from "../../common/test/readme.js";
import { bitsOf, temporaryFolder, writeSmallMnist } from "../../common/test/support.js";
import { AVERAGE_DECAY, dcgan } from "../src/dcgan.js";
import { createModels, type DcganModels } from "../src/models.js";
import { createOptimizers, dcganStep, updateDiscriminator, updateGenerator } from "../src/step.js";

beforeEach(async () => {
  await useBackend("wasm");
});

const made = (): DcganModels => createModels(new Random(1));

/** The shapes after each of a model's layers, as its summary has them. */
function shapesOf(model: Sequential, inputShape: readonly number[]): string[] {
  return [...model.summary(inputShape).matchAll(/\[batch,([\d,]+)\]/g)].map(([, shape]) => shape as string);
}

describe("the models", () => {
  it("go from noise over 7×7×256, 14×14×128 and 14×14×64 to images in (−1, 1)", () => {
    const { generator } = made();
    const shapes = shapesOf(generator, [100]);
    expect([...new Set(shapes)]).toEqual(["12544", "7,7,256", "14,14,128", "14,14,64", "28,28,1"]);
    const images = generator.apply(randomNormal([2, 100], { random: new Random(3) }));
    expect(Math.max(...images.dataSync().map(Math.abs))).toBeLessThan(1);
  });

  it("go from images over 14×14×32, 7×7×64 and 4×4×128 to one logit", () => {
    expect([...new Set(shapesOf(made().discriminator, [28, 28, 1]))]).toEqual([
      "14,14,32",
      "7,7,64",
      "4,4,128",
      "2048",
      "1",
    ]);
  });

  it("have as many parameters as the layers say", () => {
    const { generator, discriminator } = made();
    const kernels = 100 * 12544 + 9 * 256 * 128 + 9 * 128 * 64 + 9 * 64;
    expect(generator.parameterCount().total).toBe(kernels + 2 * (256 + 128 + 64) + 1);
    const convolutions = 9 * 32 + 32 + 9 * 32 * 64 + 64 + 9 * 64 * 128 + 128;
    expect(discriminator.parameterCount().total).toBe(convolutions + 2048 + 1);
  });
});

/** Models of one number each: every image is tanh-free and has the pixel `bias`, every logit is `slope` times a pixel. */
function plainModels(bias: number, slope: number): DcganModels {
  const random = new Random(1);
  const generator = new Dense(100, 784, {
    random,
    kernelInitializer: zerosInitializer,
    biasInitializer: () => tensor(new Float32Array(784).fill(bias)),
  });
  const discriminator = new Dense(784, 1, {
    random,
    kernelInitializer: ({ shape }) => tensor(new Float32Array(784).fill(slope / 784), { shape }),
  });
  return {
    generator: new Sequential([generator, new Reshape([28, 28, 1])]),
    discriminator: new Sequential([new Flatten(), discriminator]),
  };
}

describe("dcganStep", () => {
  it("has the losses of the logits, both networks judged by what they were before it", () => {
    const models = plainModels(-0.5, 2);
    const real = tensor(new Float32Array(3 * 784).fill(0.25), { shape: [3, 28, 28, 1] });
    const noise = randomNormal([3, 100], { random: new Random(2) });
    const losses = dcganStep(models, createOptimizers(models, 0.001), { real, noise });
    const softplus = (x: number) => Math.log(1 + Math.exp(x));
    // logits are 0.5 for real images and −1 for generated ones: −ln σ(x) = softplus(−x), −ln(1 − σ(x)) = softplus(x)
    expect(losses.generatorLoss.itemSync()).toBeCloseTo(softplus(1), 5);
    expect(losses.discriminatorLoss.itemSync()).toBeCloseTo((softplus(-0.5) + softplus(-1)) / 2, 5);
    expect(losses.discriminatorAccuracy.itemSync()).toBe(1);
  });

  it("counts what is judged rightly", () => {
    const models = plainModels(0.5, 2);
    const real = tensor([...new Array(784).fill(0.25), ...new Array(784).fill(-0.25)], { shape: [2, 28, 28, 1] });
    const noise = randomNormal([2, 100], { random: new Random(2) });
    // one real image is taken for real, no generated one for generated
    const { discriminatorAccuracy } = dcganStep(models, createOptimizers(models, 0.001), { real, noise });
    expect(discriminatorAccuracy.itemSync()).toBe(0.25);
  });
});

describe("the updates", () => {
  const random = new Random(5);
  const real = () => randomUniform([4, 28, 28, 1], { random, low: -1, high: 1 });
  const noise = () => randomNormal([4, 100], { random });

  it("of the generator leave the discriminator and its optimizer as they are, bit for bit", () => {
    const models = made();
    const optimizers = createOptimizers(models, 2e-4);
    const before = bitsOf(models.discriminator, optimizers.discriminator);
    const generator = bitsOf(models.generator);
    updateGenerator(models, optimizers.generator, noise());
    expect(bitsOf(models.discriminator, optimizers.discriminator)).toEqual(before);
    bitsOf(models.generator).forEach((sum, i) => {
      expect(sum).not.toBe(generator[i]);
    });
  });

  it("of the generator go through a discriminator that is wholly frozen", () => {
    const models = made();
    const apply = models.discriminator.apply.bind(models.discriminator);
    const frozen: number[] = [];
    models.discriminator.apply = (x) => {
      frozen.push(models.discriminator.parameterCount().frozen);
      return apply(x);
    };
    updateGenerator(models, createOptimizers(models, 2e-4).generator, noise());
    expect(frozen).toEqual([models.discriminator.parameterCount().total]);
  });

  it("of the discriminator leave the generator, its running statistics and its optimizer as they are", () => {
    const models = made();
    const optimizers = createOptimizers(models, 2e-4);
    const { generated } = updateGenerator(models, optimizers.generator, noise());
    const before = bitsOf(models.generator, optimizers.generator);
    const discriminator = bitsOf(models.discriminator);
    updateDiscriminator(models, optimizers.discriminator, real(), generated);
    expect(bitsOf(models.generator, optimizers.generator)).toEqual(before);
    expect(bitsOf(models.discriminator)).not.toEqual(discriminator);
  });

  it("have the paper's β₁", () => {
    const { generator, discriminator } = createOptimizers(made(), 2e-4);
    for (const optimizer of [generator, discriminator]) {
      expect(optimizer).toBeInstanceOf(Adam);
      expect(optimizer.beta1).toBe(0.5);
    }
  });
});

describe("the program", () => {
  itRunsAndGoesOn(dcgan, {
    args: ["--batch-size", "2", "--history-interval", "1", "--sample-interval", "2"],
    length: ["--iterations", "2", "4"],
    files: ["average.safetensors", "discriminator.safetensors", "generator.safetensors"],
    lines: [/^2 \[D loss: \d\.\d{4}, acc\.: \d+\.\d\d%\] \[G loss: \d\.\d{4}\]$/, /^4 \[D loss: /],
  });

  itShowsImagesOf(dcgan, "average");

  it("keeps a second generator, which follows the first", async () => {
    const folder = temporaryFolder();
    const out = join(folder, "run");
    const data = writeSmallMnist(join(folder, "data"));
    await runQuietly(dcgan, ["--iterations", "1", "--batch-size", "2", "--data", data, "--out", out]);
    const kernelOf = async (name: string) => {
      const { tensors } = await readSafetensorsFile(join(out, `${name}.safetensors`));
      return tensors.get("0.kernel")?.data ?? [];
    };
    await useBackend("wasm");
    // the program's own stream of random numbers for weights
    const { generator } = createModels(new Random(1, { stream: 0 }));
    const before = (generator.layers[0] as Dense).kernel.dataSync();
    const [after, average] = [await kernelOf("generator"), await kernelOf("average")];
    expect(average).toHaveLength(before.length);
    average.forEach((value, i) => {
      const expected = AVERAGE_DECAY * (before[i] as number) + (1 - AVERAGE_DECAY) * (after[i] as number);
      if (!(Math.abs(value - expected) < 1e-7)) expect.fail(`element ${i}: got ${value}, expected ${expected}`);
    });
    expect([...average]).not.toEqual([...before]);
  });

  it("takes pictures by running statistics, and goes on learning by those of the batch", async () => {
    const models = made();
    const norm = models.generator.layers[2] as BatchNorm;
    expect(norm.kind).toBe("BatchNorm");
    const statistics: string[] = [];
    const { applyIdle } = await import("@adjoint/example-common");
    const forward = norm.forward.bind(norm);
    norm.forward = (x) => {
      statistics.push(norm.statistics);
      return forward(x);
    };
    applyIdle(models.generator, noiseOf(2));
    models.generator.apply(noiseOf(2));
    expect(statistics).toEqual(["running", "batch"]);
  });
});

function noiseOf(count: number): Tensor {
  return randomNormal([count, 100], { random: new Random(7) });
}

describe("README.md", () => {
  itHasATrueReadme(dcgan, new URL("../README.md", import.meta.url));
});
