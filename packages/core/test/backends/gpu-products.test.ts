// Products of the gpu backend against the same products in float64, over random shapes, in the modes that every
// machine has.

import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Backend, MatmulSpec } from "../../src/backends/backend.js";
import { createGpuBackend } from "../../src/backends/gpu/index.js";
import { ReferenceBackend } from "../../src/backends/reference/index.js";
import { Random } from "../../src/random.js";
import { MODES, operandSizes, productCells, productOn, randomValues, specOf } from "./gpu-support.js";

const sizes = fc.integer({ min: 1, max: 40 });

const specs: fc.Arbitrary<MatmulSpec> = fc.record({
  batch: fc.integer({ min: 1, max: 3 }),
  m: sizes,
  n: sizes,
  k: fc.oneof(sizes, fc.integer({ min: 1, max: 300 })),
  transposeA: fc.boolean(),
  transposeB: fc.boolean(),
  sharedA: fc.boolean(),
  sharedB: fc.boolean(),
});

const seeds = fc.integer({ min: 0, max: 2 ** 31 });

/** The first cell whose error is above its bound, or no number at all. */
function firstAbove(errors: readonly number[], bounds: readonly number[]): object | undefined {
  const cell = errors.findIndex((error, i) => !(error <= (bounds[i] as number)));
  return cell < 0 ? undefined : { cell, error: errors[cell], bound: bounds[cell] };
}

describe.each(MODES)("products in mode %s", (mode) => {
  let backend: Backend;

  beforeAll(async () => {
    backend = await createGpuBackend(mode);
  });

  afterAll(async () => {
    await backend.dispose();
  });

  it("agrees with float64 to 4·√k·2⁻²⁴ times the lengths of row and column", async () => {
    await fc.assert(
      fc.asyncProperty(specs, seeds, async (spec, seed) => {
        const random = new Random(seed);
        const [a, b] = operandSizes(spec).map((size) => randomValues(random, size)) as [Float32Array, Float32Array];
        const product = await productOn(backend, a, b, spec);
        const cells = productCells(a, b, spec);
        expect(product).toHaveLength(cells.length);
        const errors = cells.map(({ value }, i) => Math.abs((product[i] as number) - value));
        const bounds = cells.map(({ scale }) => 4 * Math.sqrt(spec.k) * 2 ** -24 * scale);
        expect(firstAbove(errors, bounds)).toBeUndefined();
      }),
    );
  });

  it("adds the bias to each row and then applies the activation, as the reference backend does", async () => {
    const reference = new ReferenceBackend();
    const activations = fc.constantFrom(
      { name: "leakyRelu", parameters: [0.01] } as const,
      { name: "tanh", parameters: [] } as const,
      { name: "sigmoid", parameters: [] } as const,
      undefined,
    );
    await fc.assert(
      fc.asyncProperty(specs, activations, fc.boolean(), seeds, async (spec, activation, withBias, seed) => {
        const random = new Random(seed);
        const [a, b] = operandSizes(spec).map((size) => randomValues(random, size)) as [Float32Array, Float32Array];
        const row = randomValues(random, spec.n);
        const epilogueOn = (owner: Backend) => ({
          ...(withBias ? { bias: owner.upload(row) } : {}),
          ...(activation ? { activation } : {}),
        });
        const got = await productOn(backend, a, b, spec, epilogueOn(backend));
        const expected = await productOn(reference, a, b, spec, epilogueOn(reference));
        const errors = [...got].map((value, i) => Math.abs(value - (expected[i] as number)));
        // none of the activations is steeper than 1; the sum with the bias is rounded on both sides
        const bounds = productCells(a, b, spec).map(
          ({ value, scale }) => 4 * Math.sqrt(spec.k) * 2 ** -24 * scale + 2 ** -22 * (Math.abs(value) + 1),
        );
        expect(firstAbove(errors, bounds)).toBeUndefined();
      }),
    );
  });

  it.each([
    {
      what: "2×3 by 3×2",
      spec: specOf(2, 3, 2),
      a: [1, 2, 3, 4, 5, 6],
      b: [7, 8, 9, 10, 11, 12],
      c: [58, 64, 139, 154],
    },
    {
      what: "A stored transposed",
      spec: specOf(2, 3, 2, { transposeA: true }),
      a: [1, 4, 2, 5, 3, 6],
      b: [7, 8, 9, 10, 11, 12],
      c: [58, 64, 139, 154],
    },
    {
      what: "B stored transposed",
      spec: specOf(2, 3, 2, { transposeB: true }),
      a: [1, 2, 3, 4, 5, 6],
      b: [7, 9, 11, 8, 10, 12],
      c: [58, 64, 139, 154],
    },
    {
      what: "two of A with one shared B",
      spec: specOf(1, 2, 2, { batch: 2, sharedB: true }),
      a: [1, 2, 3, 4],
      b: [5, 6, 7, 8],
      c: [19, 22, 43, 50],
    },
    { what: "one number by one number", spec: specOf(1, 1, 1), a: [3], b: [-4], c: [-12] },
    { what: "a row by a column", spec: specOf(1, 4, 1), a: [1, 2, 3, 4], b: [5, 6, 7, 8], c: [70] },
    { what: "a column by a row", spec: specOf(3, 1, 2), a: [1, 2, 3], b: [4, 5], c: [4, 5, 8, 10, 12, 15] },
  ])("computes $what by hand", async ({ spec, a, b, c }) => {
    const product = await productOn(backend, Float32Array.from(a), Float32Array.from(b), spec);
    expect([...product]).toEqual(c);
  });

  it("gives zeros for an inner size of 0, with the bias and the activation", async () => {
    const nothing = new Float32Array(0);
    expect([...(await productOn(backend, nothing, nothing, specOf(2, 0, 3)))]).toEqual([0, 0, 0, 0, 0, 0]);
    const bias = backend.upload(Float32Array.of(1, -1, 2));
    const activation = { name: "leakyRelu", parameters: [0.5] } as const;
    const product = await productOn(backend, nothing, nothing, specOf(2, 0, 3), { bias, activation });
    expect([...product]).toEqual([1, -0.5, 2, 1, -0.5, 2]);
  });

  it.each([specOf(0, 3, 2), specOf(2, 3, 0), specOf(2, 3, 2, { batch: 0 })])("gives nothing for %o", async (spec) => {
    const [aSize, bSize] = operandSizes(spec);
    expect(await productOn(backend, new Float32Array(aSize), new Float32Array(bSize), spec)).toHaveLength(0);
  });
});
