// A mode of the gpu backend as its tests see it, in a browser or in Node.

import type { Backend } from "@adjoint/core";
import type { GpuBackend } from "../../src/backends/gpu/gpu-backend.js";
import { createGpuBackend, type GpuMode } from "../../src/backends/gpu/index.js";
import type { MemoryUse } from "../../src/backends/gpu/value-store.js";

/** A backend that was started, and what its tests ask beside the contract. */
export interface ModeUnderTest {
  readonly backend: Backend;
  memoryUse(): Promise<MemoryUse>;
  /** How many kernels were launched so far. */
  launches(): Promise<number>;
  /** Takes the device away; undefined where there is none. */
  readonly loseDevice?: () => Promise<void>;
  /** A backend of the same mode, started anew beside the first. */
  restart(): Promise<Backend>;
  /** What failed outside of any call, and what was written to a console. */
  readonly troubles: readonly string[];
  close(): Promise<void>;
}

/** Starts a mode in this process. */
export async function startInNode(mode: GpuMode): Promise<ModeUnderTest> {
  const backend = (await createGpuBackend(mode)) as GpuBackend;
  const started: Backend[] = [backend];
  return {
    backend,
    memoryUse: async () => backend.memoryUse,
    launches: async () => backend.launches,
    async restart() {
      const another = await createGpuBackend(mode);
      started.push(another);
      return another;
    },
    troubles: [],
    async close() {
      for (const one of started) await one.dispose();
    },
  };
}
