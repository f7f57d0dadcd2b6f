// Three iterations of a small GAN against the values that PyTorch computed for them in float64, with Adam in Keras's
// and in PyTorch's form: fixtures/gan-steps.json.

import { readFileSync } from "node:fs";
import {
  Adam,
  type BackendName,
  binaryCrossEntropy,
  Dense,
  Flatten,
  gradients,
  LeakyReLU,
  noGradient,
  type Parameter,
  Random,
  Reshape,
  Sequential,
  Sigmoid,
  Tanh,
  type Tensor,
  tensor,
  useBackend,
  withFrozen,
} from "@adjoint/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { problemWith } from "./support/backends.js";

interface Iteration {
  readonly real: number[];
  readonly zDiscriminator: number[];
  readonly zGenerator: number[];
  readonly fake: number[];
  readonly realLoss: number;
  readonly fakeLoss: number;
  readonly realAccuracy: number;
  readonly fakeAccuracy: number;
  readonly generatorLoss: number;
  readonly realGradients: number[][];
  readonly fakeGradients: number[][];
  readonly generatorGradients: number[][];
  readonly generator: number[][];
  readonly discriminator: number[][];
}

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
    readonly iterations: readonly Iteration[];
  }[];
}

const fixture: Fixture = JSON.parse(readFileSync(new URL("fixtures/gan-steps.json", import.meta.url), "utf8"));
const { zDim, hidden, pixels, batch, negativeSlope } = fixture;

function expectClose(what: string, actual: ArrayLike<number>, expected: readonly number[], tolerance: number): void {
  expect(actual.length, what).toBe(expected.length);
  const scale = Math.max(...expected.map(Math.abs));
  for (let i = 0; i < expected.length; i++) {
    const error = Math.abs((actual[i] as number) - (expected[i] as number));
    // relative to the element, or, where it is small against its neighbours, to a thousandth of the largest
    const size = Math.max(Math.abs(expected[i] as number), scale / 1000);
    expect(error / size, `${what}[${i}]: ${actual[i]} against ${expected[i]}`).toBeLessThanOrEqual(tolerance);
  }
}

function load(model: Sequential, values: readonly number[][]): void {
  model.parameters().forEach((parameter, i) => {
    parameter.assign(tensor(Float64Array.from(values[i] as number[]), { shape: parameter.shape }));
  });
}

function expectParameters(what: string, model: Sequential, expected: readonly number[][], tolerance: number): void {
  model.parameters().forEach((parameter, i) => {
    expectClose(`${what} ${parameter.name}`, parameter.dataSync(), expected[i] as number[], tolerance);
  });
}

function expectGradients(
  what: string,
  loss: Tensor,
  parameters: readonly Parameter[],
  expected: readonly number[][],
  tolerance: number,
): void {
  gradients(loss, parameters).forEach((gradient, i) => {
    expectClose(`${what} of ${parameters[i]?.name}`, gradient.dataSync(), expected[i] as number[], tolerance);
  });
}

function build() {
  const random = new Random(0);
  const generator = new Sequential(
    [
      new Dense(zDim, hidden, { random }),
      new LeakyReLU({ negativeSlope }),
      new Dense(hidden, pixels, { random }),
      new Tanh(),
      new Reshape([4, 4, 1]),
    ],
    { name: "generator" },
  );
  const discriminator = new Sequential(
    [
      new Flatten(),
      new Dense(pixels, hidden, { random }),
      new LeakyReLU({ negativeSlope }),
      new Dense(hidden, 1, { random }),
      new Sigmoid(),
    ],
    { name: "discriminator" },
  );
  return { generator, discriminator };
}

const noBlas = await problemWith("blas");
if (noBlas !== undefined) it.skip(`the GAN of the fixture on blas (not run: ${noBlas})`);

const blas: [BackendName, number] = ["blas", 1e-4];

const backends: readonly [BackendName, number][] = [
  ["reference:float64", 1e-9],
  ["reference", 1e-4],
  ["wasm", 1e-4],
  ...(noBlas === undefined ? [blas] : []),
  ["gpu:webasm", 1e-4],
  ["gpu:cpu", 1e-4],
];

describe.each(backends)("the GAN of the fixture on %s, within %s", (name, tolerance) => {
  beforeAll(async () => {
    await useBackend(name);
  });
  afterAll(async () => {
    await useBackend("reference");
  });

  it.each(fixture.runs)("gives the losses, gradients and weights of $convention", (run) => {
    const { generator, discriminator } = build();
    load(generator, run.generator);
    load(discriminator, run.discriminator);
    const { convention } = run;
    const discriminatorOptimizer = new Adam(discriminator.parameters(), { convention });
    const generatorOptimizer = new Adam(generator.parameters(), { convention });
    const close = (what: string, actual: Tensor, expected: number | readonly number[]) =>
      expectClose(what, actual.dataSync(), typeof expected === "number" ? [expected] : expected, tolerance);

    run.iterations.forEach((expected, t) => {
      const real = tensor(expected.real, { shape: [batch, 4, 4, 1] });
      const noise = (values: readonly number[]) => tensor([...values], { shape: [batch, zDim] });
      const fake = noGradient(() => generator.apply(noise(expected.zDiscriminator)));
      close(`fake ${t}`, fake, expected.fake);

      const update = (images: Tensor, label: number, loss: number, accuracy: number, slopes: readonly number[][]) => {
        const result = discriminatorOptimizer.minimize(() => {
          const p = discriminator.apply(images);
          const loss = binaryCrossEntropy(p, label);
          expectGradients(`gradients ${t}`, loss, discriminator.parameters(), slopes, tolerance);
          return { loss, accuracy: p.greater(0.5).equal(label).mean() };
        });
        close(`discriminator loss ${t}`, result.loss, loss);
        close(`accuracy ${t}`, result.accuracy, accuracy);
      };
      update(real, 1, expected.realLoss, expected.realAccuracy, expected.realGradients);
      update(fake, 0, expected.fakeLoss, expected.fakeAccuracy, expected.fakeGradients);

      const generatorLoss = withFrozen(discriminator, () =>
        generatorOptimizer.minimize(() => {
          const loss = binaryCrossEntropy(discriminator.apply(generator.apply(noise(expected.zGenerator))), 1);
          const parameters = generator.parameters();
          expectGradients(`generator gradients ${t}`, loss, parameters, expected.generatorGradients, tolerance);
          return loss;
        }),
      );
      close(`generator loss ${t}`, generatorLoss, expected.generatorLoss);
      expectParameters(`iteration ${t}`, generator, expected.generator, tolerance);
      expectParameters(`iteration ${t}`, discriminator, expected.discriminator, tolerance);
    });
  });
});
