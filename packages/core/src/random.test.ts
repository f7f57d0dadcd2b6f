// The mathematics inside the generator: its logarithm, sine and cosine against those of the engine.

import { describe, expect, it } from "vitest";
import { logarithm, sineAndCosine } from "./random.js";

/** How far apart two numbers are, in units in the last place of the second. */
function ulps(actual: number, exact: number): number {
  if (actual === exact) return 0;
  const exponent = Math.max(-1022, Math.floor(Math.log2(Math.abs(exact))));
  return Math.abs(actual - exact) / 2 ** (exponent - 52);
}

/** Points spread evenly, with the ends and the points around which cases change. */
function points(count: number, at: (i: number) => number, special: readonly number[]): number[] {
  return [...Array.from({ length: count }, (_, i) => at(i)), ...special];
}

describe("logarithm", () => {
  it("is within 2 ulp of Math.log over all that it is called with", () => {
    const near = [1, 1 - 2 ** -33, 1 - 2 ** -53, Math.SQRT1_2, Math.SQRT1_2 - 2 ** -53, 0.5, 0.5 + 2 ** -53, 2 ** -33];
    const all = points(20_000, (i) => (i * 214_748.3647 + 0.5) / 2 ** 32, near);
    const worst = Math.max(...all.map((x) => ulps(logarithm(x), Math.log(x))));
    expect(worst).toBeLessThanOrEqual(2);
    expect(logarithm(1)).toBe(0);
  });

  it("reaches down to the smallest numbers", () => {
    for (const x of [1e-10, 1e-100, 2 ** -1022]) expect(ulps(logarithm(x), Math.log(x))).toBeLessThanOrEqual(2);
  });
});

describe("sineAndCosine", () => {
  const eighths = Array.from({ length: 8 }, (_, i) => i / 8);
  const around = eighths.flatMap((t) => [t, t + 2 ** -32, Math.max(0, t - 2 ** -32)]);

  it("is within 2 ulp, or 2⁻⁵⁴ near zeros, of Math.sin and Math.cos over a turn", () => {
    let worst = 0;
    for (const t of points(20_000, (i) => i / 20_000, [...around, 1 - 2 ** -32])) {
      const [sine, cosine] = sineAndCosine(t);
      // the angle itself is rounded before Math.sin sees it: count from the nearest axis
      const quadrant = Math.round(t * 4);
      const x = (t * 4 - quadrant) * (Math.PI / 2);
      const exact = [Math.sin(x), Math.cos(x), -Math.sin(x), -Math.cos(x)];
      const at = (i: number) => exact[i % 4] as number;
      worst = Math.max(worst, ulps(sine, at(quadrant)), ulps(cosine, at(quadrant + 1)));
    }
    expect(worst).toBeLessThanOrEqual(2);
  });

  it("is exact at the quarters, and on the circle everywhere", () => {
    const quarters = [0, 0.25, 0.5, 0.75].map((t) => sineAndCosine(t).map((x) => x + 0));
    expect(quarters).toEqual([
      [0, 1],
      [1, 0],
      [0, -1],
      [-1, 0],
    ]);
    for (const t of around) {
      const [sine, cosine] = sineAndCosine(t);
      expect(Math.abs(sine * sine + cosine * cosine - 1)).toBeLessThan(4e-16);
      expect(Math.abs(sine - Math.sin(2 * Math.PI * t))).toBeLessThan(1e-15);
    }
  });
});
