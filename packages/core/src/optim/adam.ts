// Adam, in the two forms in use. They differ in where ε stands against the bias correction.

import { ArgumentError } from "../errors.js";
import type { Parameter } from "../nn/parameter.js";
import { add, div, mul, sqrt, square, sub } from "../ops/arithmetic.js";
import type { Tensor } from "../tensor.js";
import { checkOption, Optimizer, type Slots } from "./optimizer.js";

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

/**
 * Kingma & Ba, "Adam: A Method for Stochastic Optimization" (2015).
 *
 * m ← β₁m + (1 − β₁)g, v ← β₂v + (1 − β₂)g²; then
 * keras: θ ← θ − α·m / (√v + ε), α = rate·√(1 − β₂ᵗ) / (1 − β₁ᵗ);
 * pytorch: θ ← θ − rate / (1 − β₁ᵗ) · m / (√v / √(1 − β₂ᵗ) + ε).
 */
export class Adam extends Optimizer {
  learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly convention: "keras" | "pytorch";

  /** @throws ArgumentError for a rate or ε below 0, a β outside [0, 1), or an unknown convention */
  constructor(parameters: Iterable<Parameter>, options: AdamOptions = {}) {
    super(parameters, ["m", "v"]);
    const { learningRate = 1e-3, beta1 = 0.9, beta2 = 0.999, convention = "keras" } = options;
    if (convention !== "keras" && convention !== "pytorch") {
      throw new ArgumentError("Adam", `the convention must be "keras" or "pytorch", got "${String(convention)}"`);
    }
    const { epsilon = convention === "keras" ? 1e-7 : 1e-8 } = options;
    checkOption("Adam", "learningRate", learningRate, 0, Infinity);
    checkOption("Adam", "beta1", beta1, 0, 1);
    checkOption("Adam", "beta2", beta2, 0, 1);
    checkOption("Adam", "epsilon", epsilon, 0, Infinity);
    this.learningRate = learningRate;
    this.beta1 = beta1;
    this.beta2 = beta2;
    this.epsilon = epsilon;
    this.convention = convention;
  }

  protected updated(parameter: Parameter, gradient: Tensor, step: number, slots: Slots): Tensor {
    const { learningRate, beta1, beta2, epsilon } = this;
    const [m, v] = [slots("m"), slots("v")];
    m.assign(add(mul(m, beta1), mul(gradient, 1 - beta1)));
    v.assign(add(mul(v, beta2), mul(square(gradient), 1 - beta2)));
    const correction1 = 1 - beta1 ** step;
    const correction2 = Math.sqrt(1 - beta2 ** step);
    if (this.convention === "keras") {
      const rate = (learningRate * correction2) / correction1;
      return sub(parameter, div(mul(m, rate), add(sqrt(v), epsilon)));
    }
    const denominator = add(div(sqrt(v), correction2), epsilon);
    return sub(parameter, div(mul(m, learningRate / correction1), denominator));
  }
}
