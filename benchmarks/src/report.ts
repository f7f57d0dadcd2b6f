// What a run of the benchmarks leaves behind: tables on the terminal, and the same as Markdown and JSON.

import { mkdirSync, writeFileSync } from "node:fs";
import { arch, cpus, platform, totalmem } from "node:os";
import { join } from "node:path";
import type { NotRun } from "./contestants/roster.js";
import type { Measurement } from "./harness.js";

/** One table: measurements of the same work, compared with the first of them. */
export interface Comparison {
  readonly title: string;
  readonly measurements: readonly Measurement[];
  /** Floating-point operations of one call, where a rate says something: of all rows, or of each by name. */
  readonly operations?: number | Readonly<Record<string, number>>;
  /** What was measured, in a sentence. */
  readonly note?: string;
  /** Those who could not do this, with the reason. */
  readonly notRun?: readonly NotRun[];
}

/** Sizes of bundles. */
export interface SizeTable {
  readonly title: string;
  readonly rows: readonly { readonly name: string; readonly bytes: number; readonly gzippedBytes: number }[];
}

/** What a process held after so many iterations. */
export interface MemoryTable {
  readonly title: string;
  readonly rows: readonly {
    readonly iterations: number;
    readonly residentBytes: number;
    readonly wasmPages: number;
    readonly wasmBuffers: number;
  }[];
}

/** All that a run found, and what it was run on. */
export interface Results {
  /** The command that was run. */
  readonly command: string;
  readonly date: string;
  readonly machine: Machine;
  readonly versions: Readonly<Record<string, string>>;
  /** Those who took no part at all, with the reason. */
  readonly missing: readonly NotRun[];
  readonly comparisons: readonly Comparison[];
  readonly sizes: readonly SizeTable[];
  readonly memory: readonly MemoryTable[];
}

/** What the times depend on. */
export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly platform: string;
  /** What the environment tells the libraries of linear algebra that contestants use, if anything. */
  readonly settings: Readonly<Record<string, string>>;
}

/** Variables that OpenBLAS, BLIS, MKL and OpenMP look at. */
const SETTINGS = /^(OPENBLAS|BLIS|MKL|OMP|GOMP|KMP)_/;

/** The machine that this process runs on. */
export function describeMachine(environment: Readonly<Record<string, string | undefined>> = process.env): Machine {
  const settings = Object.entries(environment).filter(([name]) => SETTINGS.test(name));
  return {
    processor: cpus()[0]?.model.trim() ?? "unknown",
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    platform: `${platform()} ${arch()}`,
    settings: Object.fromEntries(settings.map(([name, value]) => [name, value ?? ""])),
  };
}

/** A comparison as a Markdown table: milliseconds, the rate where there is one, and the ratio to the first row. */
export function formatComparison({ title, measurements, operations, note, notRun = [] }: Comparison): string {
  const [first] = measurements;
  const heads = ["", "median ms", "fastest", "slowest", "rounds", ...(operations ? ["GFLOP/s"] : [])];
  const rows = measurements.map((m) => [
    m.name,
    ...[m.median, m.fastest, m.slowest].map((ms) => ms.toPrecision(3)),
    `${m.rounds} × ${m.callsPerRound}`,
    ...(operations ? [rate(typeof operations === "number" ? operations : (operations[m.name] as number), m)] : []),
    ((first?.median ?? Number.NaN) / m.median).toFixed(2),
  ]);
  const table = formatTable([...heads, `× ${first?.name}`], rows);
  return [`### ${title}`, ...(note ? ["", note] : []), "", table, "", ...formatNotRun(notRun)].join("\n");
}

/** GFLOP/s, three digits. */
export function rate(operations: number, { median }: Measurement): string {
  return (operations / median / 1e6).toPrecision(3);
}

/** Sizes as a Markdown table. */
export function formatSizes({ title, rows }: SizeTable): string {
  const cells = rows.map(({ name, bytes, gzippedBytes }) => [name, kilobytes(bytes), kilobytes(gzippedBytes)]);
  return [`### ${title}`, "", formatTable(["", "minified", "gzipped"], cells), ""].join("\n");
}

/** Memory as a Markdown table; the last column compares with the first row. */
export function formatMemory({ title, rows }: MemoryTable): string {
  const first = rows[0]?.residentBytes ?? Number.NaN;
  const cells = rows.map(({ iterations, residentBytes, wasmPages, wasmBuffers }) => [
    String(iterations),
    `${(residentBytes / 2 ** 20).toFixed(1)} MiB`,
    `${(100 * (residentBytes / first - 1)).toFixed(1)} %`,
    String(wasmPages),
    String(wasmBuffers),
  ]);
  const heads = ["iterations", "resident, after collection", "change", "wasm pages of 64 KiB", "buffers"];
  return [`### ${title}`, "", formatTable(heads, cells), ""].join("\n");
}

/** Who was not run and why, as a Markdown list. */
export function formatNotRun(notRun: readonly NotRun[]): string[] {
  if (notRun.length === 0) return [];
  return ["Not run:", "", ...notRun.map(({ name, reason }) => `- ${name}: ${reason}`), ""];
}

/** Rows of cells as a Markdown table, the first column to the left. */
export function formatTable(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const rule = line(heads.map((_, i) => (i === 0 ? "---" : "---:")));
  return [line(heads), rule, ...rows.map(line)].join("\n");
}

/** The machine and the versions in a sentence. */
export function formatConditions({ machine, versions }: Pick<Results, "machine" | "versions">): string {
  const names = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const { processor, cores, memoryGiB, platform, settings } = machine;
  const set = Object.entries(settings).map(([name, value]) => `${name}=${value}`);
  const hardware = [processor, `${cores} cores`, `${memoryGiB} GiB`, platform, ...set].join(", ");
  return `${hardware}; ${names.join(", ")}`;
}

/** Writes `results.md` and `results.json` into a folder. */
export function writeResults(folder: string, results: Results): void {
  const head = [
    "# Benchmark results",
    "",
    `Written by \`${results.command}\`, ${results.date}. Candidates of a table took turns in one run, each in a process`,
    "of its own, after their results were seen to agree; the last column says how many times as fast as the first row",
    "each one was. Times of different runs or machines cannot be compared.",
    "",
    formatConditions(results),
    "",
    ...formatNotRun(results.missing),
    "",
  ].join("\n");
  const tables = [
    ...results.comparisons.map(formatComparison),
    ...results.sizes.map(formatSizes),
    ...results.memory.map(formatMemory),
  ];
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "results.md"), head + tables.join("\n"));
  writeFileSync(join(folder, "results.json"), `${JSON.stringify(results, null, 2)}\n`);
}

function kilobytes(bytes: number): string {
  return `${(bytes / 1000).toFixed(1)} kB`;
}
