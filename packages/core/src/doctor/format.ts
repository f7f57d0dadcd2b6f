// A diagnosis as plain text, for a terminal and for a bug report.

import { brief } from "../backends/fastest.js";
import type { Finding } from "./comparison.js";
import type { Diagnosis, FoundBackend, MissingBackend } from "./diagnose.js";
import type { Environment } from "./environment.js";

/** The text of a diagnosis, with a line feed at its end. Of a backend's problems it names a few; JSON has all. */
export function formatDiagnosis({ environment, backends, recommendation }: Diagnosis): string {
  const found = backends.filter((one) => one.available);
  const missing = backends.filter((one) => !one.available);
  const { backend, reason } = recommendation;
  const parts = [
    describe(environment),
    found.length > 0 ? `${table(found)}\n${LEGEND}` : "No backend that was asked for is here.",
    found.map(whatComputes).join("\n"),
    found.map(problemsOf).filter(Boolean).join("\n"),
    missing.length > 0 ? `Not here:\n${missing.map(whatIsMissing).join("\n")}` : "",
    backend ? `Recommended: ${callOf(backend, environment)}\n  ${reason}` : `Recommended: none\n  ${reason}`,
  ];
  return `${parts.filter(Boolean).join("\n\n")}\n`;
}

function describe({ adjoint, runtime, processor, threads, memory, sharedMemory }: Environment): string {
  const machine = [processor, `${threads} threads at once`, memory === undefined ? "" : `${memory} GiB`];
  const shared = sharedMemory
    ? ""
    : "\nno shared memory, so one thread for wasm: the page is not cross-origin isolated";
  return `adjoint ${adjoint}\n${runtime}\n${machine.filter(Boolean).join(", ")}${shared}`;
}

const LEGEND =
  "values, gradients: the worst error against float64, of the tolerance; bits: whether the same when computed twice;\n" +
  "products in GFLOP/s; steps and starting in milliseconds";

function table(found: readonly FoundBackend[]): string {
  const sizes = [...new Set(found.flatMap(({ speed }) => speed?.products.map(({ size }) => size) ?? []))];
  const head = ["", "values", "gradients", "bits", ...sizes, "GAN step", "auto's step", "start"];
  const rows = found.map(({ name, ops, network, differing, speed, startMilliseconds }) => [
    name,
    share(ops),
    share(network),
    differing.length === 0 ? "same" : "DIFFER",
    ...sizes.map((size) => number(speed?.products.find((product) => product.size === size)?.gigaflops)),
    number(speed?.ganStepMilliseconds),
    number(speed?.autoStepMilliseconds),
    number(startMilliseconds),
  ]);
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join("  ");
  return [head, ...rows].map(line).join("\n");
}

/** The worst finding, as a share of what it may be off. */
function share(findings: readonly Finding[]): string {
  if (findings.some(({ problem }) => problem !== undefined)) return "WRONG";
  const worst = Math.max(0, ...findings.map(({ error, tolerance }) => (error ?? 0) / tolerance));
  return `${number(100 * worst)} %`;
}

function number(value: number | undefined): string {
  if (value === undefined || !Number.isFinite(value)) return "–";
  if (value === 0) return "0";
  return brief(value);
}

function whatComputes({ name, info, device, ops }: FoundBackend): string {
  const limit = info.threadsLimitedBy === undefined ? "" : ` (${info.threadsLimitedBy})`;
  const threads = `${info.threads === 1 ? "1 thread" : `${info.threads} threads`}${limit}`;
  const rest = info.elementwise === info.products ? "" : `, the rest by ${info.elementwise}`;
  const worst = ops.reduce((one, other) => (relative(other) > relative(one) ? other : one), ops[0] as Finding);
  const error = worst.error === null ? "" : `; worst value: ${worst.what}, ${worst.error.toExponential(1)}`;
  return `${name}: products by ${info.products}${rest}, ${threads}${device ? `, on ${device}` : ""}${error}`;
}

const relative = ({ error, tolerance }: Finding): number => (error ?? 0) / tolerance;

const MOST_PROBLEMS = 5;

function problemsOf({ name, problems }: FoundBackend): string {
  if (problems.length === 0) return "";
  const rest = problems.length - MOST_PROBLEMS;
  const shown = [...problems.slice(0, MOST_PROBLEMS), ...(rest > 0 ? [`and ${rest} more, which --json lists`] : [])];
  return `WRONG: ${name}\n${shown.map((problem) => `  ${problem}`).join("\n")}`;
}

function whatIsMissing({ name, missing }: MissingBackend): string {
  // an error begins with the name of the backend, without its option
  const [backend] = name.split(" ");
  const said = missing.startsWith(`${backend}: `) ? missing.replace(`${backend}`, name) : `${name}: ${missing}`;
  return said.replace(/^/gm, "  ");
}

/** How a program asks for it. The program of a page has to bring gpu.js along: a page finds no package by its name. */
function callOf(name: string, { runtime }: Environment): string {
  const [backend, option] = name.split(" ");
  if (name.startsWith("gpu:") && !runtime.startsWith("Node ")) {
    return `useBackend("${name}", { gpuJs: await import("gpu.js") })`;
  }
  return `useBackend("${backend}"${option ? `, { ${option}: true }` : ""})`;
}
