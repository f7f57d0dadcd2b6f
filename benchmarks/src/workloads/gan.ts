// One iteration of the GAN on everybody who has autodiff, and adjoint's over batch sizes and widths.

import { Random, useBackend } from "@adjoint/core";
import { createSizedModels, parametersOf } from "../contestants/adjoint-gan.js";
import type { Contestant } from "../contestants/contestant.js";
import type { GanTask } from "../contestants/protocol.js";
import { type InterleaveOptions, interleave } from "../harness.js";
import type { Comparison } from "../report.js";
import { compare } from "./compare.js";

const BATCHES = 4;
const TOLERANCE = 1e-3;
/**
 * Engines compile what an iteration calls for some seconds, in threads that take processors from those that compute. A
 * training lasts minutes.
 */
const WARM_UP = { warmUpMilliseconds: 5000, rehearsals: 3 };
const GAN_LIBRARIES: readonly string[] = ["adjoint", "tfjs", "jax-js", "torch"];

/** The iteration of GAN.md, batch 128: first with batches at hand for everybody, then with adjoint drawing them. */
export async function* benchmarkGan(
  contestants: readonly Contestant[],
  options: InterleaveOptions,
): AsyncGenerator<Comparison> {
  const taking = contestants.filter(({ spec }) => GAN_LIBRARIES.includes(spec.library));
  const task = await ganTask(128, 128);
  yield await compare(
    taking,
    {
      title: "One GAN iteration, batch 128",
      note:
        "Two updates of the discriminator and one of the generator through the frozen discriminator, with losses and " +
        "accuracy, Adam included, on batches that lie ready. Every turn starts from the same weights.",
      task,
      tolerance: TOLERANCE,
      operations: ganOperations(128, 128),
    },
    { ...WARM_UP, ...options },
  );
  yield await compare(
    taking.filter(isEngine),
    {
      title: "One GAN iteration, batch 128, its batch drawn in it",
      note: "As above, with images drawn from 10,000 as bytes, scaled, and normal noise, as in `examples/mnist-gan`.",
      task: { ...task, draws: true },
      tolerance: TOLERANCE,
    },
    { ...WARM_UP, ...options },
  );
}

/** adjoint's iteration over batch sizes and widths, a table for each backend with all its threads. */
export async function* sweepGan(
  contestants: readonly Contestant[],
  options: InterleaveOptions,
): AsyncGenerator<Comparison> {
  const engines = contestants.filter(isEngine);
  const most = Math.max(...engines.map(({ spec }) => spec.threads));
  const sizes = [
    ...[32, 64, 128, 256, 512, 1024].map((batchSize) => ({ batchSize, width: 128 })),
    ...[64, 256, 512, 1024].map((width) => ({ batchSize: 128, width })),
  ];
  for (const contestant of engines.filter(({ spec }) => spec.threads === most)) {
    const candidates = [];
    const operations: Record<string, number> = {};
    for (const { batchSize, width } of sizes) {
      const name = `batch ${batchSize}, width ${width}`;
      await contestant.prepare(name, await ganTask(batchSize, width));
      candidates.push({ name, time: (calls: number) => contestant.time(name, calls) });
      operations[name] = ganOperations(batchSize, width);
    }
    const measurements = await interleave(candidates, { ...WARM_UP, ...options });
    for (const { name } of candidates) await contestant.forget(name);
    yield {
      title: `One GAN iteration over batch size and width: ${contestant.name}`,
      measurements,
      operations,
    };
  }
}

/** adjoint where it is meant to be fast. */
function isEngine({ spec }: Contestant): boolean {
  return spec.library === "adjoint" && (spec.backend === "wasm" || spec.backend === "blas");
}

/** Weights as the example draws them, and batches at random. */
export async function ganTask(batchSize: number, width: number): Promise<GanTask> {
  // only to draw numbers: this process has no threads that could spin while others are timed
  await useBackend("reference");
  const models = createSizedModels(width, new Random(1));
  const random = new Random(2);
  const normal = () => random.fillNormal(new Float32Array(batchSize * 100));
  return {
    kind: "gan",
    batchSize,
    width,
    weights: parametersOf(models).map((parameter) => Float32Array.from(parameter.dataSync())),
    batches: Array.from({ length: BATCHES }, () => ({
      real: random.fillUniform(new Float32Array(batchSize * 784)).map((x) => 2 * x - 1),
      discriminatorNoise: normal(),
      generatorNoise: normal(),
    })),
  };
}

/** Operations of an iteration's products, two for each multiplication and addition. */
export function ganOperations(batchSize: number, width: number): number {
  const generator = 100 * width + width * 784;
  const discriminator = 784 * width + width;
  // forward, gradients of both kernels, and of the hidden layer
  const discriminatorUpdate = 2 * discriminator + width;
  // both forward, the gradient of the image, the generator's kernels, and its hidden layer
  const generatorUpdate = generator + 2 * discriminator + generator + width * 784;
  return 2 * batchSize * (generator + 2 * discriminatorUpdate + generatorUpdate);
}
