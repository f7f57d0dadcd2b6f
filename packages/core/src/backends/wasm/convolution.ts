// Convolutions as products: the windows of a few images at a time become rows of a matrix in memory that is lent for the
// while, small enough to stay in a cache, and the tuned product does the rest. What is a sum over all images is added up
// in their order, in float64, so that results do not depend on the number of threads, nor errors on that of images.

import { sizeOf } from "../../shape.js";
import type { ConvolutionSpec } from "../backend.js";
import type { Engine } from "./engine.js";
import { type Address, GRAIN_CHEAP } from "./kernel-runner.js";
import type { Product } from "./products.js";

/** As many numbers as the windows of a few images may be: 4 MiB. */
const MOST_NUMBERS = 1 << 20;

/** Where the three parts of y = C(x, w) lie: x, w and y. */
export interface ConvolutionPlaces {
  readonly images: Address;
  readonly kernel: Address;
  readonly results: Address;
}

/** A few of the images: where they begin, and where their windows and results do. */
interface Few {
  readonly images: Address;
  readonly results: Address;
  readonly windows: Address;
  readonly count: number;
  readonly isFirst: boolean;
  readonly isLast: boolean;
}

/** Convolutions on an engine's memory, by the products of a backend. */
export class Convolver {
  readonly #engine: Engine;
  readonly #multiply: (product: Product) => void;

  constructor(engine: Engine, multiply: (product: Product) => void) {
    this.#engine = engine;
    this.#multiply = multiply;
  }

  /** y = C(x, w) + bias; an address of 0 stands for no bias. */
  forward(spec: ConvolutionSpec, places: ConvolutionPlaces, bias: Address): void {
    const { pixels, cells } = sizesOf(spec);
    this.#inTurn(spec, places, (few, geometry) => {
      const a = this.#gather(spec, few, geometry);
      const sizes = { m: few.count * pixels, n: spec.outChannels, k: cells };
      this.#multiply({ a, b: places.kernel, c: few.results, ...sizes, transposeA: false, transposeB: false, bias });
    });
  }

  /** x = T(y, w) + bias. */
  back(spec: ConvolutionSpec, places: ConvolutionPlaces, bias: Address): void {
    const { pixels, cells } = sizesOf(spec);
    const [height, width] = spec.input;
    const line = width * spec.inChannels;
    this.#inTurn(spec, places, (few, geometry) => {
      const sizes = { m: few.count * pixels, n: cells, k: spec.outChannels };
      const product = { a: few.results, b: places.kernel, ...sizes, transposeA: false, transposeB: true };
      if (isPlain(spec)) {
        this.#multiply({ ...product, c: few.images, bias });
        return;
      }
      this.#multiply({ ...product, c: few.windows });
      const grain = Math.ceil(GRAIN_CHEAP / Math.max(1, 4 * line));
      this.#engine.split("scatterWindows", few.count * height, grain, 1, (from, to) => {
        return [few.windows, geometry, few.images, bias, from, to];
      });
    });
  }

  /** w = K(x, y). */
  kernel(spec: ConvolutionSpec, places: ConvolutionPlaces): void {
    const { pixels, cells } = sizesOf(spec);
    const size = cells * spec.outChannels;
    if (spec.batch === 0) this.#engine.fill(places.kernel, size, 0);
    const turns = Math.ceil(spec.batch / atOnce(spec));
    this.#engine.memory.lend(turns > 1 ? 8 * size : 0, (totals) => {
      this.#inTurn(spec, places, (few, geometry) => {
        const a = this.#gather(spec, few, geometry);
        const sizes = { m: cells, n: spec.outChannels, k: few.count * pixels };
        this.#multiply({ a, b: few.results, c: places.kernel, ...sizes, transposeA: true, transposeB: false });
        if (turns > 1) this.#engine.addToTotals(places.kernel, totals, size, few.isFirst, few.isLast);
      });
    });
  }

  /** The address of the windows as rows: of the images themselves, where each pixel is a window. */
  #gather(spec: ConvolutionSpec, { images, windows, count }: Few, geometry: Address): Address {
    if (isPlain(spec)) return images;
    const { pixels, cells } = sizesOf(spec);
    this.#engine.split("gatherWindows", count * pixels, Math.ceil(GRAIN_CHEAP / 4 / cells), 1, (from, to) => {
      return [images, geometry, windows + 4 * from * cells, from, to];
    });
    return windows;
  }

  /** Calls `compute` for a few images after the other. */
  #inTurn(spec: ConvolutionSpec, places: ConvolutionPlaces, compute: (few: Few, geometry: Address) => void): void {
    const { pixels, cells } = sizesOf(spec);
    const each = pixels * cells;
    const most = atOnce(spec);
    this.#engine.lendIntegers(geometryOf(spec), (geometry) => {
      this.#engine.memory.lend(isPlain(spec) ? 0 : 4 * most * each, (windows) => {
        for (let first = 0; first < spec.batch; first += most) {
          const count = Math.min(most, spec.batch - first);
          const images = places.images + 4 * first * sizeOf(spec.input) * spec.inChannels;
          const results = places.results + 4 * first * pixels * spec.outChannels;
          const isLast = first + count === spec.batch;
          compute({ images, results, windows, count, isFirst: first === 0, isLast }, geometry);
        }
      });
    });
  }
}

/** Windows of an image, and numbers in a window. */
function sizesOf({ output, kernel, inChannels }: ConvolutionSpec) {
  return { pixels: sizeOf(output), cells: sizeOf(kernel) * inChannels };
}

/** How many images are taken at a time. */
function atOnce(spec: ConvolutionSpec): number {
  const { pixels, cells } = sizesOf(spec);
  return Math.max(1, Math.min(spec.batch, Math.floor(MOST_NUMBERS / (pixels * cells))));
}

/** Whether each pixel is a window of its own, so that the images are their windows. */
function isPlain({ input, output, kernel, stride, before }: ConvolutionSpec): boolean {
  return [0, 1].every(
    (axis) => kernel[axis] === 1 && stride[axis] === 1 && before[axis] === 0 && input[axis] === output[axis],
  );
}

/** What the kernels are told, in the order in which they read it. */
function geometryOf({ input, inChannels, output, kernel, stride, dilation, before }: ConvolutionSpec): Int32Array {
  return Int32Array.of(...input, inChannels, ...output, ...kernel, ...stride, ...dilation, ...before);
}
