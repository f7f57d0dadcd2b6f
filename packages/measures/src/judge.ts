// The judge of generators: knows MNIST's training set, and says how images compare with it.

import { ArgumentError, ShapeError, type Tensor, tensor, withBackend } from "@adjoint/core";
import { IMAGE_SIDE, type Mnist } from "@adjoint/mnist";
import { type ClassMeasures, measureClasses } from "./class-measures.js";
import { DIGITS, FEATURE_SIZE } from "./classifier.js";
import { readClassifier, type TrainedClassifier, trainingImagesOf } from "./classifier-file.js";
import { frechetDistance } from "./frechet-distance.js";
import { momentsOf } from "./moments.js";
import { findNearestImages, type NearestImages } from "./nearest-images.js";
import {
  compareNeighbourhoods,
  type NeighbourhoodMeasures,
  type Neighbourhoods,
  neighbourhoodsOf,
} from "./neighbourhoods.js";

/** How good a set of generated digits is. Distances and shares are compared with those of MNIST's test set: the floor. */
export interface Measures extends ClassMeasures, NeighbourhoodMeasures {
  /** How many images were measured. The Fréchet distance of fewer is larger: compare like with like. */
  readonly images: number;
  /** Of the classifier's 64 features from those of the whole training set (see `frechetDistance`). */
  readonly frechetDistance: number;
  /** How far images are from the nearest training image, pixel by pixel (see `NearestImages`). */
  readonly nearest: NearestSummary;
}

/** Of some images: far below the floor, or at zero, a generator copies. */
export interface NearestSummary {
  readonly images: number;
  readonly mean: number;
  readonly least: number;
}

/** Images that are measured by a program: those of the test set, and as many of a generator. */
export const MEASURED_IMAGES = 10_000;

/** Training images among which neighbours are looked for: the first. */
const REAL_IMAGES = 10_000;

/** k of precision, recall, density and coverage. */
const NEIGHBOURS = 5;

/** Images whose nearest training image is looked for: the first. */
const NEAREST_IMAGES = 1000;

const PIXELS = IMAGE_SIDE * IMAGE_SIDE;

/** Measures sets of images. It draws no random numbers, and the same images give the same measures. */
export class Judge {
  readonly #trained: TrainedClassifier;
  readonly #train: Mnist;
  readonly #real: Neighbourhoods;

  private constructor(trained: TrainedClassifier, train: Mnist, real: Neighbourhoods) {
    this.#trained = trained;
    this.#train = train;
    this.#real = real;
  }

  /**
   * Reads the classifier and looks at training images with it, on the current backend, where all is computed from then
   * on, whatever backend is chosen later. On `wasm` measures are the same everywhere to the last bit of their float32 parts.
   *
   * @param options.train MNIST's training set
   * @throws ArgumentError for other images; FileSystemError or FileFormatError where the classifier cannot be read
   */
  static async load({ train }: { train: Mnist }): Promise<Judge> {
    const trained = await readClassifier();
    if (train.sha256 !== trained.images) {
      throw new ArgumentError("Judge.load", `needs MNIST's 60,000 training images, got others from ${train.source}`);
    }
    const { features } = await trained.classifier.lookAtDataset(train.images, REAL_IMAGES);
    const rows = onBackendOf(trained, features, [REAL_IMAGES, FEATURE_SIZE]);
    return new Judge(trained, train, await neighbourhoodsOf(rows, NEIGHBOURS));
  }

  /** Whether images are those that it compares with: MNIST's training set. */
  static async knows({ sha256 }: Mnist): Promise<boolean> {
    return sha256 === (await trainingImagesOf());
  }

  /**
   * Measures generated images against the training set.
   *
   * @param images pixels in [−1, 1], [count, 28, 28, 1], of any backend, or as many values in a row; more than 64 images
   * @throws ShapeError for another shape or too few; ArgumentError for a pixel that is out of range, or not a number
   */
  async measure(images: Tensor | Float32Array): Promise<Measures> {
    const pixels = await pixelsOf("Judge.measure", images);
    const count = pixels.length / PIXELS;
    if (count <= FEATURE_SIZE) {
      throw new ShapeError("Judge.measure", `needs more images than there are features, ${FEATURE_SIZE}, got ${count}`);
    }
    const { classifier, training } = this.#trained;
    const { features, probabilities } = await classifier.look(count, (start, end) => this.#images(pixels, start, end));
    const rows = onBackendOf(this.#trained, features, [count, FEATURE_SIZE]);
    const { distances } = await this.nearest(pixels.subarray(0, NEAREST_IMAGES * PIXELS));
    return {
      images: count,
      frechetDistance: frechetDistance(momentsOf(features, FEATURE_SIZE), training),
      ...measureClasses(probabilities, DIGITS),
      ...(await compareNeighbourhoods(this.#real, await neighbourhoodsOf(rows, NEIGHBOURS))),
      nearest: summarize(distances),
    };
  }

  /** The nearest training image of each image. Takes and throws what `measure` does, but for any number of images. */
  async nearest(images: Tensor | Float32Array): Promise<NearestImages> {
    const pixels = await pixelsOf("Judge.nearest", images);
    const brightness = pixels.map((pixel) => (pixel + 1) / 2);
    const rows = onBackendOf(this.#trained, brightness, [pixels.length / PIXELS, PIXELS]);
    return findNearestImages(rows, this.#train.images);
  }

  #images(pixels: Float32Array, start: number, end: number): Tensor {
    const part = pixels.subarray(start * PIXELS, end * PIXELS);
    return onBackendOf(this.#trained, part, [end - start, IMAGE_SIDE, IMAGE_SIDE, 1]);
  }
}

function onBackendOf({ classifier }: TrainedClassifier, data: Float32Array, shape: readonly number[]): Tensor {
  return withBackend(classifier.backend, () => tensor(data, { shape }));
}

/** What rounding may add to a pixel's range. */
const SLACK = 1e-3;

async function pixelsOf(where: string, images: Tensor | Float32Array): Promise<Float32Array> {
  const isArray = images instanceof Float32Array;
  if (isArray ? images.length % PIXELS !== 0 : images.shape.slice(1).join() !== `${IMAGE_SIDE},${IMAGE_SIDE},1`) {
    const found = isArray ? `${images.length} values` : `[${images.shape.join(",")}]`;
    throw new ShapeError(where, `images must be [count,${IMAGE_SIDE},${IMAGE_SIDE},1], got ${found}`);
  }
  const pixels = isArray ? images : Float32Array.from(await images.data());
  const wrong = pixels.findIndex((pixel) => !(Math.abs(pixel) <= 1 + SLACK));
  if (wrong >= 0) throw new ArgumentError(where, `pixels must be in [−1, 1], got ${pixels[wrong]}`);
  return pixels;
}

function summarize(distances: Float64Array): NearestSummary {
  const images = distances.length;
  const mean = distances.reduce((sum, distance) => sum + distance, 0) / images;
  return { images, mean, least: Math.min(...distances) };
}
