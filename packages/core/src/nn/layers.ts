// The layers: each a plain record of its parameters and options, with a forward of a line or two.

import { withBackend } from "../backends/current.js";
import { ArgumentError, ShapeError } from "../errors.js";
import { type ActivationFromResult, leakyRelu, relu, sigmoid, tanh } from "../ops/activations.js";
import { mul } from "../ops/arithmetic.js";
import { reshape } from "../ops/broadcasting.js";
import { where } from "../ops/comparison.js";
import { randomUniform } from "../ops/creation.js";
import { linear, linearThrough } from "../ops/linear.js";
import { softmax } from "../ops/reductions.js";
import { callable, flag, numeric, optionsOf, readOptions, required, setting } from "../options.js";
import { generator, type Random } from "../random.js";
import { defineSettings, finiteNumber, numberIn } from "../settings.js";
import { formatShape, type Shape, sizeOf } from "../shape.js";
import type { Tensor } from "../tensor.js";
import { glorotUniform, type Initializer, zerosInitializer } from "./initializers.js";
import { Module } from "./module.js";
import { Parameter } from "./parameter.js";
import { isObserved, run } from "./running.js";

/** Options of `Dense`. */
export interface DenseOptions {
  /** Where the first weights are drawn from. Named by you, so that a run can be repeated. */
  readonly random: Random;
  /** `glorotUniform` by default. */
  readonly kernelInitializer?: Initializer;
  /** Zeros by default. */
  readonly biasInitializer?: Initializer;
  /** `false` leaves the bias out. */
  readonly bias?: boolean;
}

/** The options that layers with weights share. */
export const WEIGHT_OPTIONS = {
  random: required(generator),
  kernelInitializer: callable,
  biasInitializer: callable,
  bias: flag,
};

const DENSE = optionsOf<DenseOptions>(WEIGHT_OPTIONS);

/** x · kernel + bias: [batch, inFeatures] → [batch, outFeatures]. The kernel is [inFeatures, outFeatures]. */
export class Dense extends Module {
  readonly kind = "Dense";
  readonly kernel: Parameter;
  readonly bias: Parameter | undefined;

  /** @throws ArgumentError where a size is no whole number ≥ 1 */
  constructor(inFeatures: number, outFeatures: number, options: DenseOptions) {
    super();
    for (const features of [inFeatures, outFeatures]) {
      if (!Number.isSafeInteger(features) || features < 1) {
        throw new ArgumentError("Dense", `sizes must be whole numbers ≥ 1, got ${inFeatures} → ${outFeatures}`);
      }
    }
    const {
      random,
      kernelInitializer = glorotUniform,
      biasInitializer = zerosInitializer,
      bias = true,
    } = readOptions("Dense", options, DENSE);
    const fans = { fanIn: inFeatures, fanOut: outFeatures, random };
    this.kernel = new Parameter(kernelInitializer({ ...fans, shape: [inFeatures, outFeatures] }), "kernel");
    this.bias = bias ? new Parameter(biasInitializer({ ...fans, shape: [outFeatures] }), "bias") : undefined;
  }

  override get signature(): string {
    return this.kernel.shape.join("→");
  }

  forward(x: Tensor): Tensor {
    return linear(x, this.kernel, this.bias);
  }
}

const LEAKY = optionsOf<{ negativeSlope?: number }>({ negativeSlope: setting });

/** x above 0, negativeSlope · x elsewhere. */
export class LeakyReLU extends Module {
  readonly kind = "LeakyReLU";
  /** May be changed at any time, to a finite number. */
  declare negativeSlope: number;

  static #defineSettings(): void {
    defineSettings(LeakyReLU, "LeakyReLU", { negativeSlope: finiteNumber });
  }

  /** @param options.negativeSlope 0.01 by default */
  constructor(options: { negativeSlope?: number } = {}) {
    super();
    LeakyReLU.#defineSettings();
    const { negativeSlope = 0.01 } = readOptions("LeakyReLU", options, LEAKY);
    this.negativeSlope = negativeSlope;
  }

  forward(x: Tensor): Tensor {
    return leakyRelu(x, { negativeSlope: this.negativeSlope });
  }
}

/** max(x, 0). */
export class ReLU extends Module {
  readonly kind = "ReLU";

  forward(x: Tensor): Tensor {
    return relu(x);
  }
}

/** The hyperbolic tangent. */
export class Tanh extends Module {
  readonly kind = "Tanh";

  forward(x: Tensor): Tensor {
    return tanh(x);
  }
}

/** The logistic function. */
export class Sigmoid extends Module {
  readonly kind = "Sigmoid";

  forward(x: Tensor): Tensor {
    return sigmoid(x);
  }
}

const ALONG = optionsOf<{ axis?: number }>({ axis: numeric });

/** eˣ / Σeˣ along an axis, the last by default. */
export class Softmax extends Module {
  readonly kind = "Softmax";
  readonly axis: number;

  constructor(options: { axis?: number } = {}) {
    super();
    const { axis = -1 } = readOptions("Softmax", options, ALONG);
    this.axis = axis;
  }

  forward(x: Tensor): Tensor {
    return softmax(x, { axis: this.axis });
  }
}

const DROPOUT = optionsOf<{ random: Random }>({ random: required(generator) });

/**
 * In training, sets each element to 0 with probability `rate` and divides the others by 1 − rate; in evaluation, hands
 * its input through (Srivastava et al., 2014).
 */
export class Dropout extends Module {
  readonly kind = "Dropout";
  /** May be changed at any time, within what the constructor takes. No state holds it: a schedule sets it each time. */
  declare rate: number;
  readonly random: Random;

  static #defineSettings(): void {
    defineSettings(Dropout, "Dropout", { rate: numberIn(0, 1) });
  }

  /** @throws ArgumentError unless 0 ≤ rate < 1 */
  constructor(rate: number, options: { random: Random }) {
    super();
    Dropout.#defineSettings();
    const { random } = readOptions("Dropout", options, DROPOUT);
    this.rate = rate;
    this.random = random;
  }

  override get signature(): string {
    return String(this.rate);
  }

  forward(x: Tensor): Tensor {
    if (!this.training || this.rate === 0) return x;
    const { random, rate } = this;
    const drawn = withBackend(x.backend, () => randomUniform(x.shape, { random, dtype: x.dtype }));
    // chosen, not multiplied by 0: ∞ is dropped too
    return where(drawn.less(rate), 0, mul(x, 1 / (1 - rate)));
  }
}

/** [batch, …] → [batch, the product of the rest]. */
export class Flatten extends Module {
  readonly kind = "Flatten";

  forward(x: Tensor): Tensor {
    return reshape(x, [x.shape[0] ?? 1, sizeOf(x.shape.slice(1))]);
  }
}

/** [batch, …] → [batch, ...shape]. */
export class Reshape extends Module {
  readonly kind = "Reshape";
  readonly shape: Shape;

  /** @param shape the shape of one element of the batch; one size may be −1 */
  constructor(shape: Shape) {
    super();
    this.shape = [...shape];
  }

  forward(x: Tensor): Tensor {
    if (x.rank === 0) throw new ShapeError("Reshape", `needs a batch, got ${formatShape(x.shape)}`);
    return reshape(x, [x.shape[0] as number, ...this.shape]);
  }
}

/** Layers one after the other. Their parameters are named by their places: `0.kernel`, `0.bias`, `2.kernel`, …. */
export class Sequential extends Module {
  readonly kind = "Sequential";
  readonly layers: readonly Module[];

  /** @param options.name the model's name; it stands in front of its parameters' names in messages */
  constructor(layers: readonly Module[], options: { name?: string } = {}) {
    super(options);
    this.layers = [...layers];
    // names the parameters by their full paths from the start
    this.namedParameters();
  }

  protected override get inlinedField(): string {
    return "layers";
  }

  forward(x: Tensor): Tensor {
    let value = x;
    for (let i = 0; i < this.layers.length; i++) {
      const layer = this.layers[i] as Module;
      // a dense layer and its activation in one pass, with the same bits; who observes sees them one by one
      const activation = isObserved() ? undefined : activationOf(this.layers[i + 1]);
      if (activation && isPlain(layer, Dense) && layer.bias) {
        const [x, { kernel, bias }] = [value, layer];
        value = run(layer, [], () => linearThrough(x, kernel, bias as Parameter, activation));
        i++;
      } else value = layer.apply(value);
    }
    return value;
  }
}

/** Whether a layer computes what its class does: derived classes, and those who replace a method, may do otherwise. */
function isPlain<Layer extends Module>(
  layer: Module | undefined,
  kind: { readonly prototype: Layer } & (abstract new (...values: never[]) => Layer),
): layer is Layer {
  return layer instanceof kind && layer.forward === kind.prototype.forward && layer.apply === Module.prototype.apply;
}

/** What a layer does to every element, where its result tells its gradient; undefined for all others. */
function activationOf(layer: Module | undefined): ActivationFromResult | undefined {
  if (isPlain(layer, LeakyReLU)) {
    const { negativeSlope } = layer;
    return negativeSlope > 0 && negativeSlope < Infinity ? { name: "leakyRelu", negativeSlope } : undefined;
  }
  if (isPlain(layer, ReLU)) return { name: "relu", negativeSlope: 0 };
  if (isPlain(layer, Tanh)) return { name: "tanh", negativeSlope: 0 };
  return isPlain(layer, Sigmoid) ? { name: "sigmoid", negativeSlope: 0 } : undefined;
}
