// An op as the property tests and the backends' shared suite see it: random calls of it, each with its definition.

import type { Tensor } from "@adjoint/core";
import fc from "fast-check";
import { describeArray, elementwise, type HostArray, zerosLike } from "./host-array.js";

/** One random call of an op: inputs, options (inside `apply`), and what the op means, written naively. */
export interface OpCall {
  /** The inputs that have a gradient. */
  readonly inputs: readonly HostArray[];
  /** Calls the op, on the current backend. */
  readonly apply: (...inputs: Tensor[]) => Tensor;
  /** The same by definition, in float64. */
  readonly define: (...inputs: readonly HostArray[]) => HostArray;
  /** The largest error of each element that float32 allows; 1e-5 of the element by default. */
  readonly float32Bound?: (...inputs: readonly HostArray[]) => HostArray;
  /** For counterexamples: the options of the call. */
  readonly options: string;
}

/** An op with a generator of calls. */
export interface OpCase {
  readonly op: string;
  readonly calls: fc.Arbitrary<OpCall>;
  /** The inputs, by position, that it is linear in, and which of the others must be 0 for that. */
  readonly linearIn?: readonly Linearity[];
}

/** The op is linear in one input, where others are 0. */
export interface Linearity {
  readonly input: number;
  readonly zeroed: "others" | "none" | readonly number[];
}

/** Linear in its one input. */
export const LINEAR: readonly Linearity[] = [{ input: 0, zeroed: "none" }];

/** Linear in either of two inputs while the other is kept, as a product is. */
export const BILINEAR: readonly Linearity[] = [
  { input: 0, zeroed: "none" },
  { input: 1, zeroed: "none" },
];

/** Linear in all inputs together, so in each while the others are 0, as a sum is. */
export function jointlyLinear(count: number): readonly Linearity[] {
  return Array.from({ length: count }, (_, input) => ({ input, zeroed: "others" as const }));
}

/** An op of one input as a function of that alone, the others at 0 or as they are in the call. */
export function restrictTo(
  { inputs, apply }: OpCall,
  { input, zeroed }: Linearity,
  toTensor: (array: HostArray) => Tensor,
) {
  return (x: Tensor): Tensor => {
    const isZero = (i: number) => zeroed === "others" || (zeroed !== "none" && zeroed.includes(i));
    return apply(...inputs.map((array, i) => (i === input ? x : toTensor(isZero(i) ? zerosLike(array) : array))));
  };
}

/** What a call is made of, without what is written for counterexamples. */
export interface CallParts extends Omit<OpCall, "options"> {
  readonly options?: Readonly<Record<string, unknown>>;
}

/** A call that prints itself in counterexamples: shapes, values, options. */
export function callOf({ options = {}, ...parts }: CallParts): OpCall {
  const written = JSON.stringify(options, (_, value: unknown) => (typeof value === "function" ? undefined : value));
  const text = () => `${parts.inputs.map(describeArray).join(" × ")} ${written}`;
  return { ...parts, options: written, ...{ [fc.toStringMethod]: text } };
}

/** The case of an elementwise function of as many inputs as the calls have. */
export function elementwiseCase(
  op: string,
  apply: (...inputs: Tensor[]) => Tensor,
  definition: (...values: number[]) => number,
  inputs: fc.Arbitrary<HostArray[]>,
  linearIn?: readonly Linearity[],
): OpCase {
  const define = elementwise(definition);
  const calls = inputs.map((arrays) => callOf({ inputs: arrays, apply, define }));
  return { op, calls, ...(linearIn ? { linearIn } : {}) };
}
