// Who takes part: every library with every number of threads that it can be had with here, and who could not be had
// and why.

import { availableParallelism } from "node:os";
import { Contestant } from "./contestant.js";
import { findPython } from "./find-python.js";
import type { About, ContestantSpec } from "./protocol.js";

/** Everybody who came. */
export interface Roster {
  readonly contestants: readonly Contestant[];
  /** What each said of itself, by name. */
  readonly abouts: ReadonlyMap<string, About>;
  /** Those who could not be had, with the reason. */
  readonly missing: readonly NotRun[];
}

/** Somebody who took no part. */
export interface NotRun {
  readonly name: string;
  readonly reason: string;
  /** Whether it could be had and gave another result than the others. */
  readonly disagrees?: boolean;
}

const ALL_THREADS = availableParallelism();
/** One thread, two, and all there are. */
const THREADS = [...new Set([1, Math.min(2, ALL_THREADS), ALL_THREADS])];

/** All that are asked to come, with what tables call them; adjoint's one thread, which comes first, is the measure. */
function invited(): readonly (ContestantSpec & { readonly name: string })[] {
  const each = (name: string, spec: Omit<ContestantSpec, "threads">) =>
    THREADS.map((threads) => ({ ...spec, threads, name: `${name}, ${threads} thread${threads > 1 ? "s" : ""}` }));
  return [
    ...each("adjoint wasm", { library: "adjoint", backend: "wasm" }),
    ...each("adjoint blas", { library: "adjoint", backend: "blas" }),
    { name: "adjoint reference", library: "adjoint", backend: "reference", threads: 1 },
    { name: "adjoint gpu:webasm", library: "adjoint", backend: "gpu:webasm", threads: 1 },
    ...each("tfjs wasm", { library: "tfjs", backend: "wasm" }),
    { name: "tfjs cpu", library: "tfjs", backend: "cpu", threads: 1 },
    ...each("jax-js wasm", { library: "jax-js", backend: "wasm" }),
    ...each("gpu.js webasm", { library: "gpu.js", backend: "webasm" }),
    ...each("NumPy", { library: "numpy" }),
    ...each("PyTorch", { library: "torch" }),
  ];
}

/** Starts them one after the other, each saying what it is, and keeps those who can. */
export async function startRoster(): Promise<Roster> {
  const pythons = { numpy: findPython("numpy"), torch: findPython("torch") };
  const contestants: Contestant[] = [];
  const abouts = new Map<string, About>();
  const missing: NotRun[] = [];
  for (const { name, ...spec } of invited()) {
    const python = spec.library === "numpy" || spec.library === "torch" ? pythons[spec.library] : undefined;
    if (python === null) {
      missing.push({ name, reason: `no python3 on the path has ${spec.library}` });
      continue;
    }
    const contestant = new Contestant(name, spec, python);
    try {
      const about = await contestant.about();
      if (about.threads !== spec.threads)
        throw new Error(`it computes with ${about.threads} threads whatever it is told`);
      abouts.set(name, about);
      contestants.push(contestant);
    } catch (error) {
      contestant.close();
      missing.push({ name, reason: error instanceof Error ? error.message : String(error) });
    }
  }
  return { contestants, abouts, missing };
}

/** All versions that were named, by package. */
export function versionsOf({ abouts }: Roster): Record<string, string> {
  return Object.assign({ node: process.versions.node }, ...[...abouts.values()].map(({ versions }) => versions));
}
