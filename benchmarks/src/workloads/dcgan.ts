// An iteration of the GAN with convolutions on everybody who can differentiate one. (tfjs has no gradient of a
// convolution's kernel on wasm.)

import { Random } from "@adjoint/core";
import type { Contestant } from "../contestants/contestant.js";
import { DCGAN_SHAPES, type DcganTask } from "../contestants/protocol.js";
import type { InterleaveOptions } from "../harness.js";
import type { Comparison } from "../report.js";
import { compare } from "./compare.js";

const BATCHES = 2;
/** Losses of three iterations, over the largest of them; Adam's first steps go by the signs of gradients near 0. */
const TOLERANCE = 3e-3;
const NOTE =
  "Transposed convolutions 7×7×256 → 14×14×128 → 14×14×64 → 28×28×1 with normalization over the batch, against " +
  "convolutions of 32, 64 and 128 filters, 3×3. One update of each, with losses, Adam included, on batches that lie " +
  "ready. PyTorch in whichever of its two orders of axes is faster.";

/** The iteration at batch 128, and at a batch that jax-js, which takes seconds for each image, ends in minutes. */
export async function* benchmarkDcgan(
  contestants: readonly Contestant[],
  options: InterleaveOptions,
): AsyncGenerator<Comparison> {
  // the reference backend would take minutes too
  const quick = contestants.filter(({ spec }) => spec.backend !== "reference");
  const fast = quick.filter(({ spec }) => ["adjoint", "torch"].includes(spec.library) && spec.backend !== "gpu:webasm");
  const jax = quick.filter(({ spec }) => spec.library === "jax-js");
  for (const [taking, batchSize] of [[fast, 128] as const, [[...fast, ...jax], 4] as const]) {
    yield await compare(
      taking,
      {
        title: `One DCGAN iteration, batch ${batchSize}`,
        note: NOTE,
        task: dcganTask(batchSize),
        tolerance: TOLERANCE,
        operations: dcganOperations(batchSize),
      },
      options,
    );
  }
}

/** Weights and batches at random. */
export function dcganTask(batchSize: number): DcganTask {
  const random = new Random(3);
  const normal = (count: number) => random.fillNormal(new Float32Array(count));
  return {
    kind: "dcgan",
    batchSize,
    weights: DCGAN_SHAPES.map((shape) => normal(sizeOf(shape)).map((x) => x * (shape.length > 1 ? 0.05 : 0))),
    batches: Array.from({ length: BATCHES }, () => ({
      real: random.fillUniform(new Float32Array(batchSize * 784)).map((x) => 2 * x - 1),
      discriminatorNoise: normal(batchSize * 100),
      generatorNoise: normal(batchSize * 100),
    })),
  };
}

/** Operations of an iteration's products, two for each multiplication and addition. */
export function dcganOperations(batchSize: number): number {
  // for each place of the smaller image, that of the kernel's whole extent
  const generator = 100 * 12544 + 49 * 9 * 256 * 128 + 196 * 9 * 128 * 64 + 196 * 9 * 64;
  const [first, others] = [196 * 9 * 32, 49 * 9 * 32 * 64 + 16 * 9 * 64 * 128 + 2048];
  // both kinds of images: forward, and the gradients of kernels and of all inputs but the images
  const discriminatorUpdate = 2 * (2 * first + 3 * others);
  // both forward, the gradients of all inputs but the noise, and of the generator's kernels
  const generatorUpdate = 3 * generator - 100 * 12544 + 2 * (first + others);
  return 2 * batchSize * (generator + discriminatorUpdate + generatorUpdate);
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}
