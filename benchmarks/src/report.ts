// What a run of the benchmarks leaves behind: tables on the terminal, and the same as Markdown and JSON.

import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { join } from "node:path";
import type { Measurement } from "./harness.js";

/** One table: measurements of the same work, compared with the first of them. */
export interface Comparison {
  readonly title: string;
  readonly measurements: readonly Measurement[];
  /** Floating-point operations of one call, where a rate says something. */
  readonly operations?: number;
  /** What was measured, in a sentence. */
  readonly note?: string;
}

/** A comparison as a Markdown table: milliseconds, the rate where there is one, and the ratio to the first row. */
export function formatComparison({ title, measurements, operations, note }: Comparison): string {
  const [first] = measurements;
  const heads = ["", "median ms", "fastest", "slowest", ...(operations ? ["GFLOP/s"] : []), `× ${first?.name}`];
  const rows = measurements.map((m) => [
    m.name,
    ...[m.median, m.fastest, m.slowest].map((ms) => ms.toPrecision(3)),
    ...(operations ? [(operations / m.median / 1e6).toFixed(2)] : []),
    ((first?.median ?? Number.NaN) / m.median).toFixed(2),
  ]);
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const rule = line(heads.map((_, i) => (i === 0 ? "---" : "---:")));
  return [`### ${title}`, ...(note ? ["", note] : []), "", line(heads), rule, ...rows.map(line), ""].join("\n");
}

/** Writes `results.md` and `results.json` into a folder, with what they were measured on. */
export function writeReport(
  folder: string,
  comparisons: readonly Comparison[],
  versions: Record<string, string>,
): void {
  const [processor] = cpus();
  const machine = {
    processor: processor?.model.trim() ?? "unknown",
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    platform: `${process.platform} ${process.arch}`,
  };
  const head = [
    "# Benchmark results",
    "",
    "Written by `npm run bench`. Candidates of a table took turns in one run; the last column says how many times as",
    "fast as the first row each one was. Times of different runs or machines cannot be compared.",
    "",
    `${machine.processor}, ${machine.cores} cores, ${machine.memoryGiB} GiB, ${machine.platform}; ` +
      Object.entries(versions)
        .map(([name, version]) => `${name} ${version}`)
        .join(", "),
    "",
    "",
  ].join("\n");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "results.md"), head + comparisons.map(formatComparison).join("\n"));
  writeFileSync(join(folder, "results.json"), `${JSON.stringify({ machine, versions, comparisons }, null, 2)}\n`);
}
