// Where an op at special values gives something else than PyTorch does, and why. Each choice must be true of the elements
// it names, and different from PyTorch's values there: one that is not needed fails.

import type { Element } from "./special-grid.js";

/** A deviation from PyTorch that is meant. */
export interface Choice {
  readonly why: string;
  readonly applies: (element: Element) => boolean;
  /** What is given instead. */
  readonly value: (element: Element) => number;
}

const isNan = Number.isNaN;

/** Whether x is 0, of either sign. */
const isZero = (x: number | undefined) => x === 0;

/** dy of a gradient; NaN of an output. */
const dyOf = ({ dy }: Element) => dy ?? Number.NaN;

const isGradient = (element: Element, op: string) => element.op === op && element.of !== "y";

export const choices: readonly Choice[] = [
  {
    why: "sign(NaN) is NaN, as in NumPy: nothing hides NaN",
    applies: ({ op, of, inputs: [x = 0] }) => op === "sign" && of === "y" && isNan(x),
    value: () => Number.NaN,
  },
  {
    why: "so |NaN| has the gradient NaN, where PyTorch has sign(NaN)·dy = 0·dy",
    applies: (e) => isGradient(e, "abs") && isNan(e.inputs[0] as number) && e.dy !== Infinity,
    value: () => Number.NaN,
  },
  {
    why: "and so has |x − t|",
    applies: (e) => isGradient(e, "meanAbsoluteError") && isNan(differenceOf(e)) && e.dy !== Infinity,
    value: () => Number.NaN,
  },
  {
    why: "the slope 0 of |x| at 0 is chosen, not multiplied by an infinite dy",
    applies: (e) => isGradient(e, "abs") && isZero(e.inputs[0]) && e.dy === Infinity,
    value: () => 0,
  },
  {
    why: "and so is that of |x − t|",
    applies: (e) => isGradient(e, "meanAbsoluteError") && isZero(differenceOf(e)) && e.dy === Infinity,
    value: () => 0,
  },
  {
    why: "leakyRelu of slope 0 is relu: 0 at −∞, where PyTorch has 0·∞",
    applies: ({ op, options, of, inputs: [x] }) =>
      op === "leakyRelu" && options.negativeSlope === 0 && of === "y" && x === -Infinity,
    value: () => 0,
  },
  {
    why: "its slope 0 is chosen, not multiplied by an infinite dy",
    applies: (e) => isFlatLeakyRelu(e) && e.dy === Infinity && (e.inputs[0] as number) <= 0,
    value: () => 0,
  },
  {
    why: "and like relu it hands dy on at NaN",
    applies: (e) => isFlatLeakyRelu(e) && isNan(e.inputs[0] as number) && dyOf(e) > 0,
    value: dyOf,
  },
  {
    why: "the slope 0 of 0ᵇ to b is chosen, not multiplied by an infinite dy",
    applies: (e) =>
      e.op === "pow" && e.of === 1 && e.dy === Infinity && isZero(e.inputs[0]) && (e.inputs[1] as number) >= 0,
    value: () => 0,
  },
  {
    why: "maxPool2d takes the first NaN of a window, as it takes the first of equal elements; PyTorch takes the last NaN",
    applies: (e) =>
      isGradient(e, "maxPool2d") && e.written.startsWith("nan 1 nan") && [0, 2].includes(e.place) && dyOf(e) > 0,
    value: (e) => (e.place === 0 ? dyOf(e) : 0),
  },
  {
    why: "a logit of ±∞ costs nothing where the target says the same, and ∞ elsewhere; PyTorch has ∞ − ∞ or 0·∞",
    applies: ({ op, of, inputs: [x, t = 0] }) =>
      op === "binaryCrossEntropyWithLogits" && of === "y" && ((x === Infinity && t === 1) || x === -Infinity),
    value: ({ inputs: [x, t = 0] }) => (t === (x === Infinity ? 1 : 0) ? 0 : Infinity),
  },
  {
    why: "d 0·ln p is 0 at p = 0, where PyTorch has 0/0: what remains is d −ln(1 − p) = 1, or −1 on the other side",
    applies: (e) =>
      isGradient(e, "binaryCrossEntropy") &&
      e.options.epsilon === 0 &&
      e.inputs[0] === e.inputs[1] &&
      e.inputs[0] !== 0.25,
    value: (e) => (e.inputs[0] === 1 ? -dyOf(e) : dyOf(e)),
  },
  {
    why: "d 0·ln p is 0 at p = 0, where PyTorch has 0/0",
    applies: (e) =>
      isGradient(e, "categoricalCrossEntropy") && e.options.epsilon === 0 && isZero(e.inputs[0]) && isZero(e.inputs[1]),
    value: () => 0,
  },
];

/** Where PyTorch divides nothing by nothing, the difference is NaN. */
function differenceOf({ inputs: [x = 0, t = 0] }: Element): number {
  return x - t;
}

function isFlatLeakyRelu(element: Element): boolean {
  return isGradient(element, "leakyRelu") && element.options.negativeSlope === 0;
}
