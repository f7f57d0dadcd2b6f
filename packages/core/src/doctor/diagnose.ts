// The whole diagnosis: every backend started, examined and disposed of, one after the other, and what is to be said for
// using which.

import type { Backend, BackendInfo } from "../backends/backend.js";
import { chooseAmong } from "../backends/fastest.js";
import type { GpuModeReport } from "../backends/gpu/index.js";
import { ArgumentError } from "../errors.js";
import { anything, callable, flag, list, optionsOf, readOptions } from "../options.js";
import { CANDIDATES, type Candidate, messageOf } from "./candidates.js";
import { Referee } from "./comparison.js";
import { describeEnvironment, type Environment } from "./environment.js";
import { type Examination, examineParts } from "./examine.js";
import { withoutPaths } from "./private-text.js";

/** A backend that this machine has. */
export interface FoundBackend extends Examination {
  readonly name: string;
  readonly available: true;
  /** What runs where. */
  readonly info: BackendInfo;
  /** What a gpu mode computes on: the adapter, or the renderer. */
  readonly device?: string;
  /** How long starting it took. */
  readonly startMilliseconds: number;
}

/** A backend that this machine has not. */
export interface MissingBackend {
  readonly name: string;
  readonly available: false;
  /** What is missing, and how to get it, in the words of the error that asking for it gives. */
  readonly missing: string;
}

/** What is best used here. */
export interface Recommendation {
  /** Undefined where nothing computes rightly. */
  readonly backend: string | undefined;
  readonly reason: string;
}

/** What `diagnose` found. Plain JSON. */
export interface Diagnosis {
  readonly environment: Environment;
  readonly backends: readonly (FoundBackend | MissingBackend)[];
  readonly recommendation: Recommendation;
  /** Whether every backend that is there computes rightly. */
  readonly healthy: boolean;
}

/** Options of `diagnose`. */
export interface DiagnoseOptions {
  /** Measures less. Default: no. */
  readonly quick?: boolean;
  /** Names of those that are examined, of the candidates'; all of them by default. */
  readonly only?: readonly string[];
  /** What is examined; by default all backends of the library. `wasm` goes first in the recommendation. */
  readonly candidates?: readonly Candidate[];
  /** gpu.js, as the program imported it: `gpuJs: await import("gpu.js")`. A bundled program needs this for `gpu` modes. */
  readonly gpuJs?: object;
  /** Called with a name before its backend is started. */
  readonly onProgress?: (name: string) => void;
}

const OPTIONS = optionsOf<DiagnoseOptions>({
  quick: flag,
  only: list,
  candidates: list,
  gpuJs: anything,
  onProgress: callable,
});

/**
 * Examines all backends and modes of this machine, in about half a minute, or a third of that where `quick`.
 *
 * Backends are started for this alone and disposed of: those in use, and which is the current one, stay as they are. A
 * processor that does anything else beside this makes the speeds lower. No paths and no names of people are in what is
 * returned, so that it can be pasted into a bug report.
 *
 * @throws ArgumentError where `only` names what is no candidate
 */
export async function diagnose(options: DiagnoseOptions = {}): Promise<Diagnosis> {
  readOptions("diagnose", options, OPTIONS);
  const { candidates = CANDIDATES, only = candidates.map(({ name }) => name), quick = false, gpuJs } = options;
  checkNames(only, candidates);
  const chosen = candidates.filter(({ name }) => only.includes(name));
  const devices = chosen.some(({ name }) => name.startsWith("gpu:"))
    ? await findDevices(gpuJs)
    : new Map<string, string>();
  const backends: (FoundBackend | MissingBackend)[] = [];
  const referee = new Referee();
  for (const candidate of chosen) {
    options.onProgress?.(candidate.name);
    // so that a page shows it
    await new Promise((resolve) => setTimeout(resolve, 0));
    backends.push(await visit(candidate, { quick, referee, gpuJs, device: devices.get(candidate.name) }));
  }
  return {
    environment: describeEnvironment(),
    backends,
    recommendation: recommend(backends),
    healthy: backends.every((one) => !one.available || one.problems.length === 0),
  };
}

/** Throws ArgumentError where one of the names is no candidate's. */
export function checkNames(only: readonly string[] = [], candidates: readonly Candidate[]): void {
  const unknown = only.find((wanted) => !candidates.some(({ name }) => name === wanted));
  if (unknown === undefined) return;
  const known = candidates.map(({ name }) => name).join("; ");
  throw new ArgumentError("diagnose", `"${unknown}" is nothing to examine; known are: ${known}`);
}

/** What the modes that are there compute on, by their names. */
async function findDevices(gpuJs?: object): Promise<Map<string, string>> {
  const { gpuModes } = await import("../backends/gpu/index.js");
  const there = (await gpuModes(gpuJs)).filter(({ available }: GpuModeReport) => available);
  return new Map(there.map(({ mode, detail }) => [`gpu:${mode}`, withoutPaths(detail)]));
}

interface Visit {
  readonly quick: boolean;
  readonly referee: Referee;
  readonly gpuJs: object | undefined;
  readonly device: string | undefined;
}

async function visit({ name, start }: Candidate, terms: Visit): Promise<FoundBackend | MissingBackend> {
  const { device, gpuJs } = terms;
  const began = performance.now();
  let first: Backend | undefined;
  try {
    first = await start(gpuJs);
  } catch (error) {
    return { name, available: false, missing: messageOf(error) };
  }
  const startMilliseconds = performance.now() - began;
  const info = first.info();
  const examination = await examineParts(async (use) => {
    const backend = first ?? (await start(gpuJs));
    first = undefined;
    await use(backend).finally(() => end(backend));
  }, terms);
  return { name, available: true, info, ...(device ? { device } : {}), startMilliseconds, ...examination };
}

/** What it computed is known by now: that it does not end well must not hide that. */
async function end(backend: Backend): Promise<void> {
  await backend.dispose().catch(() => undefined);
}

/** What has to be known of who asks for one of these. */
const CAVEATS: Readonly<Record<string, string>> = {
  "wasm relaxed": "; its bits are those of this kind of machine only",
  "wasm wide": "; V8 calls its vectors of 256 bits an experiment",
};

function recommend(backends: readonly (FoundBackend | MissingBackend)[]): Recommendation {
  const sound = backends.flatMap((one) =>
    one.available && one.problems.length === 0 && one.speed
      ? [{ name: one.name, milliseconds: one.speed.ganStepMilliseconds }]
      : [],
  );
  // it goes first: it needs nothing, and a run on it has the same bits everywhere
  const [first, ...others] = sound.toSorted((a, b) => Number(b.name === "wasm") - Number(a.name === "wasm"));
  if (!first) return { backend: undefined, reason: "no backend that was examined computes rightly here" };
  const { taken, why } = chooseAmong([first, ...others]);
  return { backend: taken.name, reason: `a step of the GAN takes ${why}${CAVEATS[taken.name] ?? ""}` };
}
