// The article's GAN from several seeds: how much do runs differ that nothing but chance tells apart?

import { existsSync } from "node:fs";
import { join } from "node:path";
import { DataError } from "@adjoint/core";
import { runProgram } from "@adjoint/example-common";
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
    const summary = join(folder, "summary.json");
    if (existsSync(summary) && readSummary(summary).status === "finished") continue;
    const begun = existsSync(join(folder, "checkpoint.safetensors"));
    const where = begun ? ["--resume", folder] : ["--seed", String(seed), "--out", folder, "--overwrite", ...options];
    const code = await runProgram(mnistGan, [...where, "--no-measures"], output, output);
    if (code !== 0) throw new DataError("measure", `the run of seed ${seed} ended with exit code ${code}`);
  }
  return folders;
}

/** Measures them. */
export async function measureSeeds(judge: Judge, folders: readonly string[]): Promise<SeedMeasures[]> {
  const found: SeedMeasures[] = [];
  for (const folder of folders) {
    const { seed, iterations, backend, measures } = await measureRun(judge, folder);
    found.push({ seed, iterations, backend, measures });
  }
  return found;
}
