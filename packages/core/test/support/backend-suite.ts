// What every float32 backend is asked: values and gradients against float64, special values, exact copies.

import {
  type Backend,
  equal,
  gradients,
  matmul,
  oneHot,
  Random,
  randomNormal,
  type Tensor,
  tensor,
  withBackend,
} from "@adjoint/core";
import fc from "fast-check";
import { expect, it } from "vitest";
import { arrays, axisOf, shapes } from "./arbitraries.js";
import { activationCases, binaryCases, chooseCases, unaryCases } from "./arithmetic-cases.js";
import { arrangingCases, broadcastingCases, indexingCases } from "./arranging-cases.js";
import { expectWithin, inFloat64, read } from "./expectations.js";
import { elementwise, type HostArray, rounded, toHost, toTensor } from "./host-array.js";
import { imageCases, normalizationCases } from "./image-cases.js";
import type { OpCall } from "./op-case.js";
import { productBound, productBy, productCases } from "./product-cases.js";
import { reduceBy, reductionCases } from "./reduction-cases.js";
import { runs } from "./runs.js";
import { binaryTables, unaryTables } from "./special-values.js";

const cases = [
  ...[...binaryCases, ...unaryCases, ...activationCases, ...chooseCases, ...reductionCases, ...productCases],
  ...[...arrangingCases, ...broadcastingCases, ...indexingCases, ...imageCases, ...normalizationCases],
].map((opCase) => [opCase.op, opCase] as const);

const unary = unaryTables.map((table) => [table.op, table] as const);
const binary = binaryTables.map((table) => [table.op, table] as const);

/** How a backend is examined. */
export interface Examination {
  /** The part of the usual number of random inputs that each property gets: less where a mode is slow. */
  readonly part?: number;
  /** How many times the bounds of float32 are allowed. */
  readonly slack?: number;
}

/** Tests of a backend that is called `name`; `backendOf` is asked for it when they run. */
export function describeBackend(name: string, backendOf: () => Backend, { part = 0.5, slack = 1 }: Examination = {}) {
  const on = <T>(fn: () => T) => withBackend(backendOf(), fn);
  const loosened = elementwise((bound) => slack * bound);
  const readLater = async (x: Tensor) => toHost(x, await x.data());

  it("says what it is, and makes float32", () => {
    expect(backendOf().info().name).toBe(name);
    expect(on(() => tensor([1])).dtype).toBe("float32");
  });

  it.each(cases)("gives the values of %s, within the bounds of float32", async (_, { calls }) => {
    const property = fc.asyncProperty(calls, async (call) => {
      const inputs = call.inputs.map(rounded);
      const expected = call.define(...inputs);
      const actual = await readLater(on(() => call.apply(...inputs.map((input) => toTensor(input)))));
      expectWithin(actual, expected, loosened(float32Bound(call, inputs, expected)));
    });
    await fc.assert(property, runs(part));
  });

  it.each(cases)("gives the gradients of %s that float64 gives", async (_, { calls }) => {
    const property = fc.asyncProperty(calls, async (call) => {
      const inputs = call.inputs.map(rounded);
      const expected = inFloat64(() => weightedGradients(call, inputs).map(read));
      const actual = on(() => weightedGradients(call, inputs));
      for (const [i, gradient] of actual.entries()) {
        const wanted = expected[i] as HostArray;
        const largest = wanted.data.reduce((size, x) => Math.max(size, Math.abs(x)), 1);
        expectWithin(await readLater(gradient), wanted, elementwise(() => slack * 1e-5 * largest)(wanted));
      }
    });
    await fc.assert(property, runs(part));
  });

  it.each(unary)("%s of NaN, ±∞ and ±0 is as IEEE 754 has it", async (_, { apply, pairs }) => {
    const y = on(() => apply(tensor(pairs.map(([x]) => x))));
    expect([...(await y.data())]).toEqual(pairs.map(([, expected]) => expected));
  });

  it.each(binary)("%s of NaN, ±∞ and ±0 is as IEEE 754 has it", async (_, { apply, triples }) => {
    const y = on(() => apply(tensor(triples.map(([a]) => a)), tensor(triples.map(([, b]) => b))));
    expect([...(await y.data())]).toEqual(triples.map(([, , expected]) => expected));
  });

  it("keeps every float32 as it is: ±0, the smallest, the largest, NaN", async () => {
    const values = [0, -0, 2 ** -149, -(2 ** -126), 2 ** 127 * (2 - 2 ** -23), Infinity, -Infinity, Number.NaN];
    expect([...(await on(() => tensor(values)).data())]).toEqual(values);
    expect([...(await on(() => tensor(values).reshape([2, 4]).transpose().transpose()).data())]).toEqual(values);
  });

  it("finds the same largest element as its definition, also among equal ones and NaN", async () => {
    const values = fc.constantFrom(-1, 0, 2, 5, -Infinity);
    const calls = shapes({ minRank: 1 }).chain((shape) => fc.tuple(arrays(shape, values), axisOf(shape.length)));
    const property = fc.asyncProperty(calls, async ([x, axis]) => {
      const expected = reduceBy((line) => line.indexOf(Math.max(...line)), x, { axis });
      expect(await readLater(on(() => toTensor(x).argMax({ axis })))).toEqual(expected);
    });
    await fc.assert(property, runs(part));
    expect([...(await on(() => tensor([[1, Number.NaN, Infinity]]).argMax()).data())]).toEqual([1]);
  });

  it("writes one-hot rows", async () => {
    expect(await readLater(on(() => oneHot([2, 0], 3)))).toEqual({ shape: [2, 3], data: [0, 0, 1, 1, 0, 0] });
    expect([...(await on(() => equal(oneHot([1], 2), 1)).data())]).toEqual([0, 1]);
  });

  it.each([
    [
      [2, 0],
      [0, 3],
      [2, 3],
    ],
    [
      [0, 2],
      [2, 3],
      [0, 3],
    ],
    [
      [0, 2, 3],
      [3, 4],
      [0, 2, 4],
    ],
  ])("multiplies the empty %j by %j", async (left, right, shape) => {
    const size = shape.reduce((product, extent) => product * extent, 1);
    const ones = (of: number[]) => toTensor({ shape: of, data: new Array(sizeOf(of)).fill(1) });
    expect(await readLater(on(() => matmul(ones(left), ones(right))))).toEqual({
      shape,
      data: new Array(size).fill(0),
    });
  });

  it.each([
    [1, 1, 1],
    [61, 257, 37],
    [13, 1009, 11],
  ])("multiplies %i×%i by %i columns within 4·√k·2⁻²⁴·‖row‖·‖column‖", async (m, k, n) => {
    await expectProduct(backendOf(), [m, k], [k, n], {});
    await expectProduct(backendOf(), [k, m], [n, k], { transposeA: true, transposeB: true });
  });
}

async function expectProduct(
  backend: Backend,
  left: readonly number[],
  right: readonly number[],
  options: { transposeA?: boolean; transposeB?: boolean },
): Promise<void> {
  const random = new Random(5);
  const [a, b] = withBackend(backend, () => [randomNormal(left, { random }), randomNormal(right, { random })] as const);
  const product = withBackend(backend, () => matmul(a, b, options));
  const [hostA, hostB] = [toHost(a, await a.data()), toHost(b, await b.data())];
  const expected = inFloat64(() => read(matmul(toTensor(hostA), toTensor(hostB), options)));
  const bounds = productBy(productBound, hostA, hostB, options);
  expectWithin(toHost(product, await product.data()), expected, bounds);
}

/** The gradients of ⟨the call, weights⟩, the weights being the same on every backend. */
function weightedGradients({ apply }: OpCall, inputs: readonly HostArray[]): Tensor[] {
  const tensors = inputs.map((input) => toTensor(input, { requiresGradient: true }));
  const y = apply(...tensors);
  const weights = tensor(
    Array.from({ length: y.size }, (_, i) => Math.fround(Math.cos(3 * i + 1))),
    { shape: y.shape },
  );
  return gradients(y.mul(weights).sum(), tensors, { allowUnused: true });
}

/**
 * Below the smallest normal number, 2^-126, a float32 has fewer digits, or a backend none at all; and a device may
 * flush such an operand to 0 before it multiplies it, which loses it times the other one.
 */
const FLUSHED = 2 ** -120;

/** The call's own bound, or 1e-5 of each element. */
function float32Bound(call: OpCall, inputs: readonly HostArray[], expected: HostArray): HostArray {
  const relative = call.float32Bound?.(...inputs) ?? elementwise((x) => 1e-5 * Math.abs(x))(expected);
  return elementwise((bound) => bound + FLUSHED)(relative);
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((size, extent) => size * extent, 1);
}
