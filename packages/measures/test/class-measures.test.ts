// Score, confidence and shares: by closed forms, and against NumPy.

import { ArgumentError, ShapeError } from "@adjoint/core";
import { describe, expect, it } from "vitest";
import { measureClasses } from "../src/index.js";
import { fixtures } from "./fixtures.js";

const oneHotRow = (digit: number) => Array.from({ length: 10 }, (_, i) => (i === digit ? 1 : 0));

describe("measureClasses", () => {
  it("scores 1 where nothing is recognized", () => {
    const { score, confidence } = measureClasses(new Array(50).fill(0.1), 10);
    expect(score).toBeCloseTo(1, 12);
    expect(confidence).toBeCloseTo(0.1, 12);
  });

  it("scores 1 where all images are the same digit, however certain", () => {
    expect(measureClasses([3, 3, 3].flatMap(oneHotRow), 10)).toEqual({ score: 1, confidence: 1, shares: oneHotRow(3) });
  });

  it("scores as many as there are digits that are certain and as frequent", () => {
    const { score, shares } = measureClasses([7, 1, 1, 7].flatMap(oneHotRow), 10);
    expect(score).toBeCloseTo(2, 12);
    expect(shares).toEqual([0, 0.5, 0, 0, 0, 0, 0, 0.5, 0, 0]);
    expect(measureClasses([...Array(10).keys()].flatMap(oneHotRow), 10).score).toBeCloseTo(10, 12);
  });

  it("takes the mean of the divergences before it is exponentiated", () => {
    // p(y) = [¾, ¼]; KL([1, 0]) = log 4/3; KL([½, ½]) = ½ log 2/3 + ½ log 2
    const divergences = [Math.log(4 / 3), 0.5 * Math.log(2 / 3) + 0.5 * Math.log(2)];
    const expected = Math.exp(((divergences[0] as number) + (divergences[1] as number)) / 2);
    expect(measureClasses([1, 0, 0.5, 0.5], 2).score).toBeCloseTo(expected, 14);
  });

  it("takes the first of two digits that are as probable", () => {
    expect(measureClasses([0.5, 0.5], 2).shares).toEqual([1, 0]);
  });

  it.each(fixtures.cases)("agrees with NumPy: case %#", ({ probabilities, classes }) => {
    const { score, confidence, shares } = measureClasses(probabilities, fixtures.classes);
    expect(score).toBeCloseTo(classes.score, 12);
    expect(confidence).toBeCloseTo(classes.confidence, 12);
    expect(shares).toEqual(classes.shares);
  });

  it.each([[[]], [[0.5, 0.5, 1]]])("refuses what are no rows: %j", (values) => {
    const problem = `needs at least 1 row of 2 probabilities, got ${values.length} values`;
    expect(() => measureClasses(values, 2)).toThrow(new ShapeError("measureClasses", problem));
  });

  it.each([-0.1, 1.1, Number.NaN])("refuses %d as a probability", (p) => {
    const error = new ArgumentError("measureClasses", `probabilities must be in [0, 1], got ${p}`);
    expect(() => measureClasses([p, 0], 2)).toThrow(error);
  });
});
