// One iteration of the GAN on every backend, and what a frozen discriminator saves.

import {
  Adam,
  type Backend,
  ByteDataset,
  binaryCrossEntropy,
  Random,
  randomNormal,
  scope,
  type Tensor,
  withBackend,
  withFrozen,
} from "@adjoint/core";
import { drawBatch } from "../../examples/mnist-gan/src/batches.js";
import { createModels, NOISE_SIZE } from "../../examples/mnist-gan/src/models.js";
import { createOptimizers, ganStep } from "../../examples/mnist-gan/src/step.js";
import { checkAgreement, interleave } from "./harness.js";
import type { Comparison } from "./report.js";

const BATCH_SIZE = 128;

/** Times the example's own training step on each backend, on images of random bytes. */
export async function benchmarkGanStep(backends: readonly Backend[], rounds: number): Promise<Comparison> {
  const steps = backends.map((backend) => ({ name: backend.name, step: ganStepOn(backend) }));
  const losses = steps.map(({ step }) => {
    const { discriminatorLoss, generatorLoss } = step();
    return [discriminatorLoss.itemSync(), generatorLoss.itemSync()];
  });
  losses.forEach((loss, i) => {
    checkAgreement(`the GAN's losses on ${steps[i]?.name}`, loss, losses[0] ?? [], 1e-4);
  });
  return {
    title: "One GAN iteration, batch 128",
    note: "Two updates of the discriminator and one of the generator, as in `examples/mnist-gan`, drawing the batch included.",
    measurements: await interleave(
      steps.map(({ name, step }) => ({ name, run: () => void step() })),
      { rounds },
    ),
  };
}

function ganStepOn(backend: Backend) {
  return withBackend(backend, () => {
    const bytes = Uint8Array.from({ length: 256 * 784 }, (_, i) => (i * 2654435761) >>> 24);
    const models = createModels(new Random(1));
    const optimizers = createOptimizers(models, 1e-3);
    const source = {
      images: new ByteDataset(bytes, [256, 28, 28, 1]),
      batchSize: BATCH_SIZE,
      imagesRandom: new Random(2),
      noiseRandom: new Random(3),
    };
    return () => withBackend(backend, () => scope(() => ganStep(models, optimizers, drawBatch(source))));
  });
}

/**
 * Times a generator update with the discriminator frozen and with it trainable in the same update: the difference is
 * the work that freezing saves.
 */
export async function benchmarkFreezing(backend: Backend, rounds: number): Promise<Comparison> {
  const candidates = withBackend(backend, () => {
    const { generator, discriminator } = createModels(new Random(1));
    const noise = randomNormal([BATCH_SIZE, NOISE_SIZE], { random: new Random(2) });
    const loss = (): Tensor => binaryCrossEntropy(discriminator.apply(generator.apply(noise)), 1);
    const generatorOnly = new Adam(generator.parameters(), { learningRate: 0 });
    const both = new Adam([...generator.parameters(), ...discriminator.parameters()], { learningRate: 0 });
    const inScope = (step: () => Tensor) => () => void withBackend(backend, () => scope(step));
    return [
      { name: "trainable", run: inScope(() => both.minimize(loss)) },
      { name: "frozen", run: inScope(() => withFrozen(discriminator, () => generatorOnly.minimize(loss))) },
    ];
  });
  return {
    title: `What freezing saves: a generator update on ${backend.name}`,
    note: "The loss is the same. With the discriminator frozen its weight gradients and its update are never computed.",
    measurements: await interleave(candidates, { rounds }),
  };
}
