// The gpu backend, on gpu.js 2.24.1: an optional peer dependency, loaded when this backend is chosen. This folder is
// all that knows gpu.js; products run in its kernels.

import { BackendError } from "../../errors.js";
import type { Backend } from "../backend.js";
import { GpuBackend } from "./gpu-backend.js";
import { type GpuJs, loadGpuJs } from "./gpu-js.js";
import { GPU_MODES, type GpuMode, type GpuModeReport, inspectMode } from "./modes.js";
import { multiply } from "./products.js";
import { openRuntime, type Runtime } from "./runtime.js";

export { type GpuMode, type GpuModeReport, gpuModes } from "./modes.js";

/**
 * Starts a backend on gpu.js.
 *
 * With a mode it is that mode or an error. Without one it is the fastest that works here: webgpu, then webgl2 where
 * they run on a GPU and not on a program that plays one; then webasm, then cpu. headlessgl, which does not say what it
 * draws with, comes only when it is asked for. The backend's `name` says which it is: `gpu:webasm`.
 *
 * `webgpu` answers later (`synchronous` is false), and in Node keeps the process alive until it is disposed.
 *
 * @throws BackendError that says what is missing and how to get it
 */
export async function createGpuBackend(mode?: GpuMode): Promise<Backend> {
  if (mode !== undefined && !GPU_MODES.includes(mode)) {
    throw new BackendError("gpu", `"${mode}" is not a mode of gpu.js; known are ${GPU_MODES.join(", ")}`);
  }
  const library = await loadGpuJs(mode === undefined ? "gpu" : `gpu:${mode}`);
  return mode === undefined ? startFastest(library) : start(library, mode);
}

/** What is taken where no mode was asked for, in this order. */
const AUTOMATIC = ["webgpu", "webgl2", "webasm", "cpu"] as const satisfies readonly GpuMode[];

async function startFastest(library: GpuJs): Promise<Backend> {
  const refusals: string[] = [];
  for (const mode of AUTOMATIC) {
    const started = refusalOf(await inspectMode(library, mode)) ?? (await start(library, mode).catch(messageOf));
    if (typeof started !== "string") return started;
    refusals.push(started);
  }
  throw new BackendError("gpu", `gpu.js has no mode that works here\n  ${refusals.join("\n  ")}`);
}

/** Why a mode is not taken without being asked for. */
function refusalOf({ mode, available, accelerated, detail }: GpuModeReport): string | undefined {
  if (!available) return `gpu:${mode}: ${detail}`;
  const onProcessor = mode === "webasm" || mode === "cpu";
  return accelerated || onProcessor ? undefined : `gpu:${mode}: ${detail} is no GPU`;
}

function messageOf(error: unknown): string {
  if (error instanceof BackendError) return error.message;
  throw error;
}

async function start(library: GpuJs, mode: GpuMode): Promise<Backend> {
  const runtime = await openRuntime(library, mode);
  try {
    await prove(runtime);
    return new GpuBackend(runtime);
  } catch (error) {
    await runtime.close();
    throw error;
  }
}

/** Has a product computed whose result is known: what cannot do this must not be chosen, nor fail later. */
async function prove(runtime: Runtime): Promise<void> {
  const spec = { batch: 1, m: 2, n: 2, k: 3, transposeA: false, transposeB: false, sharedA: false, sharedB: false };
  const product = await multiply(
    runtime,
    Float32Array.of(1, 2, 3, 4, 5, 6),
    Float32Array.of(7, 8, 9, 10, 11, 12),
    spec,
  );
  if (product.join() !== "58,64,139,154") {
    throw new BackendError(runtime.name, `computes wrong products here: [${product.join()}] for [58,64,139,154]`);
  }
}
