// Helpers of the wasm backend's tests: buffers in the linear memory or left to the collector, the same in float64 on
// the reference backend, and the measure by which float32 results are compared.

import fc from "fast-check";
import { expect } from "vitest";
import type { Backend, BackendBuffer } from "../../src/backends/backend.js";
import { ReferenceBackend } from "../../src/backends/reference/index.js";
import type { WasmBackend } from "../../src/backends/wasm/index.js";
import { type Shape, sizeOf } from "../../src/shape.js";

/** The referee: float64. */
export const referee = new ReferenceBackend({ dtype: "float64" });

/** Values of an input, and where the wasm backend has them: in its memory, or in an array of the collector's. */
export interface Input {
  readonly values: Float32Array;
  readonly left: boolean;
}

/** Sizes along an axis: nothing, 1, even ones, and primes about the widths of vectors and tiles. */
const EXTENTS = [0, 1, 2, 3, 4, 5, 7, 8, 11, 13, 17] as const;
const MOST_ELEMENTS = 400;

/** Sizes of a product or of rows. */
export const sizes = fc.constantFrom(...EXTENTS);

/** Shapes of at most `maxRank` axes and 400 elements, a 0 now and then. */
export function oddShapes(maxRank = 4): fc.Arbitrary<number[]> {
  const extent = fc.oneof(
    { weight: 1, arbitrary: fc.constant(0) },
    { weight: 30, arbitrary: fc.integer({ min: 1, max: 17 }) },
  );
  return fc.array(extent, { maxLength: maxRank }).map((wanted) => {
    let size = 1;
    return wanted.map((length) => {
      if (size * length > MOST_ELEMENTS) return 1;
      size *= length;
      return length;
    });
  });
}

/** Every float32: NaN, ±0, ±∞, denormals and the largest more often than chance has them. */
export const anyFloat: fc.Arbitrary<number> = fc.float({ noDefaultInfinity: false, noNaN: false });

/** Numbers with which sums keep their digits: 0, or at least 2⁻²⁰, so that no square of one underflows. */
export const tameFloat: fc.Arbitrary<number> = fc
  .float({ min: -8, max: 8, noNaN: true })
  .map((x) => (Math.abs(x) < 2 ** -20 ? 0 : x));

/** An input of so many values. */
export function inputs(count: number, values: fc.Arbitrary<number> = anyFloat): fc.Arbitrary<Input> {
  return fc
    .tuple(fc.array(values, { minLength: count, maxLength: count, size: "max" }), fc.boolean())
    .map(([list, left]) => ({ values: Float32Array.from(list), left }));
}

/** One input for each shape. */
export function inputsOf(shapes: readonly Shape[], values?: fc.Arbitrary<number>): fc.Arbitrary<Input[]> {
  return fc.tuple(...shapes.map((shape) => inputs(sizeOf(shape), values)));
}

/** An input's buffer. */
export function place(backend: WasmBackend, { values, left }: Input): BackendBuffer {
  const buffer = backend.upload(values);
  return left ? backend.leaveToCollector(buffer) : buffer;
}

/** The primitives that are written the same for both backends. */
export type Primitives = Pick<
  Backend,
  "unary" | "binary" | "select" | "reduce" | "matmul" | "copy" | "assemble" | "gatherRows" | "scatterRows"
>;

type Compute = (backend: Primitives, ...buffers: BackendBuffer[]) => BackendBuffer;

/**
 * What `compute` makes of inputs on a wasm backend, all buffers freed. Fails where an input was changed, or other
 * memory is in use than before.
 */
export function computed(backend: WasmBackend, given: readonly Input[], compute: Compute): Float32Array {
  const before = backend.memory();
  const buffers = given.map((input) => place(backend, input));
  const result = compute(backend, ...buffers);
  const values = Float32Array.from(backend.readSync(result));
  const after = buffers.map((buffer) => [...backend.readSync(buffer)]);
  expect(after).toEqual(given.map((input) => [...input.values]));
  for (const buffer of [...buffers, result]) backend.free(buffer);
  expect({ ...backend.memory(), pages: before.pages }).toEqual(before);
  return values;
}

/** What `compute` makes of inputs in float64. */
export function expected(given: readonly Input[], compute: Compute): number[] {
  return Array.from(
    referee.readSync(compute(referee, ...given.map(({ values }) => referee.upload(Float64Array.from(values))))),
  );
}

/** Both. */
export function onBoth(backend: WasmBackend, given: readonly Input[], compute: Compute): [Float32Array, number[]] {
  return [computed(backend, given, compute), expected(given, compute)];
}

/** Expects the float32 nearest to each expected value: NaN is NaN, and 0 and −0 differ. */
export function expectRounded(actual: Float32Array, wanted: readonly number[]): void {
  expect(Array.from(actual)).toEqual(wanted.map(Math.fround));
}

/** Expects each value within its bound; what is not finite, and a zero's sign, must be the same. */
export function expectNear(
  actual: Float32Array,
  wanted: readonly number[],
  bound: (wanted: number, i: number) => number,
) {
  expect(actual.length).toBe(wanted.length);
  wanted.forEach((exact, i) => {
    const [got, target] = [actual[i] as number, Math.fround(exact)];
    const near = Object.is(got, target) || Math.abs(got - exact) <= bound(exact, i);
    if (!near) expect.fail(`element ${i}: got ${got}, expected ${exact}, within ${bound(exact, i)}`);
  });
}

/** The distance between the float32 numbers at a value's size. */
export function unitInLastPlace(value: number): number {
  const size = Math.abs(value);
  if (size < 2 ** -126) return 2 ** -149;
  return 2 ** (Math.min(127, Math.floor(Math.log2(size))) - 23);
}
