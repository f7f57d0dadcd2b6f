// The README's performance table, written from the results of a run between two markers.

import { readFileSync, writeFileSync } from "node:fs";
import type { Measurement } from "./harness.js";
import { type Comparison, formatConditions, formatTable, type Results, rate } from "./report.js";

const BEGIN = "<!-- bench:begin -->";
const END = "<!-- bench:end -->";

/** Columns of the table: whoever's name begins so, the fastest of them. */
const COLUMNS: readonly { readonly head: string; readonly names: RegExp }[] = [
  { head: "adjoint wasm, 1 thread", names: /^adjoint wasm, 1 / },
  { head: "adjoint wasm, threads", names: /^adjoint wasm, ([2-9]|\d\d+) thread/ },
  { head: "adjoint wasm, 256-bit", names: /^adjoint wasm, 256-bit/ },
  { head: "adjoint blas", names: /^adjoint blas, \d+ thread/ },
  { head: "adjoint blas, 256-bit", names: /^adjoint blas, 256-bit/ },
  { head: "PyTorch", names: /^PyTorch/ },
  { head: "NumPy", names: /^NumPy/ },
  { head: "jax-js", names: /^jax-js/ },
  { head: "tfjs wasm", names: /^tfjs wasm/ },
  { head: "gpu.js webasm", names: /^gpu\.js/ },
];

/** Replaces what stands between the markers. Throws an Error where the README has no markers. */
export function writeReadme(file: string, results: Results): void {
  writeFileSync(file, replaceBetweenMarkers(readFileSync(file, "utf8"), formatReadmeTable(results)));
}

/** `text` with `content` between its markers. Throws an Error where it has none. */
export function replaceBetweenMarkers(text: string, content: string): string {
  const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`the README has no ${BEGIN} followed by ${END}`);
  return `${text.slice(0, begin + BEGIN.length)}\n${content}\n${text.slice(end)}`;
}

/** The table with what it was measured on and by which command. */
export function formatReadmeTable(results: Results): string {
  const gan = results.comparisons.filter(({ title }) => /^One (GAN|DCGAN) iteration, batch (128|4)/.test(title));
  const products = results.comparisons.filter(({ title }) => title.startsWith("Product"));
  const columns = COLUMNS.filter(({ names }) => [...gan, ...products].some((c) => best(c, names)));
  const rows = [
    ...gan.filter(({ title }) => !title.includes("drawn")).map((c) => row(c, "ms", columns)),
    ...products.map((c) => row(c, "GFLOP/s", columns)),
  ];
  if (rows.length === 0) throw new Error("there is nothing for the README: products and gan were not run");
  return [
    formatTable(["", ...columns.map(({ head }) => head)], rows),
    "",
    "Of several numbers of threads a column shows the fastest. Medians of one run in which all took turns, their results",
    `compared first, written by \`${results.command}\` on ${results.date}:`,
    `${formatConditions(results)}.`,
    ...toldPyTorch([...gan, ...products]),
    ...(results.missing.length > 0
      ? ["", "Not run:", "", ...results.missing.map(({ name, reason }) => `- ${name}: ${reason}`)]
      : []),
  ].join("\n");
}

/** What has to be said where PyTorch took part twice, since its OpenBLAS does not know the processor. */
function toldPyTorch(comparisons: readonly Comparison[]): string[] {
  const told = comparisons.flatMap(({ measurements }) => measurements).find(({ name }) => name.startsWith("PyTorch ("));
  const core = /\((\w+)\)/.exec(told?.name ?? "")?.[1];
  if (!core) return [];
  const [first] = comparisons;
  const asInstalled = first && best(first, /^PyTorch,/);
  return [
    "",
    "PyTorch's OpenBLAS does not know this processor, and takes kernels for a far older one. Its column is PyTorch told",
    `better, by OPENBLAS_CORETYPE=${core}, as adjoint's blas backend tells its own` +
      (asInstalled ? `; as it is installed, "${first.title}" took it ${asInstalled.median.toPrecision(3)} ms.` : "."),
  ];
}

function row(comparison: Comparison, unit: "ms" | "GFLOP/s", columns: typeof COLUMNS): string[] {
  const { title, operations } = comparison;
  const cells = columns.map(({ names }) => {
    const measurement = best(comparison, names);
    if (!measurement) return "–";
    return unit === "ms" ? measurement.median.toPrecision(3) : rate(Number(operations), measurement);
  });
  return [`${title}, ${unit}`, ...cells];
}

function best({ measurements }: Comparison, names: RegExp): Measurement | undefined {
  return measurements.filter(({ name }) => names.test(name)).sort((a, b) => a.median - b.median)[0];
}
