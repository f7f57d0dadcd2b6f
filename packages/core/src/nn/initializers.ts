// Where weights start. Limits and deviations by Glorot & Bengio (2010) and He et al. (2015).

import { randomNormal, randomUniform, zeros } from "../ops/creation.js";
import type { Random } from "../random.js";
import type { Shape } from "../shape.js";
import type { Tensor } from "../tensor.js";

/** What an initializer is told: the shape, how many inputs and outputs each unit has, and where chance comes from. */
export interface InitializerContext {
  readonly shape: Shape;
  readonly fanIn: number;
  readonly fanOut: number;
  readonly random: Random;
}

/** Makes the first values of a parameter. */
export type Initializer = (context: InitializerContext) => Tensor;

/** Uniform in ±√(6 / (fanIn + fanOut)): for tanh, sigmoid and linear layers. Keras's default. */
export const glorotUniform: Initializer = ({ shape, fanIn, fanOut, random }) => {
  const limit = Math.sqrt(6 / (fanIn + fanOut));
  return randomUniform(shape, { random, low: -limit, high: limit });
};

/** Normal of deviation √(2 / (fanIn + fanOut)). */
export const glorotNormal: Initializer = ({ shape, fanIn, fanOut, random }) =>
  randomNormal(shape, { random, standardDeviation: Math.sqrt(2 / (fanIn + fanOut)) });

/** Uniform in ±√(6 / fanIn): for rectified layers. */
export const heUniform: Initializer = ({ shape, fanIn, random }) => {
  const limit = Math.sqrt(6 / fanIn);
  return randomUniform(shape, { random, low: -limit, high: limit });
};

/** Normal of deviation √(2 / fanIn): for rectified layers. */
export const heNormal: Initializer = ({ shape, fanIn, random }) =>
  randomNormal(shape, { random, standardDeviation: Math.sqrt(2 / fanIn) });

/** Zeros: for biases. */
export const zerosInitializer: Initializer = ({ shape }) => zeros(shape);
