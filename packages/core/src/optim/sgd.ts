// Stochastic gradient descent, with momentum.

import type { BackendBuffer } from "../backends/backend.js";
import { changeInPlace, type Parameter } from "../nn/parameter.js";
import { add, mul, sub } from "../ops/arithmetic.js";
import { anything, optionsOf, readOptions, setting } from "../options.js";
import { defineSettings, numberIn, oneOf } from "../settings.js";
import type { Tensor } from "../tensor.js";
import { Optimizer, type Slots } from "./optimizer.js";

/** Options of `SGD`. */
export interface SGDOptions {
  /** 0.01 by default. */
  readonly learningRate?: number;
  /** How much of the velocity is kept at each step; 0, none, by default. */
  readonly momentum?: number;
  /** Looks ahead along the velocity (Sutskever et al., 2013). */
  readonly nesterov?: boolean;
}

const OPTIONS = optionsOf<SGDOptions>({ learningRate: setting, momentum: setting, nesterov: anything });

const momentumRule = numberIn(0, 1);

/** u ← μu + g, θ ← θ − rate·u; with `nesterov` θ ← θ − rate·(g + μu). */
export class SGD extends Optimizer {
  /** This and the other settings may be changed between steps. What the constructor refuses, they refuse. */
  declare learningRate: number;
  /** One that the constructor was given as 0 has to stay 0: such an optimizer has no velocity. */
  declare momentum: number;
  declare nesterov: boolean;
  readonly #hasVelocity: boolean;

  static #defineSettings(): void {
    defineSettings<SGD>(SGD, "SGD", {
      learningRate: numberIn(0, Infinity),
      momentum: (value, sgd) =>
        sgd.#hasVelocity || value === 0 ? momentumRule(value, sgd) : "0, as it was when this optimizer was made",
      nesterov: oneOf([true, false]),
    });
  }

  /** @throws ArgumentError for a rate below 0 or a momentum outside [0, 1) */
  constructor(parameters: Iterable<Parameter>, options: SGDOptions = {}) {
    readOptions("SGD", options, OPTIONS);
    const { learningRate = 0.01, momentum = 0, nesterov = false } = options;
    super(parameters, momentum === 0 ? [] : ["velocity"]);
    SGD.#defineSettings();
    this.#hasVelocity = momentum !== 0;
    this.learningRate = learningRate;
    this.momentum = momentum;
    this.nesterov = nesterov;
  }

  override get kind(): string {
    return "SGD";
  }

  protected update(parameter: Parameter, gradient: Tensor, _step: number, slots: Slots): void {
    const { learningRate, momentum, nesterov } = this;
    const velocity = this.#hasVelocity ? slots("velocity") : undefined;
    const { backend } = parameter;
    if (backend.sgd) {
      const slope = gradient.bufferFor("SGD");
      changeInPlace(velocity ? [parameter, velocity] : [parameter], (target, speed) => {
        const buffers = { parameter: target as BackendBuffer, gradient: slope, ...(speed ? { velocity: speed } : {}) };
        backend.sgd?.(buffers, { rate: learningRate, momentum, nesterov });
      });
      return;
    }
    if (!velocity) {
      parameter.assign(sub(parameter, mul(gradient, learningRate)));
      return;
    }
    velocity.assign(add(mul(velocity, momentum), gradient));
    const direction = nesterov ? add(gradient, mul(velocity, momentum)) : velocity;
    parameter.assign(sub(parameter, mul(direction, learningRate)));
  }
}
