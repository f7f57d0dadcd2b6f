// Layers that keep values near a mean of 0 and a deviation of 1: batch and layer normalization.

import { noGradient } from "../autodiff.js";
import { ArgumentError, ShapeError } from "../errors.js";
import { add, div, maximum, mul, sqrt, sub } from "../ops/arithmetic.js";
import { reshape } from "../ops/broadcasting.js";
import { ones, zeros } from "../ops/creation.js";
import { batchNormWithStatistics, layerNorm } from "../ops/normalization.js";
import { flag, optionsOf, readOptions, setting } from "../options.js";
import { scope } from "../scope.js";
import { defineSettings, numberIn, numberUpTo } from "../settings.js";
import { formatShape } from "../shape.js";
import type { Tensor } from "../tensor.js";
import { Module } from "./module.js";
import { Parameter, Variable } from "./parameter.js";

/** Options of `LayerNorm`, and part of those of `BatchNorm`. */
export interface LayerNormOptions {
  /** Added to the variance; 0.001 by default, as in Keras (PyTorch has 0.00001). */
  readonly epsilon?: number;
  /** `false` leaves the factor of each channel out. */
  readonly scale?: boolean;
  /** `false` leaves the offset of each channel out. */
  readonly offset?: boolean;
}

/** Options of `BatchNorm`. */
export interface BatchNormOptions extends LayerNormOptions {
  /**
   * How much of the running statistics each batch leaves: running ← momentum · running + (1 − momentum) · batch. 0.99 by
   * default, as in Keras; PyTorch's `momentum` is one minus this.
   */
  readonly momentum?: number;
}

const LAYER = { epsilon: setting, scale: flag, offset: flag };

const LAYER_NORM = optionsOf<LayerNormOptions>(LAYER);

const BATCH_NORM = optionsOf<BatchNormOptions>({ ...LAYER, momentum: setting });

/**
 * Batch normalization over all axes but the last (Ioffe & Szegedy, 2015): […, channels] → […, channels].
 *
 * In training it takes mean and variance from the batch, and keeps running means of them, of the variance without bias
 * (n / (n − 1) of the batch's, as in the paper and in PyTorch); an empty batch leaves those as they are, as in PyTorch. In
 * evaluation it takes those, and changes nothing. So it does where it is **frozen**, in training too: where it has
 * parameters, and all of them are frozen. `statistics` says which it takes now, and `summary()` says so beside the layer.
 */
export class BatchNorm extends Module {
  readonly kind = "BatchNorm";
  /** What each channel is multiplied by: γ, PyTorch's weight. */
  readonly scale: Parameter | undefined;
  /** What is added to each channel: β, PyTorch's bias. */
  readonly offset: Parameter | undefined;
  readonly runningMean: Variable;
  readonly runningVariance: Variable;
  /** This and `momentum` may be changed at any time. What the constructor refuses, they refuse; no state holds them. */
  declare epsilon: number;
  declare momentum: number;

  static #defineSettings(): void {
    defineSettings(BatchNorm, "BatchNorm", { epsilon: numberIn(0, Infinity), momentum: numberUpTo(0, 1) });
  }

  /** @throws ArgumentError where the channels are no whole number ≥ 1, or an option is out of range */
  constructor(channels: number, options: BatchNormOptions = {}) {
    super();
    BatchNorm.#defineSettings();
    readOptions("BatchNorm", options, BATCH_NORM);
    const { epsilon = 0.001, momentum = 0.99, scale = true, offset = true } = options;
    checkChannels("BatchNorm", channels);
    this.epsilon = epsilon;
    this.momentum = momentum;
    this.scale = scale ? new Parameter(ones([channels]), "scale") : undefined;
    this.offset = offset ? new Parameter(zeros([channels]), "offset") : undefined;
    this.runningMean = new Variable(zeros([channels]), "runningMean");
    this.runningVariance = new Variable(ones([channels]), "runningVariance");
  }

  /** Whether all parameters are frozen. A layer without parameters is not. */
  get frozen(): boolean {
    const parameters = [this.scale, this.offset].filter((parameter) => parameter !== undefined);
    return parameters.length > 0 && parameters.every(({ frozen }) => frozen);
  }

  /** Whose mean and variance the layer takes now: the batch's, or the running ones. */
  get statistics(): "batch" | "running" {
    return this.training && !this.frozen ? "batch" : "running";
  }

  override get note(): string | undefined {
    if (this.statistics === "batch") return undefined;
    return `${this.frozen ? "frozen" : "eval"}: running statistics`;
  }

  /** @throws ShapeError for other channels, and in training for a batch with a single value a channel */
  forward(x: Tensor): Tensor {
    const [channels] = this.runningMean.shape;
    if (x.rank < 2 || x.shape.at(-1) !== channels) {
      throw new ShapeError("BatchNorm", `takes […,${channels}] of at least two axes, got ${formatShape(x.shape)}`);
    }
    const { scale, offset, epsilon } = this;
    if (this.statistics === "batch") {
      const { y, statistics } = batchNormWithStatistics(x, { scale, offset, epsilon });
      if (statistics) {
        const { count, average, variance } = statistics;
        follow(this.runningMean, average, this.momentum);
        // without bias; rounding may take a variance of 0 below it
        follow(this.runningVariance, mul(maximum(variance, 0), count / (count - 1)), this.momentum);
      }
      return y;
    }
    const inverse = div(1, sqrt(add(this.runningVariance, epsilon)));
    const y = mul(sub(x, this.runningMean), scale ? mul(scale, inverse) : inverse);
    return offset ? add(y, offset) : y;
  }
}

/** Takes a batch's mean or variance into the running one. */
function follow(running: Variable, now: Tensor, momentum: number): void {
  noGradient(() =>
    scope(() => running.assign(add(mul(running, momentum), mul(reshape(now, running.shape), 1 - momentum)))),
  );
}

/** Layer normalization over the last axis (Ba, Kiros & Hinton, 2016): […, channels] → […, channels]. */
export class LayerNorm extends Module {
  readonly kind = "LayerNorm";
  readonly scale: Parameter | undefined;
  readonly offset: Parameter | undefined;
  /** May be changed at any time, to a number ≥ 0. */
  declare epsilon: number;

  static #defineSettings(): void {
    defineSettings(LayerNorm, "LayerNorm", { epsilon: numberIn(0, Infinity) });
  }

  /** @throws ArgumentError where the channels are no whole number ≥ 1, or epsilon is no number ≥ 0 */
  constructor(channels: number, options: LayerNormOptions = {}) {
    super();
    LayerNorm.#defineSettings();
    const { epsilon = 0.001, scale = true, offset = true } = readOptions("LayerNorm", options, LAYER_NORM);
    checkChannels("LayerNorm", channels);
    this.epsilon = epsilon;
    this.scale = scale ? new Parameter(ones([channels]), "scale") : undefined;
    this.offset = offset ? new Parameter(zeros([channels]), "offset") : undefined;
  }

  forward(x: Tensor): Tensor {
    const { scale, offset, epsilon } = this;
    return layerNorm(x, { scale, offset, epsilon });
  }
}

function checkChannels(where: string, channels: number): void {
  if (!Number.isSafeInteger(channels) || channels < 1) {
    throw new ArgumentError(where, `the channels must be a whole number ≥ 1, got ${channels}`);
  }
}
