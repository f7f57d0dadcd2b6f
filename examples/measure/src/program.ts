// The command: arguments in, a table out. Measures runs of the examples beside MNIST's test set and the article's GAN.

import { readFileSync, writeFileSync } from "node:fs";
import { AdjointError, useBackend } from "@adjoint/core";
import { Judge, MEASURED_IMAGES, readReference, writeReference } from "@adjoint/measures";
import { loadMnist } from "@adjoint/mnist";
import { Command, CommanderError, InvalidArgumentError } from "commander";
import { measureRun, measureTestSet } from "./runs.js";
import { measureSeeds, trainSeeds } from "./seeds.js";
import { type Comparison, formatReadme, formatTable, replaceBetweenMarkers } from "./table.js";

/** What is asked for. */
interface MeasureOptions {
  readonly seeds?: number;
  /** Where the runs of the seeds are. */
  readonly runs: string;
  /** What trains them. */
  readonly backend: string;
  readonly json?: boolean;
  /** A file to write the table into. */
  readonly readme?: string;
}

/**
 * Runs the command.
 *
 * @returns the exit code: 0; 1 for an error with files or data; 2 for a wrong option
 */
export async function runMeasure(
  args: readonly string[],
  output: NodeJS.WritableStream,
  errors: NodeJS.WritableStream,
): Promise<number> {
  const command = createCommand(output);
  try {
    command.parse([...args], { from: "user" });
    // what is trained on the way is told beside, so that the output is the table alone
    const comparison = await compare(command.args, command.opts<MeasureOptions>(), errors);
    const { json, readme } = command.opts<MeasureOptions>();
    output.write(`${json ? JSON.stringify(comparison, null, 2) : formatTable(comparison)}\n`);
    if (readme !== undefined) {
      const table = formatReadme(comparison, `npm run measure -- ${args.join(" ")}`);
      writeFileSync(readme, replaceBetweenMarkers(readFileSync(readme, "utf8"), table));
    }
    return 0;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    if (!isUsersError(error)) throw error;
    const named = error instanceof AdjointError ? error.message : `measure: ${error.message.replace(/^error: /, "")}`;
    errors.write(`${named}\n`);
    return error instanceof CommanderError ? 2 : 1;
  }
}

function isUsersError(error: unknown): error is Error {
  if (error instanceof AdjointError || error instanceof CommanderError) return true;
  return error instanceof Error && "syscall" in error;
}

function createCommand(output: NodeJS.WritableStream): Command {
  return new Command("measure")
    .description("Measures the generators of runs side by side with MNIST's test set and with the article's GAN.")
    .argument("[folders...]", "folders of runs of mnist-gan, vae, dcgan or wgan-gp")
    .option("--seeds <count>", "train the article's GAN from seeds 1 to this, and keep what they come to", seedCount)
    .option("--runs <folder>", "where the runs of the seeds are; those that are there are gone on with", "runs/seeds")
    .option("--backend <name>", "what trains the seeds", "wasm")
    .option("--json", "print everything as JSON")
    .option("--readme <file>", "write the table into this file, between its markers")
    .helpOption("-h, --help", "print this and exit")
    .exitOverride()
    .configureOutput({ writeOut: (text) => void output.write(text), outputError: () => {} });
}

/** One seed has no spread. */
function seedCount(text: string): number {
  const count = Number(text);
  if (!/^\d+$/.test(text) || count < 2) throw new InvalidArgumentError("It must be a whole number ≥ 2.");
  return count;
}

async function compare(
  folders: readonly string[],
  { seeds, runs: seedsFolder, backend: trainedOn }: MeasureOptions,
  progress: NodeJS.WritableStream,
): Promise<Comparison> {
  const trained = seeds === undefined ? [] : await trainSeeds(seeds, seedsFolder, progress, ["--backend", trainedOn]);
  const { backend } = await useBackend("wasm");
  try {
    const judge = await Judge.load({ train: loadMnist("train") });
    if (seeds !== undefined) {
      const floor = await measureTestSet(judge);
      await writeReference({ floor, gan: await measureSeeds(judge, trained) });
    }
    const runs = [];
    for (const folder of folders) runs.push(await measureRun(judge, folder));
    return { images: MEASURED_IMAGES, ...(await readReference()), runs };
  } finally {
    await backend.dispose();
  }
}
