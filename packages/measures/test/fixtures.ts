// What NumPy computed of small sets of features: fixtures/measures.json, made by fixtures/make-fixtures.py.

import { readFileSync } from "node:fs";
import type { ClassMeasures, NeighbourhoodMeasures } from "../src/index.js";

/** Two sets of features and what was found of them; arrays are row-major. */
export interface MeasuredCase {
  readonly real: readonly number[];
  readonly generated: readonly number[];
  readonly probabilities: readonly number[];
  /** Of the generated ones, as is the covariance. */
  readonly mean: readonly number[];
  readonly covariance: readonly number[];
  readonly frechetDistance: number;
  readonly neighbourhoods: NeighbourhoodMeasures;
  readonly classes: ClassMeasures;
}

/** All of the file. */
export const fixtures: {
  readonly size: number;
  readonly neighbours: number;
  readonly classes: number;
  readonly cases: readonly MeasuredCase[];
} = JSON.parse(readFileSync(new URL("fixtures/measures.json", import.meta.url), "utf8"));
