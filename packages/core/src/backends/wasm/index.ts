// Starting the wasm backend.

import { createEngine, createEngineSync, type EngineOptions } from "./create-engine.js";
import { WasmBackend } from "./wasm-backend.js";

export type { WasmMemory } from "./wasm-buffers.js";
export { WasmBackend };

/** Options of the wasm backend. */
export type WasmOptions = Pick<EngineOptions, "threads" | "relaxed" | "wide" | "module">;

/**
 * Starts a wasm backend.
 *
 * @throws BackendError for a number of threads that is not in [1, 64], or cannot be had here, as relaxed SIMD and wide
 * vectors may not
 */
export async function createWasmBackend(options: WasmOptions = {}): Promise<WasmBackend> {
  return new WasmBackend(await createEngine(options));
}

/** Starts a wasm backend without waiting, for whoever makes a tensor before choosing a backend. Throws as above. */
export function createWasmBackendSync(options: WasmOptions = {}): WasmBackend {
  return new WasmBackend(createEngineSync(options));
}
