// `npm test [-- arguments of vitest]`: installs everything, then checks and tests it, one step after the other.
// Stops at the first step that fails and shows what it wrote. The last line is vitest's count, alone:
// `N passed, N failed`, with `, N skipped` where there are any.

import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { build } from "./lib/build.mjs";
import { install } from "./lib/install.mjs";
import { nodeCommand, run } from "./lib/run.mjs";
import { PROJECT_NAMES, STAMPS } from "./lib/workspace.mjs";

/** @typedef {import("./lib/run.mjs").Outcome} Outcome */

const COUNTS = join(STAMPS, "test-counts.json");
const vitest = nodeCommand("vitest/vitest.mjs", "run", ...process.argv.slice(2));
const biome = nodeCommand("@biomejs/biome/bin/biome", "check", "--error-on-warnings", ".");
const cruiser = nodeCommand("dependency-cruiser/bin/dependency-cruise.mjs", "packages", "examples", "benchmarks");

/** @type {readonly { name: string, work: () => Promise<Outcome> }[]} */
const steps = [
  { name: "install", work: () => install("everything", { capture: true }) },
  // first, since it makes a source that the others read
  { name: "build", work: buildAll },
  { name: "types", work: () => run(nodeCommand("typescript/bin/tsc", "-p", "."), { capture: true }) },
  { name: "lint and format", work: () => run(biome, { capture: true }) },
  { name: "import rules", work: () => run(cruiser, { capture: true }) },
  { name: "tests", work: () => run(vitest, { env: { ADJOINT_COUNTS: COUNTS } }) },
];

const began = performance.now();
rmSync(COUNTS, { force: true });
for (const { name, work } of steps) {
  const started = performance.now();
  console.log(`${name} …`);
  const { code, output } = await work();
  if (code !== 0) fail(name, code, output);
  console.log(`${name}: passed in ${seconds(started)}`);
}
console.log(`all steps passed in ${seconds(began)}`);
printCounts();

/**
 * Builds every part of the workspace.
 *
 * @returns {Promise<Outcome>}
 */
async function buildAll() {
  for (const name of PROJECT_NAMES) {
    const outcome = await build(name);
    if (outcome.code !== 0) return outcome;
  }
  return { code: 0, output: "" };
}

/**
 * @param {string} name the step
 * @param {number} code
 * @param {string} output
 * @returns {never}
 */
function fail(name, code, output) {
  if (output) console.log(output.trimEnd());
  console.log(`${name}: FAILED with exit code ${code}, after ${seconds(began)} in all`);
  if (!printCounts()) console.log("The tests were not run.");
  process.exit(code);
}

/**
 * Prints what vitest counted, as the last line.
 *
 * @returns {boolean} whether there is a count: vitest ran to its end
 */
function printCounts() {
  try {
    console.log(JSON.parse(readFileSync(COUNTS, "utf8")).line);
    return true;
  } catch {
    return false;
  }
}

/** @param {number} since */
function seconds(since) {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`;
}
