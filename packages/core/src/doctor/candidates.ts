// What can be examined: how each backend is started, apart from those in use, and what an error says about one that
// cannot be had.

import type { Backend } from "../backends/backend.js";
import type { GpuMode } from "../backends/gpu/index.js";
import { ReferenceBackend } from "../backends/reference/index.js";
import { createWasmBackend, type WasmBackend } from "../backends/wasm/index.js";
import { withoutPaths } from "./private-text.js";

/** Something that may be had here. */
export interface Candidate {
  /** What the report calls it: a name that `useBackend` takes, with its options where it has some. */
  readonly name: string;
  /**
   * Starts a new one for the doctor alone, which disposes of it. Called for each part, with what `diagnose` was given as
   * `gpuJs`. Rejects with what is missing.
   */
  readonly start: (gpuJs?: object) => Promise<Backend>;
}

/**
 * All that the library has. In this order, since in Node the package gl, once loaded after a WebGPU device was
 * destroyed, aborts the process.
 */
export const CANDIDATES: readonly Candidate[] = [
  { name: "reference", start: async () => new ReferenceBackend() },
  { name: "wasm", start: async () => whenReady(await createWasmBackend()) },
  { name: "wasm relaxed", start: async () => whenReady(await createWasmBackend({ relaxed: true })) },
  { name: "wasm wide", start: async () => whenReady(await createWasmBackend({ wide: true })) },
  { name: "blas", start: startBlas },
  ...(["cpu", "webasm", "headlessgl", "webgl2", "webgpu"] as const).map((mode) => ({
    name: `gpu:${mode}`,
    start: (gpuJs?: object) => startGpu(mode, gpuJs),
  })),
];

async function startBlas(): Promise<Backend> {
  const { createBlasBackend } = await import("../backends/blas/index.js");
  return whenReady(await createBlasBackend());
}

async function startGpu(mode: GpuMode, gpuJs?: object): Promise<Backend> {
  const { createGpuBackend } = await import("../backends/gpu/index.js");
  return createGpuBackend(mode, gpuJs);
}

/** With all its threads: before they are up, it computes the same, but slower. */
async function whenReady(backend: WasmBackend): Promise<Backend> {
  try {
    await backend.ready();
    return backend;
  } catch (error) {
    await backend.dispose();
    throw error;
  }
}

/** What an error says, without paths. */
export function messageOf(error: unknown): string {
  return withoutPaths(error instanceof Error ? error.message : String(error));
}
