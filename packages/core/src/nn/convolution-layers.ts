// The layers of image networks: convolutions and their transposes, pooling, upsampling. Images are channels last,
// [batch, height, width, channels].

import type { Extent } from "../backends/backend.js";
import { ArgumentError } from "../errors.js";
import { conv2d, convTranspose2d } from "../ops/convolution.js";
import { averagePool2d, maxPool2d, upSample } from "../ops/pooling.js";
import { type Padding, type Pair, pairOf, WINDOW_OPTIONS, type WindowOptions } from "../ops/window-sizes.js";
import { numeric, optionsOf, readOptions, sizes } from "../options.js";
import type { Tensor } from "../tensor.js";
import { glorotUniform, zerosInitializer } from "./initializers.js";
import { type DenseOptions, WEIGHT_OPTIONS } from "./layers.js";
import { Module } from "./module.js";
import { Parameter } from "./parameter.js";

/** Options of `Conv2d`: those of `Dense`, and how the windows slide. */
export interface Conv2dOptions extends DenseOptions, WindowOptions {
  /** Channels are cut into so many groups, each of which sees its own alone; 1 by default. */
  readonly groups?: number;
}

/** Options of `ConvTranspose2d`. */
export interface ConvTranspose2dOptions extends Conv2dOptions {
  /** Rows and columns added after the last window, below the stride; 0 by default. */
  readonly outputPadding?: Pair;
}

const CONV_2D = optionsOf<Conv2dOptions>({ ...WEIGHT_OPTIONS, ...WINDOW_OPTIONS, groups: numeric });

const CONV_TRANSPOSE_2D = optionsOf<ConvTranspose2dOptions>({
  ...WEIGHT_OPTIONS,
  ...WINDOW_OPTIONS,
  groups: numeric,
  outputPadding: sizes,
});

/** What both kinds of convolution have. */
abstract class Convolution extends Module {
  readonly kernel: Parameter;
  readonly bias: Parameter | undefined;
  readonly stride: Extent;
  readonly padding: Padding;
  readonly dilation: Extent;
  readonly groups: number;

  /** @param transposed whether the kernel has the output channels before those of the input */
  constructor(
    where: string,
    [inChannels, outChannels, kernelSize]: readonly [number, number, Pair],
    options: Conv2dOptions,
    transposed: boolean,
  ) {
    super();
    const { random, kernelInitializer = glorotUniform, biasInitializer = zerosInitializer, bias = true } = options;
    const { stride = 1, padding = "valid", dilation = 1, groups = 1 } = options;
    const size = pairOf(where, "kernelSize", kernelSize, 1);
    checkChannels(where, inChannels, outChannels, groups);
    const cells = size[0] * size[1];
    const [fanIn, fanOut] = [(cells * inChannels) / groups, (cells * outChannels) / groups];
    const channels = transposed ? [outChannels / groups, inChannels] : [inChannels / groups, outChannels];
    this.kernel = new Parameter(kernelInitializer({ shape: [...size, ...channels], fanIn, fanOut, random }), "kernel");
    this.bias = bias
      ? new Parameter(biasInitializer({ shape: [outChannels], fanIn, fanOut, random }), "bias")
      : undefined;
    this.stride = pairOf(where, "stride", stride, 1);
    this.padding = padding;
    this.dilation = pairOf(where, "dilation", dilation, 1);
    this.groups = groups;
  }

  /** The channels and the size of the kernel: `3→16, 5×5`. */
  override get signature(): string {
    const [height, width, ...channels] = this.kernel.shape as [number, number, number, number];
    const [before, after] = this.transposed
      ? [channels[1], channels[0] * this.groups]
      : [channels[0] * this.groups, channels[1]];
    return `${before}→${after}, ${height}×${width}`;
  }

  /** Whether the kernel has the output channels before those of the input. */
  protected get transposed(): boolean {
    return false;
  }
}

function checkChannels(where: string, inChannels: number, outChannels: number, groups: number): void {
  for (const value of [inChannels, outChannels, groups]) {
    if (Number.isSafeInteger(value) && value >= 1 && inChannels % groups === 0 && outChannels % groups === 0) continue;
    const found = `${inChannels} → ${outChannels} in ${groups} groups`;
    throw new ArgumentError(where, `channels must be whole numbers ≥ 1 that the groups divide, got ${found}`);
  }
}

/**
 * A convolution and a bias: [batch, height, width, inChannels] → [batch, height′, width′, outChannels]. The kernel is
 * […kernelSize, inChannels / groups, outChannels]. See `conv2d` for the sizes.
 */
export class Conv2d extends Convolution {
  readonly kind = "Conv2d";

  /** @throws ArgumentError where a size is no whole number ≥ 1, or the groups do not divide the channels */
  constructor(inChannels: number, outChannels: number, kernelSize: Pair, options: Conv2dOptions) {
    super("Conv2d", [inChannels, outChannels, kernelSize], readOptions("Conv2d", options, CONV_2D), false);
  }

  forward(x: Tensor): Tensor {
    const { bias, stride, padding, dilation, groups } = this;
    return conv2d(x, this.kernel, { bias, stride, padding, dilation, groups });
  }
}

/**
 * A transposed convolution and a bias: [batch, height, width, inChannels] → [batch, height′, width′, outChannels]. The
 * kernel is […kernelSize, outChannels / groups, inChannels], as in Keras. See `convTranspose2d` for the sizes.
 */
export class ConvTranspose2d extends Convolution {
  readonly kind = "ConvTranspose2d";
  protected override get transposed(): boolean {
    return true;
  }
  readonly outputPadding: Extent;

  /** @throws ArgumentError where a size is no whole number ≥ 1, or the groups do not divide the channels */
  constructor(inChannels: number, outChannels: number, kernelSize: Pair, options: ConvTranspose2dOptions) {
    readOptions("ConvTranspose2d", options, CONV_TRANSPOSE_2D);
    super("ConvTranspose2d", [inChannels, outChannels, kernelSize], options, true);
    this.outputPadding = pairOf("ConvTranspose2d", "outputPadding", options.outputPadding ?? 0, 0);
  }

  forward(x: Tensor): Tensor {
    const { bias, stride, padding, dilation, groups, outputPadding } = this;
    return convTranspose2d(x, this.kernel, { bias, stride, padding, dilation, groups, outputPadding });
  }
}

/** Options of the pooling layers. */
export interface PoolOptions extends WindowOptions {
  /** The window's height and width. */
  readonly size: Pair;
}

const POOL = optionsOf<Partial<PoolOptions>>({ ...WINDOW_OPTIONS, size: sizes });

/** The largest element of each window and channel. See `maxPool2d`. */
export class MaxPool2d extends Module {
  readonly kind = "MaxPool2d";
  readonly options: PoolOptions;

  /** @param options.size 2 by default; `stride` is as large where it is not given */
  constructor(options: Partial<PoolOptions> = {}) {
    super();
    const { size = 2, ...rest } = readOptions("MaxPool2d", options, POOL);
    this.options = { size: pairOf("MaxPool2d", "size", size, 1), ...rest };
  }

  forward(x: Tensor): Tensor {
    const { size, ...options } = this.options;
    return maxPool2d(x, size, options);
  }
}

/** The mean of each window and channel. See `averagePool2d`. */
export class AveragePool2d extends Module {
  readonly kind = "AveragePool2d";
  readonly options: PoolOptions;

  /** @param options.size 2 by default; `stride` is as large where it is not given */
  constructor(options: Partial<PoolOptions> = {}) {
    super();
    const { size = 2, ...rest } = readOptions("AveragePool2d", options, POOL);
    this.options = { size: pairOf("AveragePool2d", "size", size, 1), ...rest };
  }

  forward(x: Tensor): Tensor {
    const { size, ...options } = this.options;
    return averagePool2d(x, size, options);
  }
}

/** Each pixel repeated: nearest-neighbour upsampling. See `upSample`. */
export class UpSample extends Module {
  readonly kind = "UpSample";
  readonly factor: Extent;

  /** @param factor along the height and along the width; 2 by default */
  constructor(factor: Pair = 2) {
    super();
    this.factor = pairOf("UpSample", "the factor", factor, 1);
  }

  forward(x: Tensor): Tensor {
    return upSample(x, this.factor);
  }
}
