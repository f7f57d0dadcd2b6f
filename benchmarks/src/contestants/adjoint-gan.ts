// adjoint's GAN: the example's own training step, on weights and batches that all contestants share.

import {
  ByteDataset,
  Dense,
  Flatten,
  LeakyReLU,
  type Parameter,
  Random,
  Reshape,
  Sequential,
  Sigmoid,
  scope,
  Tanh,
  tensor,
} from "@adjoint/core";
import { drawBatch } from "../../../examples/mnist-gan/src/batches.js";
import type { GanModels } from "../../../examples/mnist-gan/src/models.js";
import { createOptimizers, type GanBatch, ganStep } from "../../../examples/mnist-gan/src/step.js";
import { resident } from "./adjoint-resident.js";
import type { Prepared } from "./implementation.js";
import { type GanInputs, type GanTask, SHOWN_ITERATIONS } from "./protocol.js";

const LEARNING_RATE = 1e-3;
const NEGATIVE_SLOPE = 0.01;

/** Both models with hidden layers of `width` units and weights at random; with 128 they are the example's. */
export function createSizedModels(width: number, random: Random): GanModels {
  const slope = { negativeSlope: NEGATIVE_SLOPE };
  const hidden = [new Dense(100, width, { random }), new LeakyReLU(slope)];
  const image = [new Dense(width, 784, { random }), new Tanh(), new Reshape([28, 28, 1])];
  const judged = [new Flatten(), new Dense(784, width, { random }), new LeakyReLU(slope)];
  return {
    generator: new Sequential([...hidden, ...image], { name: "generator" }),
    discriminator: new Sequential([...judged, new Dense(width, 1, { random }), new Sigmoid()], {
      name: "discriminator",
    }),
  };
}

/** The parameters in the order of `GanTask.weights`. */
export function parametersOf({ generator, discriminator }: GanModels): Parameter[] {
  return [...generator.parameters(), ...discriminator.parameters()];
}

/** Iterations that start from the task's weights at each turn. */
export async function prepareGan(task: GanTask): Promise<Prepared> {
  const models = createSizedModels(task.width, new Random(1));
  const batches = task.batches.map((inputs) => batchOf(inputs, task.batchSize));
  const source = task.draws ? createByteSource(task.batchSize) : undefined;
  let optimizers = createOptimizers(models, LEARNING_RATE);
  let iteration = 0;
  const begin = () => {
    parametersOf(models).forEach((parameter, i) => {
      parameter.assign(tensor(task.weights[i] as Float32Array, { shape: parameter.shape }));
    });
    optimizers = createOptimizers(models, LEARNING_RATE);
    iteration = 0;
  };
  const given = () => batches[iteration++ % batches.length] as GanBatch;
  const step = () => scope(() => ganStep(models, optimizers, source ? drawBatch(source) : given()));
  begin();
  const shown = Array.from({ length: SHOWN_ITERATIONS }, step);
  const losses = shown.flatMap(({ discriminatorLoss, generatorLoss }) => [discriminatorLoss, generatorLoss]);
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

function batchOf({ real, discriminatorNoise, generatorNoise }: GanInputs, batchSize: number): GanBatch {
  return {
    real: resident(real, [batchSize, 28, 28, 1]),
    discriminatorNoise: resident(discriminatorNoise, [batchSize, 100]),
    generatorNoise: resident(generatorNoise, [batchSize, 100]),
  };
}

/** Images of bytes at random, as many as no cache holds, and where batches of them are drawn from. */
export function createByteSource(batchSize: number) {
  const count = 10_000;
  const bytes = Uint8Array.from({ length: count * 784 }, (_, i) => Math.imul(i, 2654435761) >>> 24);
  return {
    images: new ByteDataset(bytes, [count, 28, 28, 1]),
    batchSize,
    imagesRandom: new Random(2),
    noiseRandom: new Random(3),
  };
}
