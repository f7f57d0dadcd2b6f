// Which backend is in use, and how one is chosen. New tensors are made on the current backend; an op runs where its
// inputs live.

import { ArgumentError, BackendError } from "../errors.js";
import { refusePromise } from "../synchronous.js";
import type { Backend } from "./backend.js";
import type { GpuMode } from "./gpu/index.js";
import { ReferenceBackend } from "./reference/index.js";

/** What `useBackend` takes. A name without a mode lets the backend choose the fastest that works here. */
export type BackendName = "auto" | "reference" | "reference:float64" | "gpu" | `gpu:${GpuMode}`;

/** The backend that was taken, and why in one sentence. */
export interface BackendChoice {
  readonly backend: Backend;
  readonly reason: string;
}

const KNOWN: readonly BackendName[] = [
  "auto",
  "reference",
  "reference:float64",
  "gpu",
  "gpu:webgpu",
  "gpu:webgl2",
  "gpu:headlessgl",
  "gpu:webasm",
  "gpu:cpu",
];

/** Started backends by name: asked for twice, a backend is the same, and tensors made before stay usable. */
const started = new Map<string, Backend>();

let current: Backend = start(new ReferenceBackend());

/** The backend on which new tensors are made. */
export function currentBackend(): Backend {
  return current;
}

/** All names that `useBackend` takes. */
export function backendNames(): readonly BackendName[] {
  return KNOWN;
}

/**
 * Chooses the backend on which tensors are made from here on, and loads what it needs.
 *
 * `"auto"` takes the fastest that works here and says why. A backend asked for by name is that one or an error: there
 * is no silent fallback.
 *
 * @throws BackendError that says what is missing where the backend cannot be had; ArgumentError for an unknown name
 */
export async function useBackend(name: BackendName): Promise<BackendChoice> {
  if (!KNOWN.includes(name)) {
    throw new ArgumentError("useBackend", `"${name}" is not a backend; known are ${KNOWN.join(", ")}`);
  }
  const choice = await choose(name);
  current = choice.backend;
  return choice;
}

/** Runs a synchronous `fn` with another current backend, and restores the former one, also when `fn` throws. */
export function withBackend<T>(backend: Backend, fn: () => T): T {
  const former = current;
  current = backend;
  try {
    return refusePromise("withBackend", fn());
  } finally {
    current = former;
  }
}

async function choose(name: BackendName): Promise<BackendChoice> {
  if (name === "auto") return chooseFastest();
  const running = started.get(name);
  if (running && !running.disposed) return { backend: running, reason: "asked for by name" };
  if (name === "reference") return { backend: start(new ReferenceBackend()), reason: "asked for by name" };
  if (name === "reference:float64") {
    return { backend: start(new ReferenceBackend({ dtype: "float64" })), reason: "asked for by name" };
  }
  return chooseGpu(name);
}

async function chooseGpu(name: "gpu" | `gpu:${GpuMode}`): Promise<BackendChoice> {
  const { createGpuBackend } = await import("./gpu/index.js");
  const mode = name === "gpu" ? undefined : (name.slice("gpu:".length) as GpuMode);
  const created = await createGpuBackend(mode);
  const running = started.get(created.name);
  if (!mode && running && !running.disposed) {
    await created.dispose();
    return { backend: running, reason: `gpu took ${running.name}, the fastest of its modes that works here` };
  }
  const reason = mode ? "asked for by name" : `gpu took ${created.name}, the fastest of its modes that works here`;
  return { backend: start(created), reason };
}

async function chooseFastest(): Promise<BackendChoice> {
  try {
    const { backend } = await chooseGpu("gpu");
    return { backend, reason: `auto took ${backend.name}: gpu.js multiplies faster than the reference loops` };
  } catch (error) {
    if (!(error instanceof BackendError)) throw error;
    const reference = await choose("reference");
    return { ...reference, reason: `auto took reference, since gpu.js cannot be had (${error.message})` };
  }
}

function start(backend: Backend): Backend {
  started.set(backend.name, backend);
  return backend;
}
