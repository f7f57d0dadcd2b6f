// The wasm backend's products and rows by index against the reference backend in float64: all transposes, batches and
// shared operands, epilogues, sizes of nothing, of one, and about the widths of tiles.

import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import type { Activation, BackendBuffer, MatmulSpec } from "../../src/backends/backend.js";
import { createWasmBackend } from "../../src/backends/wasm/index.js";
import { runs } from "../support/runs.js";
import {
  anyFloat,
  computed,
  expected,
  expectNear,
  expectRounded,
  type Input,
  inputs,
  onBoth,
  type Primitives,
  sizes,
  tameFloat,
} from "./wasm-support.js";

const wasm = await createWasmBackend({ threads: 1 });
afterAll(() => wasm.dispose());

const specs: fc.Arbitrary<MatmulSpec> = fc.record({
  batch: fc.constantFrom(0, 1, 1, 1, 2, 3),
  m: sizes,
  n: sizes,
  k: sizes,
  transposeA: fc.boolean(),
  transposeB: fc.boolean(),
  sharedA: fc.boolean(),
  sharedB: fc.boolean(),
});

/** The inputs of a product: A, B, and a bias. */
function operandsOf(spec: MatmulSpec, values = tameFloat): fc.Arbitrary<[MatmulSpec, Input[]]> {
  const { batch, m, n, k, sharedA, sharedB } = spec;
  const [a, b] = [(sharedA ? 1 : batch) * m * k, (sharedB ? 1 : batch) * k * n];
  return fc.tuple(fc.constant(spec), fc.tuple(inputs(a, values), inputs(b, values), inputs(n, values)));
}

/** 4·√k·2⁻²⁴·‖row‖·‖column‖ for each cell. */
function bounds({ batch, m, n, k, transposeA, transposeB, sharedA, sharedB }: MatmulSpec, [a, b]: readonly Input[]) {
  const squares: MatmulSpec = { batch, m, n: 1, k, transposeA, transposeB: false, sharedA, sharedB: true };
  const columns: MatmulSpec = { batch, m: 1, n, k, transposeA: false, transposeB, sharedA: true, sharedB };
  const ones: Input = { values: new Float32Array(k).fill(1), left: false };
  const squared = (input?: Input): Input => ({
    left: false,
    values: (input?.values ?? new Float32Array()).map((x) => x * x),
  });
  const rowSizes = expected([squared(a), ones], (backend, left, right) => backend.matmul(left, right, squares));
  const columnSizes = expected([ones, squared(b)], (backend, left, right) => backend.matmul(left, right, columns));
  return (i: number) => {
    const [row, member, column] = [Math.floor(i / n), Math.floor(i / (m * n)), i % n];
    const lengths = Math.sqrt((rowSizes[row] as number) * (columnSizes[member * n + column] as number));
    return 4 * Math.sqrt(k) * 2 ** -24 * lengths;
  };
}

const epilogues: readonly (Activation | undefined)[] = [
  undefined,
  { name: "leakyRelu", parameters: [Math.fround(0.01)] },
  { name: "relu", parameters: [] },
  { name: "tanh", parameters: [] },
  { name: "sigmoid", parameters: [] },
];

describe("matmul", () => {
  it("is within 4·√k·2⁻²⁴·‖row‖·‖column‖ of the product, however it is transposed, shared and sized", () => {
    const property = fc.property(specs.chain(operandsOf), ([spec, given]) => {
      const bound = bounds(spec, given);
      const results = onBoth(wasm, given, (backend, a, b) => backend.matmul(a, b, spec));
      expectNear(...results, (_, i) => bound(i));
    });
    fc.assert(property, runs(8));
  });

  it.each([
    [1, 1, 1],
    [61, 37, 257],
    [13, 11, 1009],
    [128, 784, 100],
    [3, 1, 4099],
    [1, 67, 521],
  ])("makes %i×%i cells of %i terms, however it is transposed", (m, n, k) => {
    const wave = (count: number, step: number): Input => ({
      left: false,
      values: Float32Array.from({ length: count }, (_, i) => Math.sin(step * i * i)),
    });
    for (const [transposeA, transposeB] of [
      [false, false],
      [true, false],
      [false, true],
      [true, true],
    ] as const) {
      const spec = { batch: 1, m, n, k, transposeA, transposeB, sharedA: false, sharedB: false };
      const given = [wave(m * k, 0.37), wave(k * n, 0.73)];
      const bound = bounds(spec, given);
      expectNear(...onBoth(wasm, given, (backend, a, b) => backend.matmul(a, b, spec)), (_, i) => bound(i));
    }
  });

  it("adds the bias and applies the activation, as doing so afterwards does", () => {
    const cases = fc.tuple(specs.chain(operandsOf), fc.boolean(), fc.constantFrom(...epilogues));
    const property = fc.property(cases, ([[spec, given], biased, activation]) => {
      const bound = bounds(spec, given);
      const fused = (backend: Primitives, a: BackendBuffer, b: BackendBuffer, bias: BackendBuffer) =>
        backend.matmul(a, b, spec, { ...(biased ? { bias } : {}), ...(activation ? { activation } : {}) });
      // no activation here is steeper than 1; the rest is the rounding of the sum with a bias of at most 8
      expectNear(...onBoth(wasm, given, fused), (x, i) => bound(i) + 2 ** -22 * (8 + Math.abs(x)));
    });
    fc.assert(property, runs(8));
  });

  it("gives NaN and ±∞ where float64 gives them, and nowhere else", () => {
    const special = fc.constantFrom(1, 2, -3, 0, -0, 5, 1, -1, 2, Infinity, -Infinity, Number.NaN);
    const small = fc.record({ ...constants(), m: sizes, n: sizes, k: sizes });
    const property = fc.property(
      small.chain((spec) =>
        operandsOf(spec, fc.oneof({ weight: 12, arbitrary: fc.integer({ min: -3, max: 3 }) }, special)),
      ),
      ([spec, given]) => {
        const [actual, wanted] = onBoth(wasm, given, (backend, a, b) => backend.matmul(a, b, spec));
        // whole numbers as small as these are exact; the sign of a zero is not promised
        expectRounded(
          actual.map((x) => x + 0),
          wanted.map((x) => x + 0),
        );
      },
    );
    fc.assert(property, runs(8));
  });
});

it("keeps denormals in products", () => {
  const spec = { batch: 1, m: 5, n: 5, k: 5, transposeA: false, transposeB: false, sharedA: false, sharedB: false };
  const diagonal = (value: number) => Float32Array.from({ length: 25 }, (_, i) => (i % 6 === 0 ? value : 0));
  const cells = (a: number, b: number) => {
    const given = [diagonal(a), diagonal(b)].map((values) => ({ values, left: false }));
    return computed(wasm, given, (backend, left, right) => backend.matmul(left, right, spec));
  };
  expect(cells(2 ** -149, 3)).toEqual(diagonal(3 * 2 ** -149));
  expect(cells(2 ** -100, 2 ** -40)).toEqual(diagonal(2 ** -140));
});

function constants() {
  const [batch, shared] = [fc.constant(1), fc.constant(false)];
  return { batch, transposeA: fc.boolean(), transposeB: fc.boolean(), sharedA: shared, sharedB: shared };
}

/** Rows, and which of them. */
function rowCases(values: fc.Arbitrary<number>) {
  return fc.record({ rows: fc.integer({ min: 1, max: 13 }), rowSize: sizes }).chain(({ rows, rowSize }) =>
    fc.record({
      rows: fc.constant(rows),
      rowSize: fc.constant(rowSize),
      indices: fc.array(fc.nat(rows - 1), { maxLength: 19 }).map((list) => Int32Array.from(list)),
      x: inputs(rows * rowSize, values),
      y: inputs(19 * rowSize, values),
    }),
  );
}

describe("rows by index", () => {
  it("gatherRows takes any rows in any order", () => {
    const property = fc.property(rowCases(anyFloat), ({ rowSize, indices, x }) => {
      expectRounded(...onBoth(wasm, [x], (backend, buffer) => backend.gatherRows(buffer, indices, rowSize)));
    });
    fc.assert(property, runs(4));
  });

  it("scatterRows adds rows where they are sent, within 1e-6 of the sum of sizes", () => {
    const property = fc.property(rowCases(tameFloat), ({ rows, rowSize, indices, y }) => {
      const given = { ...y, values: y.values.slice(0, indices.length * rowSize) };
      const scatter = (backend: Primitives, x: BackendBuffer) => backend.scatterRows(x, indices, rows, rowSize);
      const total = expected([{ ...given, values: given.values.map(Math.abs) }], scatter);
      const [actual, wanted] = onBoth(wasm, [given], scatter);
      expectNear(actual, wanted, (_, i) => 1e-6 * (total[i] as number));
      // rows that nothing is sent to are zeros
      const untouched = [...actual].filter((_, i) => !indices.includes(Math.floor(i / rowSize)));
      expect(untouched.every((value) => Object.is(value, 0))).toBe(true);
    });
    fc.assert(property, runs(4));
  });

  it("scatterRows adds in the order of the rows", () => {
    const given = { values: Float32Array.of(2 ** 24, 1, 1, -(2 ** 24)), left: false };
    const sum = computed(wasm, [given], (backend, x) => backend.scatterRows(x, Int32Array.of(0, 0, 0, 0), 1, 1));
    expect([...sum]).toEqual([0]);
  });
});
