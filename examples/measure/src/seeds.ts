// The article's GAN from several seeds: how much do runs differ that nothing but chance tells apart?

import { existsSync } from "node:fs";
import { join } from "node:path";
import { ArgumentError, DataError } from "@adjoint/core";
import { parseOptions, runProgram } from "@adjoint/example-common";
import { mnistGan } from "@adjoint/example-mnist-gan";
import type { Judge, SeedMeasures } from "@adjoint/measures";
import { measureRun, readSummary } from "./runs.js";

/**
 * Trains from seeds 1 to `count`, into a folder each. A run that is there is kept where it ended, and gone on with where
 * it did not.
 *
 * @param output hears of the training
 * @param options what else the program is told
 * @returns the folders
 * @throws DataError where a run does not come to its end
 */
export async function trainSeeds(
  count: number,
  runs: string,
  output: NodeJS.WritableStream,
  options: readonly string[] = [],
): Promise<string[]> {
  const folders: string[] = [];
  for (let seed = 1; seed <= count; seed++) {
    const folder = join(runs, `${mnistGan.name}-${seed}`);
    folders.push(folder);
    const asked = ["--seed", String(seed), ...options];
    const summary = join(folder, "summary.json");
    const former = existsSync(summary) ? readSummary(summary) : {};
    if (existsSync(summary)) checkSame(folder, former, asked);
    if (former.status === "finished") continue;
    const begun = existsSync(join(folder, "checkpoint.safetensors"));
    const where = begun ? ["--resume", folder] : [...asked, "--out", folder, "--overwrite"];
    const code = await runProgram(mnistGan, [...where, "--no-measures"], output, output);
    if (code !== 0) throw new DataError("measure", `the run of seed ${seed} ended with exit code ${code}`);
  }
  return folders;
}

/** What makes a run another, whatever it is called. */
const DECIDING = ["seed", "recipe", "iterations", "batchSize", "learningRate"] as const;

/** Throws unless a run that is there is the one that would be trained. */
function checkSame(folder: string, { program, options = {} }: Summary, asked: readonly string[]): void {
  const invocation = parseOptions(mnistGan, asked);
  if (invocation.kind !== "run")
    throw new ArgumentError("measure", `${mnistGan.name} does not take ${asked.join(" ")}`);
  const wanted: Values = { ...invocation.options };
  const found = options as Values;
  const other = DECIDING.find((name) => found[name] !== wanted[name]);
  if (program === mnistGan.name && other === undefined) return;
  const difference =
    program === mnistGan.name ? `with ${other} ${found[other ?? ""]}, not ${wanted[other ?? ""]}` : `of ${program}`;
  throw new DataError("measure", `${folder} holds a run ${difference}; move it, or name another folder with --runs`);
}

type Values = Readonly<Record<string, unknown>>;
type Summary = ReturnType<typeof readSummary>;

/** Measures them. */
export async function measureSeeds(judge: Judge, folders: readonly string[]): Promise<SeedMeasures[]> {
  const found: SeedMeasures[] = [];
  for (const folder of folders) {
    const { seed, iterations, backend, measures } = await measureRun(judge, folder);
    found.push({ seed, iterations, backend, measures });
  }
  return found;
}
