// How good a generator has become, beside MNIST's test set and the article's GAN: is a run normal?

import { type BackendName, currentBackend, type Random, type Tensor, useBackend } from "@adjoint/core";
import {
  FIGURES,
  formatFigure,
  Judge,
  MEASURED_IMAGES,
  type Measures,
  numbersOf,
  type Reference,
  readReference,
} from "@adjoint/measures";
import { IMAGE_SIDE, type Mnist } from "@adjoint/mnist";
import type { Findings } from "./program.js";

/** Makes images, [count, 28, 28, 1] in [−1, 1]. */
export type Generate = (count: number, random: Random) => Tensor;

const HEADING = "How good the generator is";

/** Images that are made at once. */
const BLOCK = 500;

/** Makes as many images as are measured, some at a time, and hands back all their pixels. */
export async function makeImages(generate: Generate, random: Random): Promise<Float32Array> {
  const pixels = new Float32Array(MEASURED_IMAGES * IMAGE_SIDE ** 2);
  for (let made = 0; made < MEASURED_IMAGES; made += BLOCK) {
    const images = generate(Math.min(BLOCK, MEASURED_IMAGES - made), random);
    pixels.set(await images.data(), made * IMAGE_SIDE ** 2);
    images.dispose();
  }
  return pixels;
}

/** What a generator is measured with. */
export interface MeasuringTools {
  readonly mnist: Mnist;
  /** Draws what the images are made from. */
  readonly random: Random;
  /** Of the backend that measures; by default the machine's. */
  readonly threads?: number | undefined;
}

/**
 * Measures a generator on the current backend. The measures are computed on `wasm` in any case, so that those of all
 * runs can be compared; the current backend is the same afterwards. Other training images than MNIST's are nothing that
 * could be compared with.
 */
export async function measureGenerator(
  generate: Generate,
  { mnist, random, threads }: MeasuringTools,
): Promise<Findings> {
  if (!(await Judge.knows(mnist))) {
    return { heading: HEADING, rows: [["Not measured", "the training images are not MNIST's"]], values: {} };
  }
  const former = currentBackend();
  const images = await makeImages(generate, random);
  const { backend } = await useBackend("wasm", threads === undefined ? {} : { threads });
  try {
    const judge = await Judge.load({ train: mnist });
    return describeMeasures(await judge.measure(images), await readReference());
  } finally {
    if (backend !== former) {
      await useBackend(former.name as BackendName);
      await backend.dispose();
    }
  }
}

/** Measures as a table beside those they are compared with. */
export function describeMeasures(measures: Measures, { floor, gan }: Reference): Findings {
  const seeds = gan.map((run) => run.measures);
  return {
    heading: HEADING,
    columns: ["this run", `mnist-gan, ${seeds.length} seeds`, "MNIST's test set"],
    rows: FIGURES.map((figure) => [
      figure.title,
      ...[measures, seeds, floor].map((measured) => formatFigure(figure, measured)),
    ]),
    values: numbersOf(measures),
  };
}
