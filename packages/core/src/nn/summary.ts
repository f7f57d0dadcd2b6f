// The table that Module.summary() prints.

import type { Shape } from "../shape.js";

/** One line of the table. */
export interface SummaryRow {
  readonly name: string;
  readonly kind: string;
  readonly outputShape: Shape;
  readonly trainable: number;
  readonly frozen: number;
}

const HEADINGS = ["Layer", "Kind", "Output shape", "Trainable", "Frozen"];

/** A table with a title above and the sums below. */
export function formatSummary(
  title: string,
  rows: readonly SummaryRow[],
  totals: { trainable: number; frozen: number },
) {
  const cells = rows.map(({ name, kind, outputShape, trainable, frozen }) => [
    name,
    kind,
    `[${["batch", ...outputShape.slice(1)].join(",")}]`,
    count(trainable),
    count(frozen),
  ]);
  const sums = ["Total", "", "", count(totals.trainable), count(totals.frozen)];
  const table = [HEADINGS, ...cells, sums];
  const widths = HEADINGS.map((_, column) => Math.max(...table.map((line) => (line[column] as string).length)));
  const write = (line: readonly string[]) =>
    line
      // names to the left, numbers to the right
      .map((cell, column) =>
        column < 3 ? cell.padEnd(widths[column] as number) : cell.padStart(widths[column] as number),
      )
      .join("  ")
      .trimEnd();
  const rule = "─".repeat(widths.reduce((sum, width) => sum + width + 2, -2));
  return [title, rule, write(HEADINGS), rule, ...cells.map(write), rule, write(sums)].join("\n");
}

function count(value: number): string {
  return value.toLocaleString("en-US");
}
