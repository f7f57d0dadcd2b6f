// Loss functions: means over the batch by default, stable in floating point.

import { ShapeError } from "../errors.js";
import { abs, add, clip, exp, log, mul, neg, square, sub } from "../ops/arithmetic.js";
import { logSoftmax, mean, sum } from "../ops/reductions.js";
import { operands, type TensorLike } from "../ops/support.js";
import { numeric, oneOf, optionsOf, readOptions } from "../options.js";
import { formatShape, sameShape } from "../shape.js";
import { Tensor } from "../tensor.js";
import { logisticLoss, weighted, weightedLog } from "./weighted-logarithms.js";

/** What is made of the losses of the elements: their mean (the default), their sum, or nothing. */
export interface LossOptions {
  readonly reduction?: "mean" | "sum" | "none";
}

/** Keras's bound on probabilities, which keeps logarithms finite. */
const PROBABILITY_EPSILON = 1e-7;

const LOSS = { reduction: oneOf("mean", "sum", "none") };

const LOSSES = optionsOf<LossOptions>(LOSS);

const CLIPPED = optionsOf<LossOptions & { epsilon?: number }>({ ...LOSS, epsilon: numeric });

function reduced(losses: Tensor, { reduction = "mean" }: LossOptions): Tensor {
  if (reduction === "mean") return mean(losses);
  return reduction === "sum" ? sum(losses) : losses;
}

/** Refuses shapes that would broadcast: [n] against [n, 1] gives n² losses, which nobody means. */
function checkSameShape(where: string, first: Tensor, second: TensorLike, names = "prediction and target"): void {
  operands(where, [first, second]);
  if (!(second instanceof Tensor) || sameShape(first.shape, second.shape)) return;
  throw new ShapeError(where, `${names} differ in shape: ${formatShape(first.shape)} × ${formatShape(second.shape)}`);
}

/**
 * −t ln p − (1 − t) ln(1 − p), with p clipped to [ε, 1 − ε] as Keras does.
 *
 * @param probabilities in [0, 1], any shape
 * @param target of the same shape, or one number for all
 * @param options.epsilon in [0, ½); 1e-7 by default
 * @throws ShapeError where the shapes differ
 */
export function binaryCrossEntropy(
  probabilities: Tensor,
  target: TensorLike,
  options: LossOptions & { epsilon?: number } = {},
): Tensor {
  const { epsilon = PROBABILITY_EPSILON } = readOptions("binaryCrossEntropy", options, CLIPPED);
  checkSameShape("binaryCrossEntropy", probabilities, target);
  const p = clip(probabilities, epsilon, 1 - epsilon);
  return reduced(neg(logLikelihood(p, target, epsilon)), options);
}

/** t ln p + (1 − t) ln(1 − p): of a target that is 1 or 0 for all, the half that is not 0. */
function logLikelihood(p: Tensor, target: TensorLike, epsilon: number): Tensor {
  if (target === 1) return log(p);
  if (target === 0) return log(sub(1, p));
  const rest = typeof target === "number" ? 1 - target : sub(1, target);
  if (!(target instanceof Tensor) || !(rest instanceof Tensor))
    return add(mul(target, log(p)), mul(rest, log(sub(1, p))));
  const term = termOf(epsilon);
  return add(term(target, p), term(rest, sub(1, p)));
}

/** t ln p. Where p is not kept away from 0, also in float32, t = 0 needs care. */
function termOf(epsilon: number): (t: Tensor, p: Tensor) => Tensor {
  return epsilon < 2 ** -24 ? weightedLog : (t, p) => mul(t, log(p));
}

/**
 * Binary cross-entropy of σ(x), computed from x without overflow: softplus(x) − t·x. A logit of ±∞ costs 0 where the
 * target is what it says, and ∞ elsewhere.
 *
 * @param logits any numbers, any shape
 * @param target of the same shape, in [0, 1], or one number for all
 * @throws ShapeError where the shapes differ
 */
export function binaryCrossEntropyWithLogits(logits: Tensor, target: TensorLike, options: LossOptions = {}): Tensor {
  readOptions("binaryCrossEntropyWithLogits", options, LOSSES);
  checkSameShape("binaryCrossEntropyWithLogits", logits, target);
  const losses = logisticLoss(...operands("binaryCrossEntropyWithLogits", [logits, target]));
  return reduced(losses, options);
}

/**
 * −Σ t ln p over the last axis, with p clipped to [ε, 1 − ε] as Keras does.
 *
 * @param probabilities […, classes], each row summing to 1
 * @param target of the same shape: one-hot, or a distribution
 * @throws ShapeError where the shapes differ
 */
export function categoricalCrossEntropy(
  probabilities: Tensor,
  target: Tensor,
  options: LossOptions & { epsilon?: number } = {},
): Tensor {
  const { epsilon = PROBABILITY_EPSILON } = readOptions("categoricalCrossEntropy", options, CLIPPED);
  checkSameShape("categoricalCrossEntropy", probabilities, target);
  const losses = neg(sum(termOf(epsilon)(target, clip(probabilities, epsilon, 1 - epsilon)), { axis: -1 }));
  return reduced(losses, options);
}

/**
 * Categorical cross-entropy of softmax(x), computed from x without overflow. A class with the logit −∞ is masked: it has
 * the probability 0, and with the target 0 it costs nothing and gets no gradient.
 *
 * @param logits […, classes]
 * @param target of the same shape: one-hot, or a distribution
 * @throws ShapeError where the shapes differ
 */
export function categoricalCrossEntropyWithLogits(logits: Tensor, target: Tensor, options: LossOptions = {}): Tensor {
  readOptions("categoricalCrossEntropyWithLogits", options, LOSSES);
  checkSameShape("categoricalCrossEntropyWithLogits", logits, target);
  const losses = neg(sum(weighted(target, logSoftmax(logits)), { axis: -1 }));
  return reduced(losses, options);
}

/** (prediction − target)². Throws ShapeError where the shapes differ. */
export function meanSquaredError(prediction: Tensor, target: TensorLike, options: LossOptions = {}): Tensor {
  readOptions("meanSquaredError", options, LOSSES);
  checkSameShape("meanSquaredError", prediction, target);
  return reduced(square(sub(prediction, target)), options);
}

/** |prediction − target|. Throws ShapeError where the shapes differ. */
export function meanAbsoluteError(prediction: Tensor, target: TensorLike, options: LossOptions = {}): Tensor {
  readOptions("meanAbsoluteError", options, LOSSES);
  checkSameShape("meanAbsoluteError", prediction, target);
  return reduced(abs(sub(prediction, target)), options);
}

/**
 * The Kullback–Leibler divergence of a diagonal normal from the standard one, summed over the last axis:
 * −½ Σ (1 + ln σ² − μ² − σ²). Kingma & Welling, "Auto-Encoding Variational Bayes" (2014), appendix B.
 *
 * @param meanValue μ, […, latent]
 * @param logVariance ln σ², of the same shape
 * @throws ShapeError where the shapes differ
 */
export function klDivergenceNormal(meanValue: Tensor, logVariance: Tensor, options: LossOptions = {}): Tensor {
  readOptions("klDivergenceNormal", options, LOSSES);
  checkSameShape("klDivergenceNormal", meanValue, logVariance, "mean and log-variance");
  const terms = sub(sub(add(logVariance, 1), square(meanValue)), exp(logVariance));
  return reduced(mul(sum(terms, { axis: -1 }), -0.5), options);
}
