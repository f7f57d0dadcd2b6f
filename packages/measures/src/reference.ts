// What generators are compared with: MNIST's test set, and the article's GAN trained from several seeds. Measured and
// written by `npm run measure`.

import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { DataError } from "@adjoint/core";
import { writeFileAtomically } from "@adjoint/core/node";
import type { Measures } from "./judge.js";

/** The file of this package, from its sources and from its build alike. */
const REFERENCE_FILE = join(dirname(fileURLToPath(import.meta.url)), "..", "reference.json");

/** Measures that tell what is good, and what is normal. */
export interface Reference {
  /** Of the test set's images: what a perfect generator would have. */
  readonly floor: Measures;
  /** Of the article's GAN, a set for each seed. */
  readonly gan: readonly SeedMeasures[];
}

/** What the run of one seed came to. */
export interface SeedMeasures {
  readonly seed: number;
  readonly iterations: number;
  readonly backend: string;
  readonly measures: Measures;
}

/** How many seeds, trained for how long: `5 seeds, 20,000 iterations`. */
export function describeSeeds(gan: readonly SeedMeasures[]): string {
  const lengths = [...new Set(gan.map(({ iterations }) => iterations))].sort((a, b) => a - b);
  return `${gan.length} seeds, ${lengths.map((length) => length.toLocaleString("en-US")).join(" or ")} iterations`;
}

/** Reads what is kept in this package, or in another file. Throws DataError where it is not there or no reference. */
export async function readReference(path: string = REFERENCE_FILE): Promise<Reference> {
  try {
    const reference = JSON.parse(await readFile(path, "utf8")) as Partial<Reference> | null;
    if (reference?.floor && Array.isArray(reference.gan)) return { floor: reference.floor, gan: reference.gan };
  } catch (cause) {
    throw new DataError("readReference", `${path} cannot be read; npm run measure -- --seeds 5 writes it`, { cause });
  }
  throw new DataError("readReference", `${path}: expected floor and gan; npm run measure -- --seeds 5 writes them`);
}

/** Writes it, all or nothing. */
export async function writeReference(reference: Reference, path: string = REFERENCE_FILE): Promise<void> {
  await writeFileAtomically(path, new TextEncoder().encode(`${JSON.stringify(reference, null, 2)}\n`));
}
