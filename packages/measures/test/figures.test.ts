// Figures, their spread over several runs, and the file that generators are compared with.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DataError } from "@adjoint/core";
import { afterAll, describe, expect, it } from "vitest";
import {
  FIGURES,
  type Figure,
  formatFigure,
  type Measures,
  numbersOf,
  readReference,
  spreadOf,
  writeReference,
} from "../src/index.js";

const folder = mkdtempSync(join(tmpdir(), "adjoint-measures-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function measures(frechetDistance: number): Measures {
  return {
    images: 10_000,
    frechetDistance,
    score: 9.876,
    confidence: 0.5,
    shares: [0.1, 0.2, 0, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1],
    precision: 0.25,
    recall: 0.5,
    density: 1.234,
    coverage: 0.75,
    nearest: { images: 1000, mean: 4.321, least: 1.5 },
  };
}

const [distance, rarest] = ["frechetDistance", "rarestDigit"].map((name) =>
  FIGURES.find((figure) => figure.name === name),
) as [Figure, Figure];

describe("figures", () => {
  it("are numbers by name, and the share of each digit", () => {
    expect(numbersOf(measures(12))).toMatchObject({
      ...{ frechetDistance: 12, score: 9.876, precision: 0.25, recall: 0.5, density: 1.234, coverage: 0.75 },
      ...{ confidence: 0.5, rarestDigit: 0, commonestDigit: 0.2, nearestMean: 4.321, nearestLeast: 1.5 },
      ...{ digit0: 0.1, digit1: 0.2, digit2: 0, digit9: 0.1 },
    });
  });

  it("have as many digits as tell something", () => {
    expect(FIGURES.map((figure) => formatFigure(figure, measures(12.345)))).toEqual([
      "12.3",
      "9.88",
      "25.0 %",
      "50.0 %",
      "1.23",
      "75.0 %",
      "50.0 %",
      "0.0 %",
      "20.0 %",
      "4.32",
      "1.50",
    ]);
  });

  it("of several runs are a mean and a standard deviation", () => {
    const several = [2, 4, 9].map(measures);
    expect(spreadOf(distance, several)).toEqual({ mean: 5, deviation: Math.sqrt((9 + 1 + 16) / 2) });
    expect(formatFigure(distance, several)).toBe("5.0 ± 3.6");
    expect(formatFigure(rarest, several)).toBe("0.0 % ± 0.0 %");
    expect(formatFigure(distance, [measures(3)])).toBe("3.0");
  });
});

describe("the reference", () => {
  it("is read as it was written", async () => {
    const path = join(folder, "reference.json");
    const gan = [1, 2].map((seed) => ({ seed, iterations: 20_000, backend: "wasm", measures: measures(100 * seed) }));
    await writeReference({ floor: measures(1), gan }, path);
    expect(await readReference(path)).toEqual({ floor: measures(1), gan });
  });

  it("is there, of five seeds and as many iterations as the article's", async () => {
    const { floor, gan } = await readReference();
    expect(gan.map(({ seed, iterations }) => [seed, iterations])).toEqual(
      [1, 2, 3, 4, 5].map((seed) => [seed, 20_000]),
    );
    for (const run of gan) expect(run.measures.frechetDistance).toBeGreaterThan(10 * floor.frechetDistance);
  });

  it("that is not there or another file is refused with what writes it", async () => {
    const absent = join(folder, "absent.json");
    await expect(readReference(absent)).rejects.toThrow(
      new DataError("readReference", `${absent} cannot be read; npm run measure -- --seeds 5 writes it`),
    );
    const other = join(folder, "other.json");
    writeFileSync(other, "{}");
    await expect(readReference(other)).rejects.toThrow(
      new DataError("readReference", `${other}: expected floor and gan; npm run measure -- --seeds 5 writes them`),
    );
  });
});
