// The MNIST GAN of examples/mnist-gan, trained for some iterations on images of random bytes, and the sums of all that
// comes out of it. Runs in Node, in a page and in a Web Worker.

import {
  ByteDataset,
  type Module,
  noGradient,
  type Optimizer,
  Random,
  randomNormal,
  scope,
  type Tensor,
  useBackend,
  WasmBackend,
} from "@adjoint/core";
import { type BatchSource, drawBatch } from "../../../../examples/mnist-gan/src/batches.js";
import { createModels, NOISE_SIZE } from "../../../../examples/mnist-gan/src/models.js";
import { createOptimizers, ganStep } from "../../../../examples/mnist-gan/src/step.js";
import { sha256OfAll } from "./hashes.js";
import { watchWorkers } from "./worker-census.js";

const SEED = 20_141;
const ITERATIONS = 12;
const BATCH = 128;
const IMAGES = 300;
const PICTURES = 100;

/** What a run came to. */
export interface GanOutcome {
  /** SHA-256 sums of losses, weights, states of the optimizers and pictures, by name. */
  readonly sums: Record<string, string>;
  /** Threads that the backend says it has. */
  readonly threads: number;
  /** How many parts of jobs each worker did. */
  readonly parts: readonly number[];
  /** The losses of the last iteration, to be seen to be numbers. */
  readonly losses: readonly number[];
}

/**
 * Trains on a new wasm backend with so many threads.
 *
 * @param options.whenReady whether all threads are up before the first iteration (the default), or come up meanwhile
 * @param options.relaxed whether products use relaxed SIMD
 * @param options.wide whether vectors have 256 bits
 */
export async function trainGan(
  threads: number,
  { whenReady = true, relaxed = false, wide = false } = {},
): Promise<GanOutcome> {
  const census = watchWorkers();
  try {
    const { backend } = await useBackend("wasm", { threads, relaxed, wide });
    if (!(backend instanceof WasmBackend)) throw new Error("useBackend gave another backend than the wasm one");
    try {
      if (whenReady) await backend.ready();
      const { values, losses } = train();
      const sums = await sha256OfAll(values);
      return { sums, losses, threads: backend.info().threads, parts: census.parts() };
    } finally {
      await backend.dispose();
    }
  } finally {
    census.stop();
  }
}

function train(): { values: Map<string, Float32Array>; losses: number[] } {
  const models = createModels(new Random(SEED));
  const optimizers = createOptimizers(models, 0.001);
  const source: BatchSource = {
    images: randomImages(),
    batchSize: BATCH,
    imagesRandom: new Random(SEED, { stream: 1 }),
    noiseRandom: new Random(SEED, { stream: 2 }),
  };
  const losses: number[][] = [];
  for (let i = 0; i < ITERATIONS; i++) {
    losses.push(
      scope(() => {
        const step = ganStep(models, optimizers, drawBatch(source));
        return [step.discriminatorLoss, step.discriminatorAccuracy, step.generatorLoss].map((loss) => loss.itemSync());
      }),
    );
  }
  const noise = randomNormal([PICTURES, NOISE_SIZE], { random: new Random(SEED, { stream: 3 }) });
  const pictures = noGradient(() => models.generator.apply(noise));
  const values = new Map([
    ["losses", Float32Array.from(losses.flat())],
    ["pictures", floatsOf(pictures)],
    ...statesOf("generator", models.generator),
    ...statesOf("discriminator", models.discriminator),
    ...statesOf("generator's optimizer", optimizers.generator),
    ...statesOf("discriminator's optimizer", optimizers.discriminator),
  ]);
  return { values, losses: losses.at(-1) ?? [] };
}

function randomImages(): ByteDataset {
  const random = new Random(SEED, { stream: 4 });
  const bytes = Uint8Array.from({ length: IMAGES * 28 * 28 }, () => random.integer(256));
  return new ByteDataset(bytes, [IMAGES, 28, 28, 1]);
}

function statesOf(owner: string, of: Module | Optimizer): [string, Float32Array][] {
  return [...of.stateDict()].map(([name, value]) => [`${owner}: ${name}`, floatsOf(value)]);
}

function floatsOf(x: Tensor): Float32Array {
  const values = x.dataSync();
  if (values instanceof Float32Array) return values;
  throw new Error("the wasm backend gave float64");
}
