// Eigenvalues and roots of symmetric matrices: by hand, and that they make up the matrix again.

import { ArgumentError, ShapeError } from "@adjoint/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { eigenDecomposition, product, squareRoot, trace } from "../src/symmetric-matrix.js";

const matrix = (...values: number[]) => Float64Array.from(values);

function transposed(a: Float64Array, size: number): Float64Array {
  return a.map((_, place) => a[(place % size) * size + Math.floor(place / size)] as number);
}

function diagonal(values: ArrayLike<number>): Float64Array {
  const size = values.length;
  const result = new Float64Array(size * size);
  for (let i = 0; i < size; i++) result[i * size + i] = values[i] as number;
  return result;
}

function expectNear(actual: Float64Array, expected: Float64Array, tolerance: number): void {
  actual.forEach((value, i) => {
    const wanted = expected[i] as number;
    if (!(Math.abs(value - wanted) <= tolerance)) expect.fail(`element ${i}: got ${value}, expected ${wanted}`);
  });
}

const squares = fc.integer({ min: 1, max: 8 }).chain((size) =>
  fc.record({
    size: fc.constant(size),
    values: fc.array(fc.integer({ min: -20, max: 20 }), { minLength: size * size, maxLength: size * size }),
  }),
);

describe("eigenDecomposition", () => {
  it("finds 1 and 3 in [2 1; 1 2]", () => {
    const { values } = eigenDecomposition(matrix(2, 1, 1, 2), 2);
    expectNear(values.sort(), matrix(1, 3), 1e-15);
  });

  it("takes a diagonal as it is", () => {
    const { values, vectors } = eigenDecomposition(diagonal([3, -1, 0]), 3);
    expect([...values]).toEqual([3, -1, 0]);
    expect([...vectors]).toEqual([1, 0, 0, 0, 1, 0, 0, 0, 1]);
  });

  it("gives orthonormal vectors that make up the matrix again, whatever it is", () => {
    fc.assert(
      fc.property(squares, ({ size, values: drawn }) => {
        const a = Float64Array.from(drawn);
        const symmetric = a.map((value, place) => value + (transposed(a, size)[place] as number));
        const { values, vectors } = eigenDecomposition(symmetric, size);
        const tolerance = 1e-11;
        expectNear(product(transposed(vectors, size), vectors, size), diagonal(new Array(size).fill(1)), tolerance);
        const again = product(product(vectors, diagonal(values), size), transposed(vectors, size), size);
        expectNear(again, symmetric, tolerance);
      }),
    );
  });

  it("is exact for small eigenvalues beside large ones", () => {
    // the eigenvalues of [1 1; 1 1 + 2ε] are ε and 2 + ε, but for terms of ε²
    const epsilon = 1e-9;
    const { values } = eigenDecomposition(matrix(1, 1, 1, 1 + 2 * epsilon), 2);
    expect(Math.min(...values) / epsilon).toBeCloseTo(1, 6);
  });

  it("does not look below the diagonal", () => {
    const [whole, upper] = [matrix(2, 1, 1, 2), matrix(2, 1, 99, 2)];
    expect(eigenDecomposition(upper, 2)).toEqual(eigenDecomposition(whole, 2));
  });

  it("refuses what is no square, and what is not finite", () => {
    expect(() => eigenDecomposition(new Float64Array(6), 2)).toThrow(
      new ShapeError("eigenDecomposition", "6 values do not fill [2,2]"),
    );
    expect(() => eigenDecomposition(matrix(1, Number.NaN, 0, 1), 2)).toThrow(
      new ArgumentError("eigenDecomposition", "values must be finite, got NaN"),
    );
  });
});

describe("squareRoot", () => {
  it("of [2 1; 1 2] is half of [√3 + 1, √3 − 1; √3 − 1, √3 + 1]", () => {
    const [large, small] = [(Math.sqrt(3) + 1) / 2, (Math.sqrt(3) - 1) / 2];
    expectNear(squareRoot(matrix(2, 1, 1, 2), 2), matrix(large, small, small, large), 1e-15);
  });

  it("squared is the matrix, also where that has no full rank", () => {
    fc.assert(
      fc.property(squares, ({ size, values }) => {
        const a = Float64Array.from(values);
        // the last row makes it singular
        a.fill(0, size * (size - 1));
        const square = product(transposed(a, size), a, size);
        const root = squareRoot(square, size);
        expectNear(product(root, root, size), square, 1e-9);
        expectNear(transposed(root, size), root, 1e-9);
      }),
    );
  });
});

describe("trace", () => {
  it("is the sum of the diagonal", () => {
    expect(trace(matrix(1, 10, 100, 1000), 2)).toBe(1001);
  });
});
