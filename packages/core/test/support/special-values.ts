// What the elementwise ops give for NaN, ±∞, ±0 and very large numbers: IEEE 754, as NumPy has it. −0 and 0 differ here.

import {
  abs,
  add,
  clip,
  div,
  equal,
  exp,
  greater,
  greaterEqual,
  leakyRelu,
  less,
  lessEqual,
  log,
  maximum,
  minimum,
  mul,
  neg,
  notEqual,
  pow,
  relu,
  sigmoid,
  softplus,
  sqrt,
  square,
  sub,
  type Tensor,
  tanh,
} from "@adjoint/core";

const { NaN: nan } = Number;
const inf = Infinity;

/** A function of one tensor, and the pairs of what goes in and what comes out. */
export interface UnaryTable {
  readonly op: string;
  readonly apply: (x: Tensor) => Tensor;
  readonly pairs: readonly (readonly [x: number, y: number])[];
}

/** A function of two tensors, and the triples of what goes in and what comes out. */
export interface BinaryTable {
  readonly op: string;
  readonly apply: (a: Tensor, b: Tensor) => Tensor;
  readonly triples: readonly (readonly [a: number, b: number, y: number])[];
}

function unary(op: string, apply: (x: Tensor) => Tensor, ...pairs: UnaryTable["pairs"]): UnaryTable {
  // NaN goes through every function
  return { op, apply, pairs: [...pairs, [nan, nan]] };
}

function binary(op: string, apply: (a: Tensor, b: Tensor) => Tensor, ...triples: BinaryTable["triples"]): BinaryTable {
  return { op, apply, triples };
}

/** Functions of one argument. */
export const unaryTables: readonly UnaryTable[] = [
  unary("neg", neg, [0, -0], [-0, 0], [inf, -inf]),
  unary("exp", exp, [-inf, 0], [inf, inf], [-0, 1], [1000, inf], [-1000, 0]),
  unary("log", log, [0, -inf], [-0, -inf], [-1, nan], [-inf, nan], [inf, inf], [1, 0]),
  unary("sqrt", sqrt, [-0, -0], [0, 0], [-1, nan], [-inf, nan], [inf, inf]),
  unary("square", square, [-inf, inf], [-0, 0]),
  unary("abs", abs, [-0, 0], [-inf, inf], [inf, inf]),
  unary("tanh", tanh, [-inf, -1], [inf, 1], [-0, -0], [1000, 1], [-1000, -1]),
  unary("sigmoid", sigmoid, [-inf, 0], [inf, 1], [1000, 1], [-1000, 0], [-0, 0.5]),
  unary("relu", relu, [-inf, 0], [inf, inf], [-5, 0]),
  unary("leakyRelu", (x) => leakyRelu(x, { negativeSlope: 0.5 }), [-inf, -inf], [inf, inf], [-8, -4]),
  unary("softplus", softplus, [-inf, 0], [inf, inf], [1000, 1000], [-1000, 0]),
  unary("clip", (x) => clip(x, -1, 2), [-inf, -1], [inf, 2]),
];

/** Functions of two arguments. */
export const binaryTables: readonly BinaryTable[] = [
  binary("add", add, [inf, -inf, nan], [inf, 1, inf], [nan, 1, nan], [-0, -0, -0], [-0, 0, 0]),
  binary("sub", sub, [inf, inf, nan], [1, inf, -inf], [0, 0, 0], [1, nan, nan]),
  binary("mul", mul, [inf, 0, nan], [inf, -2, -inf], [-0, 3, -0], [nan, 0, nan]),
  binary("div", div, [1, 0, inf], [1, -0, -inf], [-1, 0, -inf], [0, 0, nan], [inf, inf, nan], [1, -inf, -0]),
  binary("pow", pow, [1, nan, 1], [nan, 0, 1], [nan, 1, nan], [2, nan, nan], [0, 0, 1], [-1, inf, 1], [-1, -inf, 1]),
  binary(
    "pow",
    pow,
    [0, -1, inf],
    [-0, -1, -inf],
    [-0, 3, -0],
    [-2, 0.5, nan],
    [inf, -1, 0],
    [0.5, inf, 0],
    [1, inf, 1],
  ),
  binary("maximum", maximum, [nan, 1, nan], [1, nan, nan], [nan, nan, nan], [-inf, inf, inf], [-inf, -inf, -inf]),
  binary("minimum", minimum, [nan, 1, nan], [1, nan, nan], [nan, nan, nan], [-inf, inf, -inf], [inf, inf, inf]),
  binary("equal", equal, [nan, nan, 0], [0, -0, 1], [inf, inf, 1], [inf, -inf, 0]),
  binary("notEqual", notEqual, [nan, nan, 1], [nan, 1, 1], [0, -0, 0], [inf, inf, 0]),
  binary("less", less, [nan, 1, 0], [1, nan, 0], [-0, 0, 0], [-inf, inf, 1], [inf, inf, 0]),
  binary("lessEqual", lessEqual, [nan, nan, 0], [0, -0, 1], [-inf, inf, 1], [inf, inf, 1]),
  binary("greater", greater, [nan, 1, 0], [1, nan, 0], [0, -0, 0], [inf, -inf, 1], [inf, inf, 0]),
  binary("greaterEqual", greaterEqual, [nan, nan, 0], [-0, 0, 1], [inf, -inf, 1], [-inf, -inf, 1]),
];
