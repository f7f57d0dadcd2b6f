// Which backend is in use, and how one is chosen. New tensors are made on the current backend; an op runs where its
// inputs live. Where none was chosen, the first tensor starts the wasm backend.

import { ArgumentError, BackendError } from "../errors.js";
import { refusePromise } from "../synchronous.js";
import type { Backend } from "./backend.js";
import type { GpuMode } from "./gpu/index.js";
import { ReferenceBackend } from "./reference/index.js";
import { createWasmBackend, createWasmBackendSync, WasmBackend } from "./wasm/index.js";

/** What `useBackend` takes. A name without a mode lets the backend choose the fastest that works here. */
export type BackendName = "auto" | "wasm" | "blas" | "reference" | "reference:float64" | "gpu" | `gpu:${GpuMode}`;

/** The backend that was taken, and why in one sentence. */
export interface BackendChoice {
  readonly backend: Backend;
  readonly reason: string;
}

const KNOWN: readonly BackendName[] = [
  "auto",
  "wasm",
  "blas",
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

/** Backends that are being started, by what was asked for. */
const starting = new Map<string, Promise<BackendChoice>>();

let current: Backend | undefined;

/**
 * The backend on which new tensors are made.
 *
 * @throws BackendError where none was chosen and the wasm backend cannot be started without waiting
 */
export function currentBackend(): Backend {
  current ??= start(createWasmBackendSync());
  return current;
}

/** Options of `useBackend`. */
export interface BackendOptions {
  /** For `wasm` and `blas`: threads that compute, the calling one included; by default as many as the machine runs, at most 8. */
  readonly threads?: number;
  /**
   * For `wasm`: whether products may use the fused multiply-add of relaxed SIMD. Faster, but the bits of a run are then
   * those of this kind of machine only. Default: no.
   */
  readonly relaxed?: boolean;
}

/** All names that `useBackend` takes. */
export function backendNames(): readonly BackendName[] {
  return KNOWN;
}

/**
 * Chooses the backend on which tensors are made from here on, and loads what it needs.
 *
 * `"auto"` takes wasm, or reference where that cannot start, and says why. A backend asked for by name is that one or an error: there
 * is no silent fallback.
 *
 * @throws BackendError that says what is missing where the backend cannot be had; ArgumentError for an unknown name
 */
export async function useBackend(name: BackendName, options: BackendOptions = {}): Promise<BackendChoice> {
  if (!KNOWN.includes(name)) {
    throw new ArgumentError("useBackend", `"${name}" is not a backend; known are ${KNOWN.join(", ")}`);
  }
  const choice = await choose(name, options);
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

async function choose(name: BackendName, options: BackendOptions): Promise<BackendChoice> {
  if (name === "auto") return chooseFastest(options);
  const running = started.get(name);
  if (running && !running.disposed && fits(running, options)) return { backend: running, reason: BY_NAME };
  // who asks while it is being started gets the same
  const wanted = `${name} ${options.threads ?? ""} ${options.relaxed ?? ""}`;
  const begun = starting.get(wanted) ?? launch(name, options).finally(() => starting.delete(wanted));
  starting.set(wanted, begun);
  return begun;
}

const BY_NAME = "asked for by name";

async function launch(name: Exclude<BackendName, "auto">, options: BackendOptions): Promise<BackendChoice> {
  if (name === "wasm") return { backend: start(await createWasmBackend(options)), reason: BY_NAME };
  if (name === "blas") {
    const { createBlasBackend } = await import("./blas/index.js");
    return { backend: start(await createBlasBackend(options)), reason: BY_NAME };
  }
  if (name === "reference") return { backend: start(new ReferenceBackend()), reason: BY_NAME };
  if (name === "reference:float64") {
    return { backend: start(new ReferenceBackend({ dtype: "float64" })), reason: BY_NAME };
  }
  return chooseGpu(name);
}

async function chooseGpu(name: "gpu" | `gpu:${GpuMode}`): Promise<BackendChoice> {
  const { createGpuBackend } = await import("./gpu/index.js");
  const mode = name === "gpu" ? undefined : (name.slice("gpu:".length) as GpuMode);
  const created = await createGpuBackend(mode);
  const reason = mode ? BY_NAME : `gpu took ${created.name}, the fastest of its modes that works here`;
  const running = started.get(created.name);
  if (!running || running.disposed) return { backend: start(created), reason };
  await created.dispose();
  return { backend: running, reason };
}

async function chooseFastest(options: BackendOptions): Promise<BackendChoice> {
  try {
    const { backend } = await choose("wasm", options);
    return {
      backend,
      reason:
        "auto took wasm: SIMD kernels and threads, the same bits everywhere (blas can be faster, gpu is to be asked for)",
    };
  } catch (error) {
    if (!(error instanceof BackendError)) throw error;
    const { backend } = await choose("reference", {});
    return { backend, reason: `auto took reference, since wasm cannot be had (${error.message})` };
  }
}

/** Whether a running backend is what the options ask for. Only wasm and blas have something to ask for. */
function fits(backend: Backend, { threads, relaxed }: BackendOptions): boolean {
  if (!(backend instanceof WasmBackend)) return true;
  return (threads ?? backend.threads) === backend.threads && (relaxed ?? backend.relaxed) === backend.relaxed;
}

function start(backend: Backend): Backend {
  started.set(backend.name, backend);
  return backend;
}
