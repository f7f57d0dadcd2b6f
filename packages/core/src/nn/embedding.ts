// A table of vectors, looked up by number.

import { ArgumentError } from "../errors.js";
import { randomUniform } from "../ops/creation.js";
import { gather, type Indices } from "../ops/indexing.js";
import { callable, optionsOf, readOptions, required } from "../options.js";
import { generator } from "../random.js";
import type { Tensor } from "../tensor.js";
import type { Initializer } from "./initializers.js";
import type { DenseOptions } from "./layers.js";
import { Module } from "./module.js";
import { Parameter } from "./parameter.js";

/** Uniform in ±0.05, as Keras has it for embeddings. */
const smallUniform: Initializer = ({ shape, random }) => randomUniform(shape, { random, low: -0.05, high: 0.05 });

const EMBEDDING = optionsOf<Pick<DenseOptions, "random" | "kernelInitializer">>({
  random: required(generator),
  kernelInitializer: callable,
});

/** A vector for each of `count` things: whole numbers in [0, count), of any shape, → […, features]. */
export class Embedding extends Module {
  readonly kind = "Embedding";
  /** [count, features] */
  readonly kernel: Parameter;

  /**
   * @param options.kernelInitializer uniform in ±0.05 by default, as in Keras
   * @throws ArgumentError where a size is no whole number ≥ 1
   */
  constructor(count: number, features: number, options: Pick<DenseOptions, "random" | "kernelInitializer">) {
    super();
    const { random, kernelInitializer = smallUniform } = readOptions("Embedding", options, EMBEDDING);
    if (![count, features].every((size) => Number.isSafeInteger(size) && size >= 1)) {
      throw new ArgumentError("Embedding", `sizes must be whole numbers ≥ 1, got ${count} × ${features}`);
    }
    const shape = [count, features];
    this.kernel = new Parameter(kernelInitializer({ shape, fanIn: count, fanOut: features, random }), "kernel");
  }

  /**
   * The vectors of a tensor's numbers. It is read at once: on an asynchronous backend, `look` them up from an array.
   *
   * @throws ArgumentError for what is no whole number in [0, count); BackendError on an asynchronous backend
   */
  forward(x: Tensor): Tensor {
    return this.look(x);
  }

  /** The vectors of numbers in an array or a tensor. Throws as `forward` does. */
  look(indices: Indices): Tensor {
    return gather(this.kernel, indices);
  }
}
