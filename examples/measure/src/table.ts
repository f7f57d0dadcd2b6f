// The table: a row for each generator, a column for each figure, as Markdown that reads well in a terminal too.

import { DataError } from "@adjoint/core";
import { describeSeeds, FIGURES, formatFigure, type Measures, type Reference } from "@adjoint/measures";
import type { MeasuredRun } from "./runs.js";

/** All that was measured. */
export interface Comparison extends Reference {
  /** How many images of each generator. */
  readonly images: number;
  readonly runs: readonly MeasuredRun[];
}

const BEGIN = "<!-- measures:begin -->";
const END = "<!-- measures:end -->";

/** Those that have a column. */
const COLUMNS = FIGURES.filter(({ name }) => name !== "commonestDigit" && name !== "nearestLeast");

/** The table, its columns aligned. */
export function formatTable({ floor, gan, runs }: Comparison): string {
  const seeds = gan.map(({ measures }) => measures);
  const rows = [
    ["", ...COLUMNS.map(({ title }) => title)],
    ["MNIST's test set", ...cells(floor)],
    [`mnist-gan, mean ± deviation of ${describeSeeds(gan)}`, ...cells(seeds)],
    ...runs.map((run) => [titleOf(run), ...cells(run.measures)]),
  ];
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  const line = (row: readonly string[]) => `| ${row.map((cell, i) => pad(cell, widths[i] ?? 0, i)).join(" | ")} |`;
  const rule = `| ${widths.map((width, i) => (i === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`)).join(" | ")} |`;
  const [head = [], ...rest] = rows;
  return [line(head), rule, ...rest.map(line)].join("\n");
}

function pad(cell: string, width: number, column: number): string {
  return column === 0 ? cell.padEnd(width) : cell.padStart(width);
}

function cells(measures: Measures | readonly Measures[]): string[] {
  return COLUMNS.map((figure) => formatFigure(figure, measures));
}

function titleOf({ program, recipe, seed, iterations }: MeasuredRun): string {
  const name = recipe === undefined || recipe === "article" ? program : `${program}, recipe ${recipe}`;
  return `${name}, seed ${seed}, ${iterations.toLocaleString("en-US")} iterations`;
}

/** The table with what it is and which command wrote it. */
export function formatReadme(comparison: Comparison, command: string): string {
  const { images, gan } = comparison;
  const iterations = [...new Set(gan.map((run) => run.iterations.toLocaleString("en-US")))].join(", ");
  return [
    formatTable(comparison),
    "",
    `${images.toLocaleString("en-US")} images each, written by \`${command}\`. The GAN of the article was trained for`,
    `${iterations} iterations from each seed.`,
  ].join("\n");
}

/** `text` with `content` between its markers. Throws DataError where it has none. */
export function replaceBetweenMarkers(text: string, content: string): string {
  const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (begin < 0 || end < begin) throw new DataError("measure", `the file has no ${BEGIN} followed by ${END}`);
  return `${text.slice(0, begin + BEGIN.length)}\n${content}\n${text.slice(end)}`;
}
