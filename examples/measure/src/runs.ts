// What there is to measure: a run's folder, whichever example made it, and MNIST's test set.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ArgumentError } from "@adjoint/core";
import { type LoadedRun, loadRun, makeImages } from "@adjoint/example-common";
import { dcgan } from "@adjoint/example-dcgan";
import { mnistGan } from "@adjoint/example-mnist-gan";
import { vae } from "@adjoint/example-vae";
import { wganGp } from "@adjoint/example-wgan-gp";
import { type Judge, MEASURED_IMAGES, type Measures } from "@adjoint/measures";
import { loadMnist } from "@adjoint/mnist";

/** The examples that make images from noise. */
const LOADERS: Readonly<Record<string, (folder: string) => Promise<LoadedRun>>> = {
  [mnistGan.name]: (folder) => loadRun(mnistGan, folder),
  [vae.name]: (folder) => loadRun(vae, folder),
  [dcgan.name]: (folder) => loadRun(dcgan, folder),
  [wganGp.name]: (folder) => loadRun(wganGp, folder),
};

/** What a run came to. */
export interface MeasuredRun {
  /** The program, with what the user calls the run. */
  readonly program: string;
  readonly folder: string;
  readonly seed: number;
  readonly iterations: number;
  readonly backend: string;
  /** The recipe, where the program has more than one. */
  readonly recipe?: string;
  readonly measures: Measures;
}

/**
 * Measures the generator of a run's newest checkpoint, with the noise that the run itself is measured with at its end.
 *
 * @throws ArgumentError for a folder without a run, or with one of a program that makes no images from noise
 */
export async function measureRun(judge: Judge, folder: string): Promise<MeasuredRun> {
  const program = programOf(folder);
  const load = LOADERS[program];
  if (!load) {
    const known = Object.keys(LOADERS).join(", ");
    throw new ArgumentError("measure", `${folder} is a run of ${program}; expected one of ${known}`);
  }
  const { progress, training, measuresRandom } = await load(folder);
  const { generate } = training;
  if (!generate) throw new ArgumentError("measure", `${folder}: ${program} makes no images from noise`);
  const { options, iteration: iterations, backend } = progress;
  const recipe = "recipe" in options ? { recipe: String(options.recipe) } : {};
  const measures = await judge.measure(await makeImages(generate, MEASURED_IMAGES, measuresRandom));
  return { program, folder, seed: options.seed, iterations, backend, ...recipe, measures };
}

/** What a perfect generator would have. */
export function measureTestSet(judge: Judge): Promise<Measures> {
  const { images } = loadMnist("test");
  const numbers = Int32Array.from({ length: MEASURED_IMAGES }, (_, i) => i);
  return judge.measure(images.batch(numbers, { scale: 1 / 127.5, offset: -1 }));
}

/** The program that a run's folder is of. */
function programOf(folder: string): string {
  const path = join(folder, "summary.json");
  const { program } = readSummary(path);
  if (typeof program === "string") return program;
  throw new ArgumentError("measure", `${path}: expected the name of a program, found none`);
}

/** @returns what it says, not checked */
export function readSummary(path: string): Partial<Record<string, unknown>> {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (cause) {
    throw new ArgumentError("measure", `${path} cannot be read; expected the folder of a run`, { cause });
  }
}
