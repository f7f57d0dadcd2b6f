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

/** Somebody who is asked to come, with what tables call them. */
type Invited = ContestantSpec & { readonly name: string };

/** All that are asked to come; adjoint's one thread, which comes first, is the measure. */
function invited(): readonly Invited[] {
  const each = (name: string, spec: Omit<ContestantSpec, "threads">) =>
    THREADS.map((threads) => ({ ...spec, threads, name: `${name}, ${threads} thread${threads > 1 ? "s" : ""}` }));
  return [
    ...each("adjoint wasm", { library: "adjoint", backend: "wasm" }),
    ...each("adjoint wasm, 256-bit", { library: "adjoint", backend: "wasm", wide: true }),
    ...each("adjoint blas", { library: "adjoint", backend: "blas" }),
    ...each("adjoint blas, 256-bit", { library: "adjoint", backend: "blas", wide: true }),
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

/**
 * PyTorch once more, where its OpenBLAS does not know the processor and took other kernels than adjoint's blas backend
 * has told its own to take: with the same word, so that it is compared at its best.
 */
function invitedBetter(abouts: ReadonlyMap<string, About>): readonly Invited[] {
  const all = invited();
  const core = all.filter(({ backend }) => backend === "blas").map(({ name }) => abouts.get(name)?.blasCore)[0];
  const worse = all.filter(({ name, library }) => library === "torch" && abouts.has(name));
  return worse.flatMap((spec) => {
    const own = abouts.get(spec.name)?.blasCore;
    if (!core || !own || own === core) return [];
    return [{ ...spec, blasCore: core, name: spec.name.replace("PyTorch", `PyTorch (${core})`) }];
  });
}

/** Starts them one after the other, each saying what it is, and keeps those who can. */
export async function startRoster(): Promise<Roster> {
  const pythons = { numpy: findPython("numpy"), torch: findPython("torch") };
  const contestants: Contestant[] = [];
  const abouts = new Map<string, About>();
  const missing: NotRun[] = [];
  const start = async ({ name, ...spec }: Invited) => {
    const python = spec.library === "numpy" || spec.library === "torch" ? pythons[spec.library] : undefined;
    if (python === null) {
      missing.push({ name, reason: `no python3 on the path has ${spec.library}` });
      return;
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
  };
  for (const each of invited()) await start(each);
  for (const each of invitedBetter(abouts)) await start(each);
  return { contestants, abouts, missing };
}

/** All versions that were named, by package. */
export function versionsOf({ abouts }: Roster): Record<string, string> {
  return Object.assign({ node: process.versions.node }, ...[...abouts.values()].map(({ versions }) => versions));
}
