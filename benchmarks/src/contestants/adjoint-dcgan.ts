// adjoint's GAN with convolutions, on weights and batches that all contestants share. It pads as PyTorch can, one pixel
// on each side, where the example pads as Keras does; the work is the same.

import {
  Adam,
  BatchNorm,
  binaryCrossEntropyWithLogits,
  Conv2d,
  ConvTranspose2d,
  Dense,
  Flatten,
  LeakyReLU,
  type Module,
  noGradient,
  type Parameter,
  Random,
  Reshape,
  Sequential,
  scope,
  Tanh,
  type Tensor,
  tensor,
  withFrozen,
} from "@adjoint/core";
import { resident } from "./adjoint-resident.js";
import type { Prepared } from "./implementation.js";
import { DCGAN_OPTIONS, type DcganTask, SHOWN_ITERATIONS } from "./protocol.js";

const { learningRate, beta1, epsilon, normalizationEpsilon } = DCGAN_OPTIONS;

interface Models {
  readonly generator: Sequential;
  readonly discriminator: Sequential;
}

function createModels(random: Random): Models {
  const halving = { random, stride: 2, padding: 1 };
  const doubling = { ...halving, outputPadding: 1 };
  const slope = { negativeSlope: 0.01 };
  const normalized = (channels: number) => [
    new BatchNorm(channels, { epsilon: normalizationEpsilon }),
    new LeakyReLU(slope),
  ];
  const generator = new Sequential([
    ...[new Dense(100, 12544, { random, bias: false }), ...normalized(12544), new Reshape([7, 7, 256])],
    ...[new ConvTranspose2d(256, 128, 3, doubling), ...normalized(128)],
    ...[new ConvTranspose2d(128, 64, 3, { random, padding: 1 }), ...normalized(64)],
    ...[new ConvTranspose2d(64, 1, 3, doubling), new Tanh()],
  ]);
  const discriminator = new Sequential([
    ...[new Conv2d(1, 32, 3, halving), new LeakyReLU(slope)],
    ...[new Conv2d(32, 64, 3, halving), new LeakyReLU(slope)],
    ...[new Conv2d(64, 128, 3, halving), new LeakyReLU(slope)],
    ...[new Flatten(), new Dense(2048, 1, { random })],
  ]);
  return { generator, discriminator };
}

/** The parameters in the order of `DCGAN_SHAPES`, and those of the normalizations, which begin as they are. */
function parametersOf({ generator, discriminator }: Models) {
  const all = [...generator.layers, ...discriminator.layers];
  const of = (isWanted: (layer: Module) => boolean) => all.filter(isWanted).flatMap((layer) => layer.parameters());
  return {
    drawn: of((layer) => !(layer instanceof BatchNorm)),
    normalizing: of((layer) => layer instanceof BatchNorm),
  };
}

/** Iterations that start from the task's weights at each turn. */
export async function prepareDcgan({ weights, batches: inputs, batchSize }: DcganTask): Promise<Prepared> {
  const models = createModels(new Random(1));
  const { drawn, normalizing } = parametersOf(models);
  const initial = normalizing.map((parameter) => Float32Array.from(parameter.dataSync()));
  const batches = inputs.map(({ real, discriminatorNoise, generatorNoise }) => ({
    real: resident(real, [batchSize, 28, 28, 1]),
    discriminatorNoise: resident(discriminatorNoise, [batchSize, 100]),
    generatorNoise: resident(generatorNoise, [batchSize, 100]),
  }));
  let optimizers = createOptimizers(models);
  let iteration = 0;
  const begin = () => {
    assign(drawn, weights);
    assign(normalizing, initial);
    optimizers = createOptimizers(models);
    iteration = 0;
  };
  const step = () => iterate(models, optimizers, batches[iteration++ % batches.length] as (typeof batches)[number]);
  begin();
  const losses = Array.from({ length: SHOWN_ITERATIONS }, () => scope(step)).flat();
  return {
    result: Float32Array.from(await Promise.all(losses.map((loss) => loss.item()))),
    begin,
    call: () => {
      scope(() => {
        step();
      });
    },
  };
}

function createOptimizers({ generator, discriminator }: Models) {
  const options = { learningRate, beta1, epsilon };
  return {
    generator: new Adam(generator.parameters(), options),
    discriminator: new Adam(discriminator.parameters(), options),
  };
}

function assign(parameters: readonly Parameter[], values: readonly Float32Array[]): void {
  parameters.forEach((parameter, i) => {
    parameter.assign(tensor(values[i] as Float32Array, { shape: parameter.shape }));
  });
}

function iterate(
  { generator, discriminator }: Models,
  optimizers: ReturnType<typeof createOptimizers>,
  { real, discriminatorNoise, generatorNoise }: { real: Tensor; discriminatorNoise: Tensor; generatorNoise: Tensor },
): Tensor[] {
  const generated = noGradient(() => generator.apply(discriminatorNoise));
  const judged = (images: Tensor, label: number) => binaryCrossEntropyWithLogits(discriminator.apply(images), label);
  const discriminatorLoss = optimizers.discriminator.minimize(() => judged(real, 1).add(judged(generated, 0)));
  const generatorLoss = withFrozen(discriminator, () =>
    optimizers.generator.minimize(() => judged(generator.apply(generatorNoise), 1)),
  );
  return [discriminatorLoss, generatorLoss];
}
