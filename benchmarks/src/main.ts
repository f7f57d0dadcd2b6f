// `npm run bench [-- options]`: adjoint and its peers side by side on this machine, printed and written to files.

import type { Contestant } from "./contestants/contestant.js";
import { type Roster, startRoster, versionsOf } from "./contestants/roster.js";
import type { InterleaveOptions } from "./harness.js";
import { commandOf, HELP, type Options, readOptions } from "./options.js";
import { writeReadme } from "./readme.js";
import {
  type Comparison,
  describeMachine,
  formatComparison,
  formatConditions,
  formatMemory,
  formatNotRun,
  formatSizes,
  type MemoryTable,
  type Results,
  type SizeTable,
  writeResults,
} from "./report.js";
import { benchmarkBrowser } from "./workloads/browser.js";
import { measureSizes } from "./workloads/bundle-size.js";
import { messageOf } from "./workloads/compare.js";
import { benchmarkDcgan } from "./workloads/dcgan.js";
import { benchmarkFreezing } from "./workloads/freezing.js";
import { benchmarkFunctions } from "./workloads/functions.js";
import { benchmarkGan, sweepGan } from "./workloads/gan.js";
import { benchmarkGpu } from "./workloads/gpu.js";
import { benchmarkImport } from "./workloads/import-time.js";
import { measureMemory } from "./workloads/memory.js";
import { benchmarkProducts } from "./workloads/products.js";

const NEEDS_CONTESTANTS = ["products", "elementwise", "gan", "dcgan", "freezing"] as const;
const MEMORY_MOMENTS = [2_000, 20_000];
const MEMORY_THREADS = 2;

/** All comparisons that are asked for, each as it is done. */
async function* compareAll(
  { only, sweep }: Options,
  contestants: readonly Contestant[],
  turns: InterleaveOptions,
): AsyncGenerator<Comparison> {
  if (only.includes("products")) yield* benchmarkProducts(contestants, turns);
  if (only.includes("elementwise")) yield* benchmarkFunctions(contestants, turns);
  if (only.includes("gan")) yield* benchmarkGan(contestants, turns);
  if (only.includes("dcgan")) yield* benchmarkDcgan(contestants, turns);
  if (sweep) yield* sweepGan(contestants, turns);
  if (only.includes("freezing")) yield* benchmarkFreezing(contestants, turns);
}

async function bench(options: Options): Promise<Results> {
  const turns: InterleaveOptions = {
    rounds: options.rounds,
    ...(options.quick ? { turnMilliseconds: 5, warmUpMilliseconds: 5, pauseMilliseconds: 5, rehearsals: 0 } : {}),
  };
  const comparisons: Comparison[] = [];
  const show = (comparison: Comparison) => {
    comparisons.push(comparison);
    console.log(formatComparison(comparison));
  };
  const isAny = options.sweep || NEEDS_CONTESTANTS.some((part) => options.only.includes(part));
  const roster: Roster = isAny ? await startRoster() : { contestants: [], abouts: new Map(), missing: [] };
  const { contestants, missing } = roster;
  const conditions = { machine: describeMachine(), versions: versionsOf(roster) };
  console.log([formatConditions(conditions), "", ...formatNotRun(missing)].join("\n"));
  try {
    for await (const comparison of compareAll(options, contestants, turns)) show(comparison);
  } catch (error) {
    // what was measured before is worth keeping
    console.error(`bench: broken off: ${messageOf(error)}`);
    process.exitCode = 1;
  } finally {
    for (const contestant of contestants) contestant.close();
  }
  if (options.only.includes("import")) show(await benchmarkImport(turns));
  const absent = options.only.includes("browser") ? [...(await benchmarkBrowser(turns, show))] : [];
  if (options.only.includes("gpu")) absent.push(...(await benchmarkGpu({ ...turns, ...options }, show)));
  console.log(formatNotRun(absent).join("\n"));
  const notRun = [...missing, ...absent];
  return {
    ...conditions,
    ...(await measureStill(options)),
    comparisons,
    missing: notRun,
    command: commandOf(process.argv.slice(2)),
    date: today(),
  };
}

/** What is measured without a clock. */
async function measureStill({ only, memory: isMemoryWanted, quick }: Options) {
  const sizes: SizeTable[] = only.includes("size") ? [await measureSizes()] : [];
  for (const table of sizes) console.log(formatSizes(table));
  const moments = quick ? MEMORY_MOMENTS.map((moment) => moment / 100) : MEMORY_MOMENTS;
  const memory: MemoryTable[] = isMemoryWanted ? [await measureMemory(MEMORY_THREADS, moments)] : [];
  for (const table of memory) console.log(formatMemory(table));
  return { sizes, memory };
}

function today(): string {
  return new Date().toISOString().slice(0, 10);
}

try {
  const options = readOptions(process.argv.slice(2));
  if (options.help) {
    console.log(HELP);
  } else {
    const results = await bench(options);
    writeResults(options.out, results);
    console.log(`written to ${options.out}/results.md and results.json`);
    if (options.readme && !process.exitCode) writeReadme("README.md", results);
    const disagreeing = results.comparisons.flatMap(({ notRun = [] }) => notRun.filter(({ disagrees }) => disagrees));
    if (disagreeing.length > 0) {
      console.error(`bench: results disagree:\n${disagreeing.map(({ reason }) => reason).join("\n")}`);
      process.exitCode = 1;
    }
  }
} catch (error) {
  console.error(`bench: ${messageOf(error)}`);
  process.exitCode = 2;
}
