// A run's summary in words, for the terminal and for the page.

import type { Findings } from "../program.js";
import type { Panel } from "./chart.js";
import { formatDuration } from "./progress.js";
import type { RunSummary } from "./run-summary.js";

type TableRow = readonly [name: string, value: string];

/** `20,000` */
export function wholeNumber(value: number): string {
  return value.toLocaleString("en-US");
}

/** Milliseconds with three digits: `0.912 ms`, `18.4 ms`, `1,234 ms`. */
export function milliseconds(value: number): string {
  return `${value.toLocaleString("en-US", { maximumSignificantDigits: Math.max(3, String(Math.round(value)).length) })} ms`;
}

/** How the run stands, in one sentence. */
export function describeStatus(summary: RunSummary): string {
  const done = `${wholeNumber(summary.iterationsDone)} of ${wholeNumber(summary.iterationsAsked)} iterations`;
  const time = `in ${formatDuration(summary.totalSeconds)} on the backend ${summary.backend.name}`;
  switch (summary.status) {
    case "running":
      return `Running: ${done} ${time} so far.`;
    case "finished":
      return `${wholeNumber(summary.iterationsDone)} iterations ${time}.`;
    case "interrupted":
      return `Stopped by ${summary.signal} after ${done} ${time}.`;
    case "failed":
      return `Failed after ${done} ${time}: ${summary.error}`;
  }
}

/** The numbers that the page shows large: losses, iterations, speed. */
export function keyFigures(summary: RunSummary, panels: readonly Panel<string>[]): { label: string; value: string }[] {
  const { last, medianMillisecondsPerIteration: median } = summary;
  const losses = panels.map(({ title, name, percent }) => {
    const value = last?.[name as keyof typeof last];
    if (value === undefined) return { label: title, value: "–" };
    return { label: title, value: percent ? `${(value * 100).toFixed(1)} %` : value.toFixed(3) };
  });
  return [
    { label: "Iterations", value: wholeNumber(summary.iterationsDone) },
    { label: "An iteration takes", value: median === null ? "–" : milliseconds(median) },
    ...losses,
  ];
}

/** The options as they can be typed, with their values. */
export function describeOptions({ options, changes = [] }: RunSummary): TableRow[] {
  return Object.entries(options).map(([name, value]) => {
    const former = changes.filter(({ option }) => option === name);
    const texts = former.map(({ from, iteration }) => `${from} until iteration ${iteration}, then `);
    return [optionFlag(name), `${texts.join("")}${value}`];
  });
}

/** What ran where, with what. */
export function describeMachine({ backend, data, parameters, versions, startedAt }: RunSummary): TableRow[] {
  return [
    ["Backend", `${backend.name} (${backend.reason})`],
    ["Products", backend.products],
    ["Everything else", backend.elementwise],
    ["Threads", String(backend.threads)],
    ["Data", `${wholeNumber(data.images)} images from ${data.source}`],
    ["Parameters", describeParameters(parameters)],
    [
      "Versions",
      Object.entries(versions)
        .map(([name, version]) => `${name} ${version}`)
        .join(", "),
    ],
    ["Started", startedAt],
  ];
}

/** `generator 114,064, discriminator 100,609` */
export function describeParameters(parameters: Readonly<Record<string, number>>): string {
  return Object.entries(parameters)
    .map(([name, count]) => `${name} ${wholeNumber(count)}`)
    .join(", ");
}

/** `batchSize` → `--batch-size` */
export function optionFlag(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** What was found out, a line each: `name: value`, or aligned columns under their heads. */
export function describeFindings({ heading, columns, rows }: Findings): string[] {
  if (!columns) return rows.map(([name, ...values]) => `${name}: ${values.join(", ")}`);
  const table = [[heading, ...columns], ...rows];
  const widths = table[0]?.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0))) ?? [];
  return table.map((row) =>
    row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join("  "),
  );
}
