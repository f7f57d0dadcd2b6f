// RMSprop: gradients divided by the root of their recent mean square.

import type { BackendBuffer } from "../backends/backend.js";
import { changeInPlace, type Parameter } from "../nn/parameter.js";
import { add, div, mul, sqrt, square, sub } from "../ops/arithmetic.js";
import { optionsOf, readOptions, setting } from "../options.js";
import { defineSettings, numberIn } from "../settings.js";
import type { Tensor } from "../tensor.js";
import { Optimizer, type Slots } from "./optimizer.js";

/** Options of `RMSprop`. */
export interface RMSpropOptions {
  /** 1e-3 by default. */
  readonly learningRate?: number;
  /** How much of the mean square is kept at each step; 0.9 by default. */
  readonly decay?: number;
  /** Keeps the division finite; 1e-7 by default. */
  readonly epsilon?: number;
}

const OPTIONS = optionsOf<RMSpropOptions>({ learningRate: setting, decay: setting, epsilon: setting });

/** s ← ρs + (1 − ρ)g², θ ← θ − rate·g / (√s + ε). Tieleman & Hinton, Coursera lecture 6.5 (2012). */
export class RMSprop extends Optimizer {
  /** This and the other settings may be changed between steps. What the constructor refuses, they refuse. */
  declare learningRate: number;
  declare decay: number;
  declare epsilon: number;

  static #defineSettings(): void {
    defineSettings(RMSprop, "RMSprop", {
      learningRate: numberIn(0, Infinity),
      decay: numberIn(0, 1),
      epsilon: numberIn(0, Infinity),
    });
  }

  /** @throws ArgumentError for a rate or ε below 0, or a decay outside [0, 1) */
  constructor(parameters: Iterable<Parameter>, options: RMSpropOptions = {}) {
    readOptions("RMSprop", options, OPTIONS);
    super(parameters, ["meanSquare"]);
    RMSprop.#defineSettings();
    const { learningRate = 1e-3, decay = 0.9, epsilon = 1e-7 } = options;
    this.learningRate = learningRate;
    this.decay = decay;
    this.epsilon = epsilon;
  }

  override get kind(): string {
    return "RMSprop";
  }

  protected update(parameter: Parameter, gradient: Tensor, _step: number, slots: Slots): void {
    const { learningRate, decay, epsilon } = this;
    const meanSquare = slots("meanSquare");
    const { backend } = parameter;
    if (backend.rmsprop) {
      const slope = gradient.bufferFor("RMSprop");
      changeInPlace([parameter, meanSquare], (...buffers) => {
        const [target, mean] = buffers as [BackendBuffer, BackendBuffer];
        const values = { decay, rate: learningRate, epsilon };
        backend.rmsprop?.({ parameter: target, gradient: slope, meanSquare: mean }, values);
      });
      return;
    }
    meanSquare.assign(add(mul(meanSquare, decay), mul(square(gradient), 1 - decay)));
    parameter.assign(sub(parameter, div(mul(gradient, learningRate), add(sqrt(meanSquare), epsilon))));
  }
}
