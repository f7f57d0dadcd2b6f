// The moving average of a model's weights, in a model of its own.

import { noGradient } from "../autodiff.js";
import type { AnyModule } from "../nn/module.js";
import { Parameter, type Variable } from "../nn/parameter.js";
import { add, mul } from "../ops/arithmetic.js";
import { optionsOf, readOptions, setting } from "../options.js";
import { scope } from "../scope.js";
import { defineSettings, numberIn } from "../settings.js";

/** Options of `MovingAverage`. */
export interface MovingAverageOptions {
  /** How much of the average is kept at each update; 0.999 by default. */
  readonly decay?: number;
}

const OPTIONS = optionsOf<MovingAverageOptions>({ decay: setting });

/**
 * Keeps a model at the moving average of another's weights, which changes less from step to step than the weights
 * themselves: θ̄ ← decay·θ̄ + (1 − decay)·θ (Polyak & Juditsky, "Acceleration of stochastic approximation by averaging",
 * 1992; of generators: Yazıcı et al., "The Unusual Effectiveness of Averaging in GAN Training", 2019).
 *
 * It has no state but that model's: save it like any other, in a checkpoint's `models`.
 */
export class MovingAverage {
  /** May be changed between updates, by the same rule as the option. No state holds it: a schedule sets it each time. */
  declare decay: number;
  readonly #pairs: readonly (readonly [average: Variable, source: Variable])[];

  static #defineSettings(): void {
    defineSettings(MovingAverage, "MovingAverage", { decay: numberIn(0, 1) });
  }

  /**
   * @param average a model like `source`; it takes on its values. Not one that is trained
   * @throws StateError where the two are not alike; ArgumentError for a decay outside [0, 1)
   */
  constructor(average: AnyModule, source: AnyModule, options: MovingAverageOptions = {}) {
    MovingAverage.#defineSettings();
    const { decay = 0.999 } = readOptions("MovingAverage", options, OPTIONS);
    this.decay = decay;
    average.loadStateDict(source.stateDict());
    const sources = source.namedVariables();
    this.#pairs = [...average.namedVariables()].map(([name, variable]) => [variable, sources.get(name) as Variable]);
  }

  /** Moves the average towards the weights as they are now. What is not trained, as running statistics, is copied. */
  update(): void {
    const { decay } = this;
    scope(() => {
      noGradient(() => {
        for (const [average, source] of this.#pairs) {
          const trained = source instanceof Parameter;
          average.assign(trained ? add(mul(average, decay), mul(source, 1 - decay)) : source);
        }
      });
    });
  }
}
