// Precision, recall, density and coverage, and the distances they are made of: against all pairs, one by one.

import { ArgumentError, ShapeError, tensor } from "@adjoint/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { visitSquaredDistances } from "../src/distances.js";
import { compareNeighbourhoods, type NeighbourhoodMeasures, neighbourhoodsOf } from "../src/index.js";
import { fixtures } from "./fixtures.js";

type Row = readonly number[];

const squared = (a: Row, b: Row) => a.reduce((sum, value, i) => sum + (value - (b[i] as number)) ** 2, 0);

function radius(rows: readonly Row[], itself: number, k: number): number {
  const others = rows.filter((_, i) => i !== itself).map((row) => squared(row, rows[itself] as Row));
  return others.sort((a, b) => a - b)[k - 1] as number;
}

/** The definitions of the papers, word for word. */
function direct(real: readonly Row[], generated: readonly Row[], k: number): NeighbourhoodMeasures {
  const realRadii = real.map((_, i) => radius(real, i, k));
  const generatedRadii = generated.map((_, i) => radius(generated, i, k));
  const inReal = (g: Row, i: number) => squared(g, real[i] as Row) <= (realRadii[i] as number);
  const share = (marks: readonly boolean[]) => marks.filter(Boolean).length / marks.length;
  const balls = generated.map((g) => real.filter((_, i) => inReal(g, i)).length);
  return {
    precision: share(balls.map((count) => count > 0)),
    recall: share(real.map((r) => generated.some((g, j) => squared(g, r) <= (generatedRadii[j] as number)))),
    density: balls.reduce((sum, count) => sum + count, 0) / (k * generated.length),
    coverage: share(real.map((_, i) => generated.some((g) => inReal(g, i)))),
  };
}

async function measured(real: readonly Row[], generated: readonly Row[], k: number): Promise<NeighbourhoodMeasures> {
  const sets = [real, generated].map((rows) => neighbourhoodsOf(tensor(rows.map((row) => [...row])), k));
  const [first, second] = await Promise.all(sets);
  if (!first || !second) throw new Error("there are two sets");
  return compareNeighbourhoods(first, second);
}

/** Whole numbers: float32 is exact, ties are frequent. */
const rows = (size: number, least: number) =>
  fc.array(fc.array(fc.integer({ min: -4, max: 4 }), { minLength: size, maxLength: size }), {
    minLength: least,
    maxLength: 30,
  });

const pairs = fc
  .record({ size: fc.integer({ min: 1, max: 3 }), k: fc.integer({ min: 1, max: 5 }) })
  .chain(({ size, k }) => fc.record({ k: fc.constant(k), real: rows(size, k + 1), generated: rows(size, k + 1) }));

describe("neighbourhoods", () => {
  it("are compared as the definitions say, edges and repetitions included", async () => {
    await fc.assert(
      fc.asyncProperty(pairs, async ({ real, generated, k }) => {
        expect(await measured(real, generated, k)).toEqual(direct(real, generated, k));
      }),
    );
  });

  it.each(fixtures.cases)("agree with NumPy: case %#", async ({ real, generated, neighbourhoods }) => {
    const inRows = (values: readonly number[]) =>
      Array.from({ length: values.length / fixtures.size }, (_, i) =>
        values.slice(i * fixtures.size, (i + 1) * fixtures.size),
      );
    const found = await measured(inRows(real), inRows(generated), fixtures.neighbours);
    for (const name of ["precision", "recall", "density", "coverage"] as const) {
      expect(found[name]).toBeCloseTo(neighbourhoods[name], 12);
    }
  });

  it("are all covered by a copy, and not at all by something far away", async () => {
    const real = Array.from({ length: 40 }, (_, i) => [i % 7, (i * i) % 11]);
    expect(await measured(real, real, 3)).toMatchObject({ precision: 1, recall: 1, coverage: 1 });
    const far = real.map(([x = 0, y = 0]) => [x + 1000, y]);
    expect(await measured(real, far, 3)).toEqual({ precision: 0, recall: 0, density: 0, coverage: 0 });
  });

  it("of one point that is always generated are precise, and cover almost nothing", async () => {
    const real = Array.from({ length: 40 }, (_, i) => [i, 0]);
    const same = Array.from({ length: 10 }, () => [20, 0]);
    const { precision, recall, coverage } = await measured(real, same, 2);
    expect(precision).toBe(1);
    expect(recall).toBe(1 / 40);
    expect(coverage).toBeLessThanOrEqual(5 / 40);
  });

  it.each([0, 2.5, 3, Number.NaN])("refuse %d neighbours among three", async (k) => {
    const problem = `needs a whole number ≥ 1 of neighbours, and more features, got ${k} of 3`;
    await expect(neighbourhoodsOf(tensor([[1], [2], [3]]), k)).rejects.toThrow(
      new ArgumentError("neighbourhoodsOf", problem),
    );
  });

  it("refuse to be compared with those of another number of neighbours", async () => {
    const features = tensor([[1], [2], [3]]);
    const [one, two] = [await neighbourhoodsOf(features, 1), await neighbourhoodsOf(features, 2)];
    await expect(compareNeighbourhoods(one, two)).rejects.toThrow(
      new ArgumentError("compareNeighbourhoods", "both need the same number of neighbours, got 1 and 2"),
    );
  });
});

describe("visitSquaredDistances", () => {
  it("hands over every pair once, in several blocks", async () => {
    const [count, otherCount] = [2600, 2500];
    const a = tensor(Array.from({ length: count }, (_, i) => [i % 50, -i % 7]));
    const b = tensor(Array.from({ length: otherCount }, (_, j) => [j % 31, j % 9]));
    const [first, second] = [await a.data(), await b.data()];
    let [expectedRow, blocks] = [0, 0];
    await visitSquaredDistances(a, b, ({ distances, firstRow, rows }) => {
      expect(firstRow).toBe(expectedRow);
      expect(distances.length).toBe(rows * otherCount);
      for (let place = 0; place < distances.length; place += 997) {
        const [i, j] = [firstRow + Math.floor(place / otherCount), place % otherCount];
        const pair = [first, second].map((values, side) => [...values.subarray(2 * (side ? j : i)).subarray(0, 2)]);
        if (distances[place] !== squared(pair[0] as Row, pair[1] as Row)) expect.fail(`the pair ${i}, ${j} is wrong`);
      }
      expectedRow += rows;
      blocks++;
    });
    expect(expectedRow).toBe(count);
    expect(blocks).toBeGreaterThan(1);
  });

  it("refuses rows of two sizes", async () => {
    await expect(visitSquaredDistances(tensor([[1, 2]]), tensor([[1]]), () => {})).rejects.toThrow(
      new ShapeError("visitSquaredDistances", "needs matrices with rows of one size, got [1,2] × [1,1]"),
    );
  });
});
