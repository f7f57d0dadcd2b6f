// Random calls of the elementwise ops of arithmetic.ts, activations.ts and comparison.ts, with their definitions.

import {
  abs,
  add,
  clip,
  div,
  exp,
  leakyRelu,
  log,
  maximum,
  minimum,
  mul,
  neg,
  pow,
  relu,
  sigmoid,
  sign,
  softplus,
  sqrt,
  square,
  sub,
  type Tensor,
  tanh,
  where,
} from "@adjoint/core";
import fc from "fast-check";
import {
  arrays,
  arraysOf,
  broadcastingShapes,
  distinctArrays,
  numbers,
  numbersAwayFrom,
  numbersOffZero,
  shapes,
} from "./arbitraries.js";
import { elementwise, toTensor } from "./host-array.js";
import { BILINEAR, callOf, elementwiseCase, jointlyLinear, LINEAR, type OpCase } from "./op-case.js";

/** Two arrays that broadcast to each other, each of values of its own kind. */
function pairs(left: fc.Arbitrary<number>, right: fc.Arbitrary<number>) {
  return broadcastingShapes(2).chain(([a = [], b = []]) => fc.tuple(arrays(a, left), arrays(b, right)));
}

/** One array, as the list of inputs that it is. */
function single(values: fc.Arbitrary<number>) {
  return shapes().chain((shape) => fc.tuple(arrays(shape, values)));
}

const moderate = numbers(-3, 3);
const distinctPairs = broadcastingShapes(2).chain(distinctArrays);

/** Ops of two inputs that broadcast. */
export const binaryCases: readonly OpCase[] = [
  elementwiseCase("add", add, (a, b) => a + b, pairs(moderate, moderate), jointlyLinear(2)),
  elementwiseCase("sub", sub, (a, b) => a - b, pairs(moderate, moderate), jointlyLinear(2)),
  elementwiseCase("mul", mul, (a, b) => a * b, pairs(moderate, moderate), BILINEAR),
  elementwiseCase("div", div, (a, b) => a / b, pairs(moderate, numbersOffZero(1, 3)), BILINEAR.slice(0, 1)),
  elementwiseCase("pow", pow, (a, b) => Math.exp(b * Math.log(a)), pairs(numbers(0.9, 2.5), numbers(-1, 2.5))),
  elementwiseCase("maximum", maximum, (a, b) => Math.max(a, b), distinctPairs),
  elementwiseCase("minimum", minimum, (a, b) => Math.min(a, b), distinctPairs),
];

const median = (...values: number[]) => values.sort((a, b) => a - b)[1] as number;

const clipCase: OpCase = {
  op: "clip",
  calls: fc.tuple(numbers(-2, 0), numbers(0.1, 2)).chain(([low, width]) => {
    const high = low + width;
    return single(numbersAwayFrom([low, high], -3, 3)).map((inputs) =>
      callOf({
        inputs,
        apply: (x: Tensor) => clip(x, low, high),
        define: elementwise((x) => median(low, x, high)),
        options: { low, high },
      }),
    );
  }),
};

/** Ops of one input. */
export const unaryCases: readonly OpCase[] = [
  elementwiseCase("neg", neg, (x) => -x, single(moderate), LINEAR),
  elementwiseCase("exp", exp, (x) => Math.E ** x, single(moderate)),
  elementwiseCase("log", log, (x) => Math.log2(x) * Math.LN2, single(numbers(0.8, 4))),
  elementwiseCase("sqrt", sqrt, (x) => x ** 0.5, single(numbers(0.5, 4))),
  elementwiseCase("square", square, (x) => x * x, single(moderate)),
  elementwiseCase("abs", abs, (x) => (x < 0 ? -x : x), single(numbersAwayFrom([0], -3, 3))),
  clipCase,
  elementwiseCase("sign", sign, (x) => (x < 0 ? -1 : 1), single(numbersAwayFrom([0], -3, 3))),
];

const leakyReluCase: OpCase = {
  op: "leakyRelu",
  calls: fc.tuple(single(numbersAwayFrom([0], -3, 3)), numbers(-0.5, 1)).map(([inputs, negativeSlope]) =>
    callOf({
      inputs,
      apply: (x: Tensor) => leakyRelu(x, { negativeSlope }),
      define: elementwise((x) => (x > 0 ? x : x * negativeSlope)),
      options: { negativeSlope },
    }),
  ),
};

/** The nonlinearities of neural networks. */
export const activationCases: readonly OpCase[] = [
  elementwiseCase("tanh", tanh, (x) => Math.sinh(x) / Math.cosh(x), single(moderate)),
  elementwiseCase("sigmoid", sigmoid, (x) => (1 + Math.tanh(x / 2)) / 2, single(moderate)),
  elementwiseCase("relu", relu, (x) => (x + Math.abs(x)) / 2, single(numbersAwayFrom([0], -3, 3))),
  leakyReluCase,
  elementwiseCase("softplus", softplus, (x) => Math.log(1 + Math.exp(x)), single(moderate)),
];

const mask = fc.constantFrom(0, 1, -2, Number.NaN);

/** `where`, whose condition is no input of the check: it has no gradient. */
export const chooseCases: readonly OpCase[] = [
  {
    op: "where",
    linearIn: jointlyLinear(2),
    calls: broadcastingShapes(3).chain(([c = [], a = [], b = []]) =>
      fc.tuple(arrays(c, mask), arraysOf([a, b], moderate)).map(([condition, inputs]) =>
        callOf({
          inputs,
          apply: (x: Tensor, y: Tensor) => where(toTensor(condition), x, y),
          define: (x, y) => elementwise((chosen = 0, yes = 0, no = 0) => (chosen === 0 ? no : yes))(condition, x, y),
          options: { condition },
        }),
      ),
    ),
  },
];
