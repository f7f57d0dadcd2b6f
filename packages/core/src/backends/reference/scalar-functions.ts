// The elementwise functions of the contract, one number at a time and in float64. What a backend computes for NaN,
// ±∞ and ±0 is defined here: IEEE 754, as NumPy and C have it.

import type { BinaryName, UnaryName } from "../backend.js";

/** Stable on both sides: never exponentiates a positive number. */
function sigmoid(x: number): number {
  if (x >= 0) return 1 / (1 + Math.exp(-x));
  const e = Math.exp(x);
  return e / (1 + e);
}

/** C's pow: 1 to any power is 1, and (−1)^±∞ is 1, where JavaScript says NaN. */
function pow(a: number, b: number): number {
  if (a === 1 || (a === -1 && (b === Infinity || b === -Infinity))) return 1;
  return a ** b;
}

type Unary = (x: number, first: number, second: number) => number;

/** Elementwise functions of one argument, with up to two parameters. */
export const unaryFunctions: Readonly<Record<UnaryName, Unary>> = {
  neg: (x) => -x,
  exp: Math.exp,
  log: Math.log,
  sqrt: Math.sqrt,
  square: (x) => x * x,
  abs: Math.abs,
  sign: Math.sign,
  tanh: Math.tanh,
  sigmoid,
  relu: (x) => Math.max(x, 0),
  leakyRelu: (x, negativeSlope) => (x > 0 ? x : negativeSlope * x),
  // log(1 + eˣ) without overflow
  softplus: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  clip: (x, low, high) => Math.min(Math.max(x, low), high),
};

/** Elementwise functions of two arguments. */
export const binaryFunctions: Readonly<Record<BinaryName, (a: number, b: number) => number>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  pow,
  maximum: Math.max,
  minimum: Math.min,
  equal: (a, b) => (a === b ? 1 : 0),
  notEqual: (a, b) => (a !== b ? 1 : 0),
  less: (a, b) => (a < b ? 1 : 0),
  lessEqual: (a, b) => (a <= b ? 1 : 0),
  greater: (a, b) => (a > b ? 1 : 0),
  greaterEqual: (a, b) => (a >= b ? 1 : 0),
};
