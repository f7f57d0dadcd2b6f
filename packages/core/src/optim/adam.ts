// Adam, in the two forms in use. They differ in where ε stands against the bias correction.

import type { AdamValues, BackendBuffer } from "../backends/backend.js";
import { changeInPlace, type Parameter } from "../nn/parameter.js";
import { add, div, mul, sqrt, square, sub } from "../ops/arithmetic.js";
import { anything, optionsOf, readOptions, setting } from "../options.js";
import { defineSettings, numberIn, oneOf } from "../settings.js";
import type { Tensor } from "../tensor.js";
import { Optimizer, type Slots } from "./optimizer.js";

/** Options of `Adam`. */
export interface AdamOptions {
  /** 1e-3 by default. */
  readonly learningRate?: number;
  /** How much of the mean of gradients is kept at each step; 0.9 by default. */
  readonly beta1?: number;
  /** How much of the mean of squared gradients is kept at each step; 0.999 by default. */
  readonly beta2?: number;
  /** Keeps the division finite; 1e-7 by default in Keras's form and 1e-8 in PyTorch's. */
  readonly epsilon?: number;
  /** `"keras"` (the default): ε̂ of the paper's section 2; `"pytorch"`: ε of its algorithm 1. */
  readonly convention?: "keras" | "pytorch";
}

const OPTIONS = optionsOf<AdamOptions>({
  learningRate: setting,
  beta1: setting,
  beta2: setting,
  epsilon: setting,
  convention: anything,
});

/**
 * Kingma & Ba, "Adam: A Method for Stochastic Optimization" (2015).
 *
 * m ← β₁m + (1 − β₁)g, v ← β₂v + (1 − β₂)g²; then
 * keras: θ ← θ − α·m / (√v + ε), α = rate·√(1 − β₂ᵗ) / (1 − β₁ᵗ);
 * pytorch: θ ← θ − rate / (1 − β₁ᵗ) · m / (√v / √(1 − β₂ᵗ) + ε).
 */
export class Adam extends Optimizer {
  /** This and the other settings may be changed between steps. What the constructor refuses, they refuse. */
  declare learningRate: number;
  declare beta1: number;
  declare beta2: number;
  declare epsilon: number;
  declare convention: "keras" | "pytorch";
  /** 1 − β₁ᵗ and √(1 − β₂ᵗ) of the βs and the step t asked for last: most parameters are at the same one. */
  #corrections = { beta1: 0, beta2: 0, step: 0, first: 0, second: 0 };

  static #defineSettings(): void {
    defineSettings(Adam, "Adam", {
      learningRate: numberIn(0, Infinity),
      beta1: numberIn(0, 1),
      beta2: numberIn(0, 1),
      epsilon: numberIn(0, Infinity),
      convention: oneOf(["keras", "pytorch"]),
    });
  }

  /** @throws ArgumentError for a rate or ε below 0, a β outside [0, 1), or an unknown convention */
  constructor(parameters: Iterable<Parameter>, options: AdamOptions = {}) {
    readOptions("Adam", options, OPTIONS);
    super(parameters, ["m", "v"]);
    Adam.#defineSettings();
    const { learningRate = 1e-3, beta1 = 0.9, beta2 = 0.999, convention = "keras" } = options;
    const { epsilon = convention === "keras" ? 1e-7 : 1e-8 } = options;
    this.learningRate = learningRate;
    this.beta1 = beta1;
    this.beta2 = beta2;
    this.epsilon = epsilon;
    this.convention = convention;
  }

  override get kind(): string {
    return "Adam";
  }

  protected update(parameter: Parameter, gradient: Tensor, step: number, slots: Slots): void {
    const { backend } = parameter;
    const values = this.#valuesAt(step);
    const [m, v] = [slots("m"), slots("v")];
    if (backend.adam) {
      const slope = gradient.bufferFor("Adam");
      changeInPlace([parameter, m, v], (...buffers) => {
        const [target, mean, square] = buffers as [BackendBuffer, BackendBuffer, BackendBuffer];
        backend.adam?.({ parameter: target, gradient: slope, m: mean, v: square }, values);
      });
      return;
    }
    const { beta1, beta2, rate, correction, epsilon } = values;
    m.assign(add(mul(m, beta1), mul(gradient, 1 - beta1)));
    v.assign(add(mul(v, beta2), mul(square(gradient), 1 - beta2)));
    const root = correction === 0 ? sqrt(v) : div(sqrt(v), correction);
    parameter.assign(sub(parameter, div(mul(m, rate), add(root, epsilon))));
  }

  /** The two forms are one update with other constants: Keras has the corrections of both means in the rate. */
  #valuesAt(step: number): AdamValues {
    const { learningRate, beta1, beta2, epsilon } = this;
    const known = this.#corrections;
    if (known.step !== step || known.beta1 !== beta1 || known.beta2 !== beta2) {
      this.#corrections = { beta1, beta2, step, first: 1 - beta1 ** step, second: Math.sqrt(1 - beta2 ** step) };
    }
    const { first, second } = this.#corrections;
    if (this.convention === "pytorch") {
      return { beta1, beta2, epsilon, rate: learningRate / first, correction: second };
    }
    return { beta1, beta2, epsilon, rate: (learningRate * second) / first, correction: 0 };
  }
}
