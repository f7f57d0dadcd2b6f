// What training with jax-js needs and jax-js leaves to its users' own code: parameters with their means, and an Adam in
// Keras's form; and how a training is offered to the benchmarks.

import { numpy as np } from "@jax-js/jax";
import type { Prepared } from "./implementation.js";
import { SHOWN_ITERATIONS } from "./protocol.js";

/** A model's parameters and their two means. */
export type Trained = { parameters: np.Array[]; m: np.Array[]; v: np.Array[] };

/** What one iteration is fed with. */
export type Batch = { real: np.Array; discriminatorNoise: np.Array; generatorNoise: np.Array };

/** Adam's constants but for the rate. */
export interface Decays {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
}

/** θ ← θ − α·m / (√v + ε). Consumes its arguments. */
export function adam(
  { parameters, m, v }: Trained,
  gradients: np.Array[],
  rate: np.Array,
  { beta1, beta2, epsilon }: Decays,
): Trained {
  const next: Trained = { parameters: [], m: [], v: [] };
  gradients.forEach((gradient, i) => {
    const mean = (m[i] as np.Array).mul(beta1).add(gradient.ref.mul(1 - beta1));
    const square = (v[i] as np.Array).mul(beta2).add(np.square(gradient).mul(1 - beta2));
    const change = mean.ref.mul(rate.ref).div(np.sqrt(square.ref).add(epsilon));
    next.parameters.push((parameters[i] as np.Array).sub(change));
    next.m.push(mean);
    next.v.push(square);
  });
  rate.dispose();
  return next;
}

/** rate · √(1 − β₂ᵗ) / (1 − β₁ᵗ), as an array, so that a new value compiles nothing new. */
export function scheduledRate(t: number, rate: number, { beta1, beta2 }: Decays): np.Array {
  return np.array((rate * Math.sqrt(1 - beta2 ** t)) / (1 - beta1 ** t));
}

/** Parameters as they are made, and means of zero. */
export function freshTrained(make: readonly (() => np.Array)[]): Trained {
  const parameters = make.map((one) => one());
  const zeros = () => parameters.map(({ shape }) => np.zeros(shape));
  return { parameters, m: zeros(), v: zeros() };
}

/** The same arrays, to be consumed once more. */
export function refs(arrays: readonly np.Array[]): np.Array[] {
  return arrays.map((array) => array.ref);
}

/** A training that can start over. */
export interface Trainer {
  begin(): void;
  /** Does one iteration; the losses of the discriminator and the generator, ready. */
  iterate(): Promise<readonly np.Array[]>;
}

/** Iterations that start from the same weights at each turn; the losses of the first are what they compute. */
export async function prepareTrainer(trainer: Trainer): Promise<Prepared> {
  trainer.begin();
  const shown: number[] = [];
  for (let i = 0; i < SHOWN_ITERATIONS; i++) {
    for (const loss of await trainer.iterate()) shown.push(...(await loss.data()));
  }
  return {
    result: Float32Array.from(shown),
    begin: () => trainer.begin(),
    call: async () => {
      for (const loss of await trainer.iterate()) loss.dispose();
    },
  };
}
