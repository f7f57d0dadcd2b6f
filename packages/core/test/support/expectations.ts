// What tests say about tensors and arrays, and gradients at hand.

import { type NestedArray, ReferenceBackend, type Tensor, tensor, valueAndGradients, withBackend } from "@adjoint/core";
import { expect } from "vitest";
import { type HostArray, toHost } from "./host-array.js";

const referee = new ReferenceBackend({ dtype: "float64" });

/** Runs `fn` with tensors made in float64 on a reference backend. */
export function inFloat64<T>(fn: () => T): T {
  return withBackend(referee, fn);
}

/** Values and shape of a tensor of a synchronous backend. */
export function read(x: Tensor): HostArray {
  return toHost(x, x.dataSync());
}

/** Expects the same shape, and every element within `tolerance` of the expected one, relative to it or to 1. */
export function expectClose(actual: HostArray, expected: HostArray, tolerance = 1e-12): void {
  const { data } = expected;
  expectWithin(actual, expected, {
    shape: expected.shape,
    data: data.map((x) => tolerance * Math.max(1, Math.abs(x))),
  });
}

/** Expects the same shape, and every element within its own bound. NaN and infinities are equal to themselves only. */
export function expectWithin(actual: HostArray, expected: HostArray, bounds: HostArray): void {
  expect(actual.shape).toEqual(expected.shape);
  expected.data.forEach((wanted, i) => {
    const got = actual.data[i] as number;
    const near = Object.is(got, wanted) || Math.abs(got - wanted) <= (bounds.data[i] as number);
    if (!near) expect.fail(`element ${i}: got ${got}, expected ${wanted}, within ${bounds.data[i]}`);
  });
}

/** Expects a tensor of the values and the nesting of `expected`, to 1e-12 relative to them or to 1. */
export function expectTensor(actual: Tensor, expected: NestedArray): void {
  expectClose(read(actual), read(inFloat64(() => tensor(expected))));
}

type Inputs = readonly NestedArray[];

/** What `fn` gives for inputs written down, in float64. */
export function valueFor(fn: (...inputs: Tensor[]) => Tensor, ...inputs: Inputs): Tensor {
  return inFloat64(() => fn(...inputs.map((input) => tensor(input))));
}

/** The gradients of ⟨fn(inputs), dy⟩ for a `dy` written down: what the op's rule makes of it. In float64. */
export function gradientsFor(fn: (...inputs: Tensor[]) => Tensor, dy: NestedArray, ...inputs: Inputs): Tensor[] {
  return inFloat64(() => {
    const tensors = inputs.map((input) => tensor(input));
    const loss = (...given: Tensor[]) =>
      fn(...given)
        .mul(tensor(dy))
        .sum();
    return valueAndGradients(loss, tensors, { allowUnused: true }).gradients;
  });
}

/** Expects gradients, one an input, to be what was computed by hand. */
export function expectGradients(found: readonly Tensor[], ...expected: Inputs): void {
  expect(found.length).toBe(expected.length);
  found.forEach((gradient, i) => {
    expectTensor(gradient, expected[i] as NestedArray);
  });
}

/** Rows of a matrix, or matrices of a stack, on one line. */
export function rows(...entries: Inputs): NestedArray {
  return entries;
}
