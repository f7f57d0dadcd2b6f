// What the probabilities of the digits tell of a set of images.

import { ArgumentError, ShapeError } from "@adjoint/core";

/** What `measureClasses` gives. */
export interface ClassMeasures {
  /**
   * exp E‖p(y|x) : p(y)‖ with the divergence of Kullback and Leibler: the Inception Score of Salimans et al. ("Improved
   * Techniques for Training GANs", 2016, section 4) with a classifier of digits in Inception's place. From 1 (all images
   * look alike to the classifier) to the number of classes (each is certain, and all are as frequent).
   */
  readonly score: number;
  /** The mean of each image's largest probability. */
  readonly confidence: number;
  /** The share of images that look most like each class; they add up to 1. */
  readonly shares: readonly number[];
}

/**
 * Measures a set of images, all at once.
 *
 * @param probabilities [count, classes], row-major; each row adds up to 1
 * @throws ShapeError where the values are not rows of that size, or there is none; ArgumentError for what is no
 *   probability
 */
export function measureClasses(probabilities: ArrayLike<number>, classes: number): ClassMeasures {
  const count = probabilities.length / classes;
  if (!Number.isInteger(count) || count < 1) {
    const found = `got ${probabilities.length} values`;
    throw new ShapeError("measureClasses", `needs at least 1 row of ${classes} probabilities, ${found}`);
  }
  const marginal = new Float64Array(classes);
  const counts = new Array<number>(classes).fill(0);
  let [negativeEntropy, confidence] = [0, 0];
  for (let image = 0; image < count; image++) {
    let best = 0;
    for (let digit = 0; digit < classes; digit++) {
      const p = probabilities[image * classes + digit] as number;
      checkProbability(p);
      (marginal[digit] as number) += p / count;
      negativeEntropy += pLogP(p) / count;
      if (p > (probabilities[image * classes + best] as number)) best = digit;
    }
    confidence += (probabilities[image * classes + best] as number) / count;
    (counts[best] as number)++;
  }
  // E Σ p(y|x) (log p(y|x) − log p(y)) = E Σ p(y|x) log p(y|x) − Σ p(y) log p(y)
  const score = Math.exp(negativeEntropy - marginal.reduce((sum, p) => sum + pLogP(p), 0));
  return { score, confidence, shares: counts.map((images) => images / count) };
}

/** p·log p, which goes to 0 with p. */
function pLogP(p: number): number {
  return p > 0 ? p * Math.log(p) : 0;
}

/** float32's sum of a row may be off by a little. */
const SLACK = 1e-5;

function checkProbability(p: number): void {
  if (p >= 0 && p <= 1 + SLACK) return;
  throw new ArgumentError("measureClasses", `probabilities must be in [0, 1], got ${p}`);
}
