// How good a generator has become, beside MNIST's test set and the article's GAN: is a run normal?

import { type BackendName, currentBackend, type Random, useBackend } from "@adjoint/core";
import {
  describeSeeds,
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
import { type Generate, makeImages } from "./made-images.js";
import type { FinalPicture, Findings } from "./program.js";
import { pictureGrid } from "./run/picture-grid.js";

const HEADING = "How good the generator is";

/** Images whose nearest training images are shown. */
const SHOWN = 12;

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
  if (!(await Judge.knows(mnist))) return notMeasured("the training images are not MNIST's");
  const former = currentBackend();
  const images = await makeImages(generate, MEASURED_IMAGES, random);
  // where losses that are no numbers were ignored, the run has come to its end for all that
  if (!images.every(Number.isFinite)) return notMeasured("the generator's images have pixels that are not finite");
  const { backend } = await useBackend("wasm", threads === undefined ? {} : { threads });
  try {
    const judge = await Judge.load({ train: mnist });
    const measured = describeMeasures(await judge.measure(images), await readReference());
    return { ...measured, pictures: [await nearestPicture(judge, images, mnist)] };
  } finally {
    if (backend !== former) {
      await useBackend(former.name as BackendName);
      await backend.dispose();
    }
  }
}

function notMeasured(why: string): Findings {
  return { heading: HEADING, rows: [["Not measured", why]], values: {} };
}

/** The first of the images, and below each the training image that is nearest to it. */
async function nearestPicture(judge: Judge, images: Float32Array, { images: train }: Mnist): Promise<FinalPicture> {
  const shown = images.subarray(0, SHOWN * IMAGE_SIDE ** 2);
  const { indices } = await judge.nearest(shown);
  const nearest = await train.batch(indices, { scale: 1 / 255 }).data();
  const sheet = pictureGrid([...shown.map((pixel) => (pixel + 1) / 2), ...nearest], {
    columns: SHOWN,
    imageHeight: IMAGE_SIDE,
    imageWidth: IMAGE_SIDE,
    scale: 2,
    gap: 4,
  });
  return {
    name: "nearest.png",
    caption: "Does it copy? Images from the generator, and below each the training image that is nearest to it.",
    draw: async () => sheet,
  };
}

/** Measures as a table beside those they are compared with. */
export function describeMeasures(measures: Measures, { floor, gan }: Reference): Findings {
  const seeds = gan.map((run) => run.measures);
  return {
    heading: HEADING,
    columns: ["this run", `mnist-gan, ${describeSeeds(gan)}`, "MNIST's test set"],
    rows: FIGURES.map((figure) => [
      figure.title,
      ...[measures, seeds, floor].map((measured) => formatFigure(figure, measured)),
    ]),
    values: numbersOf(measures),
  };
}
