// How fast a backend is: products, and an iteration of the GAN of examples/mnist-gan, all at a batch of 128.

import { noGradient } from "../autodiff.js";
import type { Backend } from "../backends/backend.js";
import { withBackend } from "../backends/current.js";
import { measureSteps } from "../backends/measure.js";
import { binaryCrossEntropy } from "../losses/index.js";
import { withFrozen } from "../nn/freezing.js";
import { Dense, LeakyReLU, Sequential, Sigmoid, Tanh } from "../nn/layers.js";
import { randomNormal, randomUniform } from "../ops/creation.js";
import { matmul } from "../ops/matmul.js";
import { Adam } from "../optim/adam.js";
import { Random } from "../random.js";
import { scope } from "../scope.js";
import type { Tensor } from "../tensor.js";

/** Speeds of a backend: medians of short runs, for comparison with those of the same run only. */
export interface Speed {
  /** Products by their sizes m×k×n, with 10⁹ operations (multiplications and additions) a second. */
  readonly products: readonly { readonly size: string; readonly gigaflops: number }[];
  /** One iteration: two updates of the discriminator, one of the generator. */
  readonly ganStepMilliseconds: number;
  /** What `useBackend("auto")` measures: one layer that learns. */
  readonly autoStepMilliseconds: number;
}

type Sizes = readonly [m: number, k: number, n: number];

const SIZES: readonly Sizes[] = [
  [128, 784, 128],
  [512, 512, 512],
];

/** How long one thing is measured, in milliseconds, after a first call. */
const BUDGET = { full: 400, quick: 100 };
/** Calls of which only the last is waited for. */
const MOST_CALLS = 64;
const TURN = 15;

/** Measures a backend. Quick leaves out the larger product. */
export async function measureSpeed(backend: Backend, { quick = false } = {}): Promise<Speed> {
  const budget = quick ? BUDGET.quick : BUDGET.full;
  const products = [];
  for (const sizes of quick ? SIZES.slice(0, 1) : SIZES) {
    products.push({ size: sizes.join("×"), gigaflops: await productSpeed(backend, sizes, budget) });
  }
  const gan = createGan(backend);
  const ganStepMilliseconds = await millisecondsOf(gan.step, budget);
  gan.dispose();
  const [autoStepMilliseconds] = await measureSteps([backend]);
  if (typeof autoStepMilliseconds !== "number") throw autoStepMilliseconds;
  return { products, ganStepMilliseconds, autoStepMilliseconds };
}

async function productSpeed(backend: Backend, [m, k, n]: Sizes, budget: number): Promise<number> {
  const random = new Random(3);
  const [a, b] = withBackend(backend, () => [randomUniform([m, k], { random }), randomUniform([k, n], { random })]) as [
    Tensor,
    Tensor,
  ];
  const milliseconds = await millisecondsOf(() => matmul(a, b), budget);
  a.dispose();
  b.dispose();
  return (2 * m * k * n) / (milliseconds * 1e6);
}

/** The median time of a call whose result is a tensor. */
async function millisecondsOf(call: () => Tensor, budget: number): Promise<number> {
  await turn(call, 1);
  const began = performance.now();
  const first = await turn(call, 1);
  const calls = Math.max(1, Math.min(MOST_CALLS, Math.ceil(TURN / first)));
  const times = [first];
  while (performance.now() - began < budget) times.push(await turn(call, calls));
  times.sort((x, y) => x - y);
  return times[times.length >> 1] as number;
}

/** Milliseconds a call. What is computed later is waited for by reading the last result. */
async function turn(call: () => Tensor, calls: number): Promise<number> {
  const began = performance.now();
  const last = scope(() => {
    for (let i = 1; i < calls; i++) call().dispose();
    return call();
  });
  await last.data();
  const milliseconds = performance.now() - began;
  last.dispose();
  return milliseconds / calls;
}

const [BATCH, NOISE, HIDDEN, PIXELS] = [128, 100, 128, 784];

/** The GAN, on images and noise that stay the same. */
function createGan(backend: Backend): { readonly step: () => Tensor; dispose(): void } {
  const random = new Random(5);
  const dense = (from: number, to: number): Dense => new Dense(from, to, { random });
  const leaky = new LeakyReLU({ negativeSlope: 0.01 });
  const { generator, discriminator, real, noise } = withBackend(backend, () => ({
    generator: new Sequential([dense(NOISE, HIDDEN), leaky, dense(HIDDEN, PIXELS), new Tanh()]),
    discriminator: new Sequential([dense(PIXELS, HIDDEN), leaky, dense(HIDDEN, 1), new Sigmoid()]),
    real: randomUniform([BATCH, PIXELS], { random }),
    noise: randomNormal([BATCH, NOISE], { random }),
  }));
  const ofGenerator = new Adam(generator.parameters());
  const ofDiscriminator = new Adam(discriminator.parameters());
  const judge = (images: Tensor, label: number): Tensor => binaryCrossEntropy(discriminator.apply(images), label);
  const iterate = (): Tensor => {
    const generated = noGradient(() => generator.apply(noise));
    ofDiscriminator.minimize(() => judge(real, 1));
    ofDiscriminator.minimize(() => judge(generated, 0));
    return withFrozen(discriminator, () => ofGenerator.minimize(() => judge(generator.apply(noise), 1)));
  };
  return {
    step: () => withBackend(backend, () => scope(iterate)),
    dispose() {
      for (const tensor of [real, noise, ...generator.parameters(), ...discriminator.parameters()]) tensor.dispose();
    },
  };
}
