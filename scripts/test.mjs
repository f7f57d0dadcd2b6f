// `npm test [-- arguments of vitest]`: installs everything, then checks and tests it; side by side, as far as there are
// processors, where one step does not need another. Stops at the first step that fails and shows what it wrote. The last
// line is vitest's count, alone: `N passed, N failed`, with `, N skipped` where there are any.

import { readFileSync, rmSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { build, generate } from "./lib/build.mjs";
import { install } from "./lib/install.mjs";
import { nodeCommand, run } from "./lib/run.mjs";
import { PROJECT_NAMES, STAMPS } from "./lib/workspace.mjs";

/** @typedef {import("./lib/run.mjs").Outcome} Outcome */
/** @typedef {{ name: string, work: () => Promise<Outcome> }} Step */

const COUNTS = join(STAMPS, "test-counts.json");
const vitest = nodeCommand("vitest/vitest.mjs", "run", ...process.argv.slice(2));
const biome = nodeCommand("@biomejs/biome/bin/biome", "check", "--error-on-warnings", ".");
const cruiser = nodeCommand("dependency-cruiser/bin/dependency-cruise.mjs", "packages", "examples", "benchmarks");

/**
 * Each needs those before it; the steps of one need nothing of each other. What takes longest goes first.
 *
 * @type {readonly (readonly Step[])[]}
 */
const stages = [
  [{ name: "install", work: () => install("everything", { capture: true }) }],
  // makes a source that all the others read
  [{ name: "generated sources", work: generateAll }],
  [
    ...PROJECT_NAMES.slice(0, 1).map(buildStep),
    { name: "types", work: () => run(nodeCommand("typescript/bin/tsc", "-p", "."), { capture: true }) },
    ...PROJECT_NAMES.slice(1).map(buildStep),
    { name: "import rules", work: () => run(cruiser, { capture: true }) },
    { name: "lint and format", work: () => run(biome, { capture: true }) },
  ],
  [{ name: "tests", work: () => run(vitest, { env: { ADJOINT_COUNTS: COUNTS } }) }],
];

const began = performance.now();
rmSync(COUNTS, { force: true });
for (const stage of stages) await runStage(stage);
console.log(`all steps passed in ${seconds(began)}`);
printCounts();

/**
 * Runs steps side by side. Where one fails, those that have begun come to their end, no other begins, and this ends the
 * process.
 *
 * @param {readonly Step[]} steps
 */
async function runStage(steps) {
  const waiting = [...steps];
  /** @type {({ name: string } & Outcome) | undefined} */
  let failed;
  const takeSteps = async () => {
    for (let step = waiting.shift(); step && !failed; step = waiting.shift()) {
      const started = performance.now();
      console.log(`${step.name} …`);
      const outcome = await step.work();
      if (outcome.code !== 0) failed ??= { name: step.name, ...outcome };
      else console.log(`${step.name}: passed in ${seconds(started)}`);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, takeSteps));
  if (failed) fail(failed.name, failed.code, failed.output);
}

/**
 * @param {(typeof PROJECT_NAMES)[number]} name
 * @returns {Step}
 */
function buildStep(name) {
  return { name: `build of ${name}`, work: () => build(name) };
}

/**
 * Makes the sources of every part of the workspace that are made from others.
 *
 * @returns {Promise<Outcome>}
 */
async function generateAll() {
  for (const name of PROJECT_NAMES) {
    const outcome = await generate(name);
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
