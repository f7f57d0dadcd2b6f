// Tensors as text, case by case; test/printing.test.ts compares with all that NumPy was asked.

import { describe, expect, it } from "vitest";
import { formatTensor } from "./format.js";

const double = (...values: number[]) => Float64Array.from(values);
const single = (...values: number[]) => Float32Array.from(values);

/** The numbers in a text, read back. */
const numbersIn = (text: string) => (text.match(/-?[\d.]+(e[+-]\d+)?|-?inf|nan/g) ?? []).map(Number);

describe("formatTensor", () => {
  it("writes columns of one width, with a point after whole numbers", () => {
    expect(formatTensor(double(1, 22, 3.5, -4), [2, 2])).toBe("[[ 1.  22. ]\n [ 3.5 -4. ]]");
  });

  it("writes as many digits as tell the element type's numbers apart, up to eight", () => {
    expect(formatTensor(double(0.1, 1 / 3), [2])).toBe("[0.1        0.33333333]");
    expect(formatTensor(single(0.1, 1 / 3), [2])).toBe("[0.1        0.33333334]");
  });

  it("takes the width of rounded numbers, not of those they are rounded from", () => {
    expect(formatTensor(double(99.999999996, 0.5), [2])).toBe("[100.    0.5]");
  });

  it("rounds halves to the even digit", () => {
    expect(formatTensor(double(-48.533203125), [1])).toBe("[-48.53320312]");
    expect(formatTensor(double(48.548828125), [1])).toBe("[48.54882812]");
    expect(formatTensor(double(0.123046875, 0.126953125), [2])).toBe("[0.12304688 0.12695312]");
    expect(formatTensor(double(1234567885, 1), [2])).toBe("[1.23456788e+09 1.00000000e+00]");
  });

  it("takes exponents of one width", () => {
    expect(formatTensor(double(1e-100, 1), [2])).toBe("[1.e-100 1.e+000]");
    expect(formatTensor(double(1e-10, -2.5), [2])).toBe("[ 1.0e-10 -2.5e+00]");
  });

  it("keeps the sign of −0", () => {
    expect(formatTensor(double(-0), [])).toBe("-0.0");
    expect(formatTensor(double(-0, 1), [2])).toBe("[-0.  1.]");
    expect(formatTensor(double(-0, 1e-9), [2])).toBe("[-0.e+00  1.e-09]");
  });

  it("separates matrices by a blank line, and shows the edges of what is large", () => {
    expect(formatTensor(double(1, 2), [2, 1, 1])).toBe("[[[1.]]\n\n [[2.]]]");
    expect(formatTensor(new Float64Array(1001), [1001])).toBe("[0. 0. 0. ... 0. 0. 0.]");
    expect(formatTensor(new Float64Array(1000), [1000])).not.toContain("...");
    const rows = formatTensor(new Float64Array(2002), [7, 286]).split("\n");
    expect(rows.map((row) => row.trim().replace(/^\[+/, "["))).toEqual([
      ...Array(3).fill("[0. 0. 0. ... 0. 0. 0.]"),
      "...",
      ...Array(2).fill("[0. 0. 0. ... 0. 0. 0.]"),
      "[0. 0. 0. ... 0. 0. 0.]]",
    ]);
  });

  it("breaks lines so that none is longer than 75", () => {
    const text = formatTensor(
      Float64Array.from({ length: 900 }, (_, i) => i * 1.25),
      [3, 300],
    );
    expect(Math.max(...text.split("\n").map((line) => line.length))).toBeLessThanOrEqual(75);
    expect(numbersIn(text)).toEqual(Array.from({ length: 900 }, (_, i) => i * 1.25));
  });

  it("writes an empty array as NumPy does", () => {
    expect([formatTensor(double(), [0]), formatTensor(double(), [2, 0, 3])]).toEqual(["[]", "[]"]);
  });

  it("reads back as the same float32 numbers, whatever their sizes", () => {
    for (let exponent = -40; exponent < 38; exponent++) {
      const values = single(...[1, 1.1, 1 / 3, 2.7182817, 9.999999].map((x) => x * 10 ** exponent));
      for (const x of values) {
        expect(numbersIn(formatTensor(single(x), [])).map(Math.fround)).toEqual([x]);
        expect(numbersIn(formatTensor(single(x * 1e-5, x), [2])).map(Math.fround)).toEqual([Math.fround(x * 1e-5), x]);
      }
    }
  });
});
