// Freezing cannot silently fail: a step changes what it was told to change, to the last bit, and nothing else; and
// frozen weights cost nothing.

import {
  Adam,
  binaryCrossEntropy,
  Dense,
  Flatten,
  LeakyReLU,
  type Module,
  noGradient,
  Random,
  Reshape,
  randomNormal,
  Sequential,
  Sigmoid,
  Tanh,
  type Tensor,
  withBackend,
  withFrozen,
} from "@adjoint/core";
import { describe, expect, it } from "vitest";
import { bits, changed } from "./support/bits.js";
import { StrictBackend } from "./support/strict-backend.js";

/** The GAN of the example, with its own sizes. */
function buildGan(seed = 0) {
  const random = new Random(seed);
  const generator = new Sequential(
    [
      new Dense(100, 128, { random }),
      new LeakyReLU({ negativeSlope: 0.01 }),
      new Dense(128, 784, { random }),
      new Tanh(),
      new Reshape([28, 28, 1]),
    ],
    { name: "generator" },
  );
  const discriminator = new Sequential(
    [
      new Flatten(),
      new Dense(784, 128, { random }),
      new LeakyReLU({ negativeSlope: 0.01 }),
      new Dense(128, 1, { random }),
      new Sigmoid(),
    ],
    { name: "discriminator" },
  );
  return {
    random,
    generator,
    discriminator,
    generatorOptimizer: new Adam(generator.parameters()),
    discriminatorOptimizer: new Adam(discriminator.parameters()),
  };
}

type Gan = ReturnType<typeof buildGan>;

const BATCH = 3;

function generatorStep({ random, generator, discriminator, generatorOptimizer }: Gan): Tensor {
  const z = randomNormal([BATCH, 100], { random });
  return withFrozen(discriminator, () =>
    generatorOptimizer.minimize(() => binaryCrossEntropy(discriminator.apply(generator.apply(z)), 1)),
  );
}

function discriminatorStep({ random, generator, discriminator, discriminatorOptimizer }: Gan): Tensor {
  const fake = noGradient(() => generator.apply(randomNormal([BATCH, 100], { random })));
  return discriminatorOptimizer.minimize(() => binaryCrossEntropy(discriminator.apply(fake), 0));
}

describe("a step of the GAN", () => {
  it("for the generator changes all of its weights and no bit of the discriminator's side", () => {
    const gan = buildGan();
    discriminatorStep(gan);
    const { generator, discriminator, generatorOptimizer, discriminatorOptimizer } = gan;
    const before = [generator, discriminator, generatorOptimizer, discriminatorOptimizer].map(bits);
    generatorStep(gan);
    const after = [generator, discriminator, generatorOptimizer, discriminatorOptimizer].map(bits);
    const [inGenerator, inDiscriminator, inItsOptimizer, inTheOther] = before.map((state, i) =>
      changed(state, after[i] as Map<string, Buffer>),
    );
    expect(inGenerator).toEqual(["0.kernel", "0.bias", "2.kernel", "2.bias"]);
    expect(inItsOptimizer).toHaveLength(12);
    expect(inDiscriminator).toEqual([]);
    expect(inTheOther).toEqual([]);
    expect([...(before[3]?.keys() ?? [])]).toHaveLength(16);
    expect(discriminator.parameters().map(({ frozen }) => frozen)).toEqual([false, false, false, false]);
  });

  it("for the discriminator changes all of its weights and no bit of the generator's side", () => {
    const gan = buildGan();
    generatorStep(gan);
    const { generator, discriminator, generatorOptimizer, discriminatorOptimizer } = gan;
    const before = [generator, discriminator, generatorOptimizer, discriminatorOptimizer].map(bits);
    discriminatorStep(gan);
    const after = [generator, discriminator, generatorOptimizer, discriminatorOptimizer].map(bits);
    expect(before.map((state, i) => changed(state, after[i] as Map<string, Buffer>).length)).toEqual([0, 4, 0, 12]);
  });

  it("gives the generator the same update whether or not the discriminator is frozen by hand", () => {
    const [frozen, free] = [buildGan(), buildGan()];
    generatorStep(frozen);
    const z = randomNormal([BATCH, 100], { random: free.random });
    free.generatorOptimizer.minimize(() => binaryCrossEntropy(free.discriminator.apply(free.generator.apply(z)), 1));
    expect(changed(bits(frozen.generator), bits(free.generator))).toEqual([]);
    expect(changed(bits(frozen.discriminator), bits(free.discriminator))).toEqual([]);
  });

  it("never computes gradients of weights that are not trained", () => {
    const backend = new StrictBackend({ dtype: "float32" });
    withBackend(backend, () => {
      const gan = buildGan();
      backend.reset();
      generatorStep(gan);
      // forward 2 + 2; back to the pictures 2; to the generator's kernels 2 and between them 1
      expect(backend.count("matmul")).toBe(9);
      backend.reset();
      discriminatorStep(gan);
      // forward 2 + 2; to the discriminator's kernels 2 and between them 1
      expect(backend.count("matmul")).toBe(7);
    });
  });
});

describe("a partly frozen model", () => {
  const build = () => {
    const random = new Random(4);
    const layers = [
      new Dense(3, 5, { random }),
      new Tanh(),
      new Dense(5, 2, { random }),
      new Tanh(),
      new Dense(2, 1, { random }),
    ];
    const model = new Sequential(layers, { name: "model" });
    return { model, optimizer: new Adam(model.parameters()), x: randomNormal([4, 3], { random }) };
  };

  it("trains the rest, and computes no gradient at or below a frozen bottom", () => {
    const backend = new StrictBackend();
    withBackend(backend, () => {
      const { model, optimizer, x } = build();
      model.layers[0]?.freeze();
      const before = bits(model);
      const state = bits(optimizer);
      backend.reset();
      optimizer.minimize(() => model.apply(x).square().mean());
      // forward 3; to the kernels of the upper two 2 and between them 1
      expect(backend.count("matmul")).toBe(6);
      expect(changed(before, bits(model))).toEqual(["2.kernel", "2.bias", "4.kernel", "4.bias"]);
      expect(changed(state, bits(optimizer)).filter((name) => /^[01]\./.test(name))).toEqual([]);
    });
  });

  it("passes gradients through a frozen middle without computing any for it", () => {
    const backend = new StrictBackend();
    withBackend(backend, () => {
      const { model, optimizer, x } = build();
      model.layers[2]?.freeze();
      const before = bits(model);
      backend.reset();
      optimizer.minimize(() => model.apply(x).square().mean());
      // forward 3; kernel, input; input alone; kernel
      expect(backend.count("matmul")).toBe(7);
      expect(changed(before, bits(model))).toEqual(["0.kernel", "0.bias", "4.kernel", "4.bias"]);
    });
  });

  it("takes up training where it was when it is unfrozen, with its own count of steps", () => {
    const { model, optimizer, x } = build();
    const step = () => optimizer.minimize(() => model.apply(x).square().mean());
    step();
    withFrozen(model.layers[0] as Module, step);
    step();
    const steps = [...optimizer.stateDict()].filter(([name]) => name.endsWith(".step")).map(([, t]) => t.itemSync());
    expect(steps).toEqual([2, 2, 3, 3, 3, 3]);
  });
});
