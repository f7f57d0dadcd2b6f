// The numbers by which kernels know functions: the places of their names in these lists, as assembly/ has them.

import type { BinaryName, ReduceName, UnaryName } from "../backend.js";

export const UNARY_NAMES: readonly UnaryName[] = [
  "neg",
  "exp",
  "log",
  "sqrt",
  "square",
  "abs",
  "sign",
  "tanh",
  "sigmoid",
  "relu",
  "leakyRelu",
  "softplus",
  "clip",
];

export const BINARY_NAMES: readonly BinaryName[] = [
  "add",
  "sub",
  "mul",
  "div",
  "pow",
  "maximum",
  "minimum",
  "equal",
  "notEqual",
  "less",
  "lessEqual",
  "greater",
  "greaterEqual",
];

export const REDUCE_NAMES: readonly ReduceName[] = ["sum", "max", "min", "argMax"];

/** Stands for no activation. */
export const NO_ACTIVATION = -1;

function codesOf<Name extends string>(names: readonly Name[]): Readonly<Record<Name, number>> {
  return Object.fromEntries(names.map((name, code) => [name, code])) as Record<Name, number>;
}

export const unaryCodes = codesOf(UNARY_NAMES);
export const binaryCodes = codesOf(BINARY_NAMES);
export const reduceCodes = codesOf(REDUCE_NAMES);
