// The Fréchet distance and the moments it looks at: by closed forms, and against NumPy.

import { ShapeError } from "@adjoint/core";
import { describe, expect, it } from "vitest";
import { frechetDistance, type Moments, momentsOf } from "../src/index.js";
import { fixtures } from "./fixtures.js";

/** A normal distribution whose components do not depend on each other. */
function independent(mean: readonly number[], deviations: readonly number[]): Moments {
  const size = mean.length;
  const covariance = new Float64Array(size * size);
  deviations.forEach((deviation, i) => {
    covariance[i * size + i] = deviation ** 2;
  });
  return { mean: Float64Array.from(mean), covariance };
}

describe("momentsOf", () => {
  it("gives means, and covariances divided by one less than there are rows", () => {
    const { mean, covariance } = momentsOf([1, 2, 3, 6, 5, 10], 2);
    expect([...mean]).toEqual([3, 6]);
    // deviations −2, 0, 2 and −4, 0, 4
    expect([...covariance]).toEqual([4, 8, 8, 16]);
  });

  it.each(fixtures.cases)("agrees with NumPy: case %#", ({ generated, mean, covariance }) => {
    const found = momentsOf(generated, fixtures.size);
    found.mean.forEach((value, i) => void expect(value).toBeCloseTo(mean[i] as number, 12));
    found.covariance.forEach((value, i) => void expect(value).toBeCloseTo(covariance[i] as number, 11));
  });

  it("does not lose small deviations beside a large mean", () => {
    const { covariance } = momentsOf([1e8, 1e8 + 1, 1e8 + 2], 1);
    expect(covariance[0]).toBe(1);
  });

  it.each([
    ["one row", [1, 2], 2],
    ["half a row", [1, 2, 3], 2],
    ["nothing", [], 2],
  ])("refuses %s", (_, values, size) => {
    expect(() => momentsOf(values, size)).toThrow(
      new ShapeError("momentsOf", `needs at least 2 rows of ${size} values, got ${values.length} values`),
    );
  });
});

describe("frechetDistance", () => {
  it("of two normal numbers is (μ₁ − μ₂)² + (σ₁ − σ₂)²", () => {
    expect(frechetDistance(independent([1], [3]), independent([-1], [1]))).toBeCloseTo(4 + 4, 13);
  });

  it("adds up over components that do not depend on each other", () => {
    const [first, second] = [independent([0, 1, 2], [1, 2, 0]), independent([0, 3, 2], [4, 2, 0.5])];
    expect(frechetDistance(first, second)).toBeCloseTo(9 + 4 + 0.25, 13);
  });

  it.each(fixtures.cases)(
    "agrees with NumPy, also without full rank: case %#",
    ({ real, generated, frechetDistance: expected }) => {
      const [first, second] = [momentsOf(real, fixtures.size), momentsOf(generated, fixtures.size)];
      expect(frechetDistance(first, second)).toBeCloseTo(expected, 5);
      expect(frechetDistance(second, first)).toBeCloseTo(expected, 5);
    },
  );

  it("is 0 for the same distribution", () => {
    for (const { real } of fixtures.cases) {
      const moments = momentsOf(real, fixtures.size);
      expect(frechetDistance(moments, moments)).toBeCloseTo(0, 6);
    }
  });

  it("refuses features of other sizes", () => {
    expect(() => frechetDistance(independent([0], [1]), independent([0, 0], [1, 1]))).toThrow(
      new ShapeError("frechetDistance", "sizes differ: 1 × 2"),
    );
  });
});
