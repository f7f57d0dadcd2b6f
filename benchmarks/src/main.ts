// `npm run bench [-- --rounds N] [--out DIR]`: compares the backends on this machine, prints the tables and writes them.

import { createRequire } from "node:module";
import { parseArgs } from "node:util";
import { type Backend, type BackendName, useBackend } from "@adjoint/core";
import { benchmarkFreezing, benchmarkGanStep } from "./gan-step.js";
import { benchmarkProducts } from "./products.js";
import { type Comparison, formatComparison, writeReport } from "./report.js";

const NAMES: readonly BackendName[] = ["reference", "gpu:cpu", "gpu:webasm"];

const { values } = parseArgs({
  options: { rounds: { type: "string", default: "9" }, out: { type: "string", default: "benchmarks/results" } },
});
const rounds = Number(values.rounds);
if (!Number.isSafeInteger(rounds) || rounds < 1) {
  console.error(`bench: --rounds must be a whole number ≥ 1, got ${values.rounds}`);
  process.exit(2);
}

const backends: Backend[] = [];
for (const name of NAMES) backends.push((await useBackend(name)).backend);
const fastest = backends.at(-1) as Backend;

const comparisons: Comparison[] = [];
function show(comparison: Comparison): void {
  comparisons.push(comparison);
  console.log(formatComparison(comparison));
}
for (const comparison of await benchmarkProducts(backends, rounds)) show(comparison);
show(await benchmarkGanStep(backends, rounds));
show(await benchmarkFreezing(fastest, rounds));

const require = createRequire(import.meta.url);
const versionOf = (name: string): string => require(`${name}/package.json`).version;
const versions = {
  node: process.versions.node,
  "@adjoint/core": versionOf("@adjoint/core"),
  "gpu.js": versionOf("gpu.js"),
};
writeReport(values.out, comparisons, versions);
console.log(`written to ${values.out}/results.md and results.json`);
