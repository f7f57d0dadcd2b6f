// What of the measures is shown, under which names and with how many digits, and how several sets of them spread.

import type { Measures } from "./judge.js";

/** One number of the measures. */
export interface Figure {
  /** As a property: `frechetDistance`. */
  readonly name: string;
  /** In words. */
  readonly title: string;
  readonly of: (measures: Measures) => number;
  readonly format: (value: number) => string;
}

const decimals = (count: number) => (value: number) => value.toFixed(count);
const percent = (value: number) => `${(100 * value).toFixed(1)} %`;

/** Those that are shown, the most telling first. */
export const FIGURES: readonly Figure[] = [
  { name: "frechetDistance", title: "Fréchet distance", of: (m) => m.frechetDistance, format: decimals(1) },
  { name: "score", title: "MNIST score", of: (m) => m.score, format: decimals(2) },
  { name: "precision", title: "Precision", of: (m) => m.precision, format: percent },
  { name: "recall", title: "Recall", of: (m) => m.recall, format: percent },
  { name: "density", title: "Density", of: (m) => m.density, format: decimals(2) },
  { name: "coverage", title: "Coverage", of: (m) => m.coverage, format: percent },
  { name: "confidence", title: "Mean confidence", of: (m) => m.confidence, format: percent },
  { name: "rarestDigit", title: "Rarest digit", of: (m) => Math.min(...m.shares), format: percent },
  { name: "commonestDigit", title: "Commonest digit", of: (m) => Math.max(...m.shares), format: percent },
  { name: "nearestMean", title: "To the nearest training image, mean", of: (m) => m.nearest.mean, format: decimals(2) },
  { name: "nearestLeast", title: "The same, least", of: (m) => m.nearest.least, format: decimals(2) },
];

/** All numbers of the measures by name; shares as `digit0` to `digit9`. */
export function numbersOf(measures: Measures): Record<string, number> {
  const shown = FIGURES.map(({ name, of }) => [name, of(measures)] as const);
  const shares = measures.shares.map((share, digit) => [`digit${digit}`, share] as const);
  return Object.fromEntries([...shown, ...shares]);
}

/** The mean of a figure, and its standard deviation (by one less than there are). */
export function spreadOf({ of }: Figure, several: readonly Measures[]): { mean: number; deviation: number } {
  const values = several.map(of);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: Math.sqrt(squares / (values.length - 1)) };
}

/** A figure of one set of measures, or the mean and the deviation of several: `216.1`, `212.0 ± 9.1`. */
export function formatFigure(figure: Figure, measures: Measures | readonly Measures[]): string {
  if (!isSeveral(measures)) return figure.format(figure.of(measures));
  const { mean, deviation } = spreadOf(figure, measures);
  return measures.length < 2 ? figure.format(mean) : `${figure.format(mean)} ± ${figure.format(deviation)}`;
}

function isSeveral(measures: Measures | readonly Measures[]): measures is readonly Measures[] {
  return Array.isArray(measures);
}
