// A network small enough to be compared with float64 number by number: its gradients, and its losses while it learns.

import { gradients } from "../autodiff.js";
import type { Backend } from "../backends/backend.js";
import { withBackend } from "../backends/current.js";
import type { FloatArray } from "../dtype.js";
import { binaryCrossEntropy } from "../losses/index.js";
import { Parameter } from "../nn/parameter.js";
import { leakyRelu, sigmoid, tanh } from "../ops/activations.js";
import { greater } from "../ops/comparison.js";
import { linear } from "../ops/linear.js";
import { Adam } from "../optim/adam.js";
import type { Tensor } from "../tensor.js";
import { compareValues, drawInputs, type Finding, type Referee } from "./comparison.js";
import type { CheckedInput } from "./op-checks.js";

const WEIGHTS = ["kernel 1", "bias 1", "kernel 2", "bias 2", "kernel 3", "bias 3"] as const;

/** [19,13] inputs, labels, and the weights of three layers: 13 → 17 → 11 → 1. */
const INPUTS: readonly CheckedInput[] = [[19, 13], [19, 1], ...[[13, 17], [17], [17, 11], [11], [11, 1], [1]]].map(
  (shape) => ({ shape, low: -0.7, high: 0.7 }),
);

const STEPS = 5;

/** Of the largest of a tensor's gradients: sums of terms of both signs have no relative error of their own. */
const GRADIENT_TOLERANCE = 1e-5;
/** Of a loss after some steps of Adam, which makes more of small differences. */
const LOSS_TOLERANCE = 1e-4;

function lossOf(x: Tensor, labels: Tensor, [k1, b1, k2, b2, k3, b3]: readonly Tensor[]): Tensor {
  const [first, second, third] = [k1, k2, k3] as [Tensor, Tensor, Tensor];
  const hidden = leakyRelu(linear(x, first, b1), { negativeSlope: 0.2 });
  const probabilities = sigmoid(linear(tanh(linear(hidden, second, b2)), third, b3));
  return binaryCrossEntropy(probabilities, greater(labels, 0));
}

/** What the network comes to on a backend. */
export interface NetworkValues {
  /** The gradient of each weight. */
  readonly gradients: readonly FloatArray[];
  /** The losses before each of a few steps of Adam. */
  readonly losses: FloatArray;
}

/** Computes gradients, then learns a few steps. Rejects where an op fails. */
export async function runNetwork(backend: Backend): Promise<NetworkValues> {
  const { x, labels, weights } = withBackend(backend, () => {
    const [drawn, classes, ...rest] = drawInputs(INPUTS) as [Tensor, Tensor, ...Tensor[]];
    return { x: drawn, labels: classes, weights: rest.map((weight, i) => new Parameter(weight, WEIGHTS[i] ?? "")) };
  });
  const found = withBackend(backend, () => gradients(lossOf(x, labels, weights), weights));
  const slopes = await Promise.all(found.map((gradient) => gradient.data()));
  const optimizer = new Adam(weights, { learningRate: 0.01 });
  const losses = Float64Array.from({ length: STEPS }, () => Number.NaN);
  for (let step = 0; step < STEPS; step++) {
    losses[step] = await withBackend(backend, () => optimizer.minimize(() => lossOf(x, labels, weights))).item();
  }
  for (const made of [x, labels, ...found, ...weights]) made.dispose();
  return { gradients: slopes, losses };
}

/** Compares what the network came to with the same in float64: a finding a weight, and one for the losses. */
export async function compareNetwork(actual: NetworkValues, referee: Referee): Promise<Finding[]> {
  const expected = await runNetwork(referee.backend);
  const slopes = expected.gradients.map((gradient, i) => {
    const largest = Math.max(...Array.from(gradient, Math.abs));
    return compareValues(`gradient of ${WEIGHTS[i]}`, {
      ...{ actual: actual.gradients[i] ?? new Float32Array(0), expected: gradient, tolerance: GRADIENT_TOLERANCE },
      sizes: gradient.map(() => largest),
    });
  });
  const { losses } = expected;
  const comparison = { actual: actual.losses, expected: losses, sizes: losses, tolerance: LOSS_TOLERANCE };
  return [...slopes, compareValues(`losses of ${STEPS} steps of Adam`, comparison)];
}
