// Logarithms with weights, as cross-entropies have them: what weighs nothing counts nothing, also where it is infinite.

import { sigmoid, softplus } from "../ops/activations.js";
import { abs, add, clip, div, log, mul, neg, sub } from "../ops/arithmetic.js";
import { defineBroadcastOp } from "../ops/broadcasting.js";
import { equal, greater, where } from "../ops/comparison.js";
import { scope } from "../scope.js";
import type { Tensor } from "../tensor.js";

/** 1 where the weight is 0 and x infinite: where their product would be NaN. */
function countsNothing(weight: Tensor, x: Tensor): Tensor {
  return mul(equal(weight, 0), equal(abs(x), Infinity));
}

// d (w·x) = x dw + w dx, 0·∞ being 0 in all of them
const weightedOp: (weight: Tensor, x: Tensor) => Tensor = defineBroadcastOp<[Tensor, Tensor]>({
  name: "weighted",
  // any finite number does for x where the weight is 0; NaN stays
  forward: ([weight, x]) => scope(() => mul(weight, where(equal(weight, 0), clip(x, -1, 1), x))),
  gradient: ({ dy, inputs: [weight, x] }) => [
    () => mul(dy, where(countsNothing(weight, x), 0, x)),
    () => weightedOp(weight, dy),
  ],
});

/** weight · x, but 0 where the weight is 0 and x infinite. Of broadcasting shapes. */
export function weighted(weight: Tensor, x: Tensor): Tensor {
  return weightedOp(weight, x);
}

// d (w·ln p) = ln p dw + w/p dp, where both are 0 for w = p = 0
const weightedLogOp = defineBroadcastOp<[Tensor, Tensor]>({
  name: "weighted logarithm",
  forward: ([weight, p]) => scope(() => weighted(weight, log(p))),
  gradient: ({ dy, inputs: [weight, p] }) => [
    () => mul(dy, log(where(bothZero(weight, p), 1, p))),
    () => div(weighted(weight, dy), where(bothZero(weight, p), 1, p)),
  ],
});

function bothZero(weight: Tensor, p: Tensor): Tensor {
  return mul(equal(weight, 0), equal(p, 0));
}

/** weight · ln p, but 0 where both are 0, with the gradient 0 there (`xlogy` elsewhere). Of broadcasting shapes. */
export function weightedLog(weight: Tensor, p: Tensor): Tensor {
  return weightedLogOp(weight, p);
}

// l = softplus(x) − t·x: dl = (σ(x) − t) dx − x dt, which are right at ±∞, too, where the formula for l says ∞ − ∞ or 0·∞
const logisticLossOp = defineBroadcastOp<[Tensor, Tensor]>({
  name: "binaryCrossEntropyWithLogits",
  forward: ([x, t]) =>
    scope(() => {
      // nothing is lost by being certain and right; t + ∞ lets NaN through
      const certain = where(equal(t, greater(x, 0)), 0, add(t, Infinity));
      return where(equal(abs(x), Infinity), certain, sub(softplus(x), mul(t, x)));
    }),
  gradient: ({ dy, inputs: [x, t] }) => [() => add(mul(neg(dy), t), mul(dy, sigmoid(x))), () => mul(neg(dy), x)],
});

/** −t ln σ(x) − (1 − t) ln(1 − σ(x)) without overflow. Of broadcasting shapes. */
export function logisticLoss(x: Tensor, t: Tensor): Tensor {
  return logisticLossOp(x, t);
}
