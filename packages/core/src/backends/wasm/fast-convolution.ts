// Convolutions 3×3 without steps or gaps, in 16 multiplications where the definition takes 36: images are cut into
// squares of 4×4 pixels that overlap, which give 2×2 results each. See assembly/winograd.ts for the method. Results are
// rounded otherwise than those of the definition; an infinite pixel reaches all results of its squares, as NaN too.
// A few images at a time, in their order, so that results do not depend on the number of threads. What is a sum over all
// images is added up in float64.

import type { ConvolutionSpec, Extent } from "../backend.js";
import type { ConvolutionPlaces } from "./convolution.js";
import type { Engine } from "./engine.js";
import { type Address, GRAIN_CHEAP } from "./kernel-runner.js";
import type { Product } from "./products.js";

/** Places of a square. */
const PLANES = 16;
/** As many numbers as the squares of a few images may be, before the products and after them: 8 MiB. */
const MOST_NUMBERS = 1 << 21;
/** With fewer channels the products are too thin to be worth what is done before and after them. */
const FEWEST_CHANNELS = 16;
/** With fewer results in an image so is what is done to the kernel. */
const SMALLEST_SIDE = 4;

/** Images in memory, channels last. */
interface Images {
  readonly address: Address;
  readonly size: Extent;
  readonly channels: number;
}

/** How images become others: the kernel's planes, and how many pixels lie outside before the first square. */
interface Passage {
  readonly kernel: Address;
  readonly turned: boolean;
  readonly before: readonly number[];
  readonly bias: Address;
}

/** A few of the images, by the squares of their results. */
interface Few {
  readonly first: number;
  readonly count: number;
  readonly squares: number;
}

/** Whether a convolution is one of these. By its sizes alone but for the batch: an image's result is the same in any. */
export function isFast({ kernel, stride, dilation, output, input, inChannels, outChannels }: ConvolutionSpec): boolean {
  return (
    kernel.every((extent) => extent === 3) &&
    [...stride, ...dilation].every((step) => step === 1) &&
    [...output, ...input].every((extent) => extent >= SMALLEST_SIDE) &&
    [inChannels, outChannels].every((channels) => channels >= FEWEST_CHANNELS && channels % 4 === 0)
  );
}

/** Those convolutions on an engine's memory, by the products of a backend. */
export class FastConvolver {
  readonly #engine: Engine;
  readonly #multiply: (product: Product) => void;

  constructor(engine: Engine, multiply: (product: Product) => void) {
    this.#engine = engine;
    this.#multiply = multiply;
  }

  /** y = C(x, w) + bias; an address of 0 stands for no bias. */
  forward(spec: ConvolutionSpec, { images, kernel, results }: ConvolutionPlaces, bias: Address): void {
    const from = { address: images, size: spec.input, channels: spec.inChannels };
    const to = { address: results, size: spec.output, channels: spec.outChannels };
    this.#pass(spec.batch, from, to, { kernel, turned: false, before: spec.before, bias });
  }

  /** x = T(y, w) + bias: the convolution of y by the kernel turned by half a turn. */
  back(spec: ConvolutionSpec, { images, kernel, results }: ConvolutionPlaces, bias: Address): void {
    const from = { address: results, size: spec.output, channels: spec.outChannels };
    const to = { address: images, size: spec.input, channels: spec.inChannels };
    const before = spec.before.map((pixels) => 2 - pixels);
    this.#pass(spec.batch, from, to, { kernel, turned: true, before, bias });
  }

  /** w = K(x, y). */
  kernel(spec: ConvolutionSpec, { images, kernel, results }: ConvolutionPlaces): void {
    const from = { address: images, size: spec.input, channels: spec.inChannels };
    const to = { address: results, size: spec.output, channels: spec.outChannels };
    const [m, n, pairs] = [from.channels, to.channels, from.channels * to.channels];
    if (spec.batch === 0) this.#engine.fill(kernel, 9 * pairs, 0);
    const turns = Math.ceil(spec.batch / atOnce(spec.batch, from, to));
    this.#engine.memory.lend(turns > 1 ? 8 * 9 * pairs : 0, (totals) => {
      this.#inTurn(spec.batch, from, to, pairs, (few, [planes, left, right, scratch]) => {
        const k = few.squares;
        this.#squaresOf(from, to.size, few, spec.before, left, scratch);
        this.#spread(to, few, right);
        for (let plane = 0; plane < PLANES; plane++) {
          const [a, b] = [left + 4 * plane * k * m, right + 4 * plane * k * n];
          const c = planes + 4 * plane * pairs;
          this.#multiply({ a, b, c, m, n, k, transposeA: true, transposeB: false });
        }
        this.#engine.split("winogradKernelBack", pairs, GRAIN_CHEAP / 16, 4, (start, end) => {
          return [planes, kernel, pairs, start, end];
        });
        const isLast = few.first + few.count === spec.batch;
        if (turns > 1) this.#engine.addToTotals(kernel, totals, 9 * pairs, few.first === 0, isLast);
      });
    });
  }

  /** A convolution from images to others, in either direction. */
  #pass(batch: number, from: Images, to: Images, { kernel, turned, before, bias }: Passage): void {
    const [k, n, pairs] = [from.channels, to.channels, from.channels * to.channels];
    this.#inTurn(batch, from, to, pairs, (few, [planes, left, right, scratch]) => {
      if (few.first === 0) {
        this.#engine.split("winogradKernel", pairs, GRAIN_CHEAP / 16, 4, (start, end) => {
          return [kernel, planes, pairs, turned ? 1 : 0, start, end];
        });
      }
      const m = few.squares;
      this.#squaresOf(from, to.size, few, before, left, scratch);
      for (let plane = 0; plane < PLANES; plane++) {
        const [a, b] = [left + 4 * plane * m * k, planes + 4 * plane * pairs];
        const c = right + 4 * plane * m * n;
        this.#multiply({ a, b, c, m, n, k, transposeA: false, transposeB: turned });
      }
      this.#gather(to, few, right, bias);
    });
  }

  /** The squares of images, as planes at `out`, for results of a size. */
  #squaresOf(
    { address, size, channels }: Images,
    results: Extent,
    { first, squares }: Few,
    before: readonly number[],
    out: Address,
    scratch: Address,
  ): void {
    const x = address + 4 * first * size[0] * size[1] * channels;
    this.#split("winogradImages", squares, channels, (start, end) => {
      const layout = [4 * squares * channels, ...size, channels, ...inSquares(results)];
      return [x, out, ...layout, before[0] as number, before[1] as number, start, end, scratch];
    });
  }

  /** From planes to results. */
  #gather({ address, size, channels }: Images, { first, squares }: Few, planes: Address, bias: Address): void {
    const y = address + 4 * first * size[0] * size[1] * channels;
    this.#split("winogradResults", squares, channels, (start, end) => {
      return [planes, y, 4 * squares * channels, ...size, channels, ...inSquares(size), bias, start, end];
    });
  }

  /** From results to planes. */
  #spread({ address, size, channels }: Images, { first, squares }: Few, planes: Address): void {
    const y = address + 4 * first * size[0] * size[1] * channels;
    this.#split("winogradResultsBack", squares, channels, (start, end) => {
      return [y, planes, 4 * squares * channels, ...size, channels, ...inSquares(size), start, end];
    });
  }

  #split(
    kernel: "winogradImages" | "winogradResults" | "winogradResultsBack",
    squares: number,
    channels: number,
    values: (start: number, end: number) => number[],
  ): void {
    this.#engine.split(kernel, squares, Math.ceil(GRAIN_CHEAP / PLANES / channels), 1, values);
  }

  /** Calls `compute` for a few images after the other, with the places of three sets of planes and of scratch memory. */
  #inTurn(
    batch: number,
    from: Images,
    to: Images,
    pairs: number,
    compute: (few: Few, places: readonly [number, number, number, number]) => void,
  ): void {
    const [tall, wide] = inSquares(to.size);
    const each = tall * wide * PLANES;
    const most = atOnce(batch, from, to);
    const sizes = [PLANES * pairs, most * each * from.channels, most * each * to.channels] as const;
    const scratchSize = PLANES * from.channels * this.#engine.wantedThreads;
    this.#engine.memory.lend(4 * (sizes[0] + sizes[1] + sizes[2] + scratchSize), (planes) => {
      const left = planes + 4 * sizes[0];
      const right = left + 4 * sizes[1];
      const scratch = right + 4 * sizes[2];
      for (let first = 0; first < batch; first += most) {
        const count = Math.min(most, batch - first);
        compute({ first, count, squares: count * tall * wide }, [planes, left, right, scratch]);
      }
    });
  }
}

/** How many images are taken at a time. */
function atOnce(batch: number, from: Images, to: Images): number {
  const [tall, wide] = inSquares(to.size);
  const each = tall * wide * PLANES * (from.channels + to.channels);
  return Math.max(1, Math.min(batch, Math.floor(MOST_NUMBERS / each)));
}

/** How many squares there are for results of a size. */
function inSquares([height, width]: Extent): [number, number] {
  return [Math.ceil(height / 2), Math.ceil(width / 2)];
}
