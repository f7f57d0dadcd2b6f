// The gpu backend, on gpu.js 2.24.1: an optional peer dependency, loaded when this backend is chosen. This folder is
// all that knows gpu.js.

import { BackendError } from "../../errors.js";
import type { Backend } from "../backend.js";
import { GpuBackend } from "./gpu-backend.js";
import { type GpuJs, loadGpuJs } from "./gpu-js.js";
import { GPU_MODES, type GpuMode, type GpuModeReport, inspectMode } from "./modes.js";
import { openRuntime } from "./runtime.js";

export { type GpuMode, type GpuModeReport, gpuModes } from "./modes.js";

/**
 * Starts a backend on gpu.js: on `gpuJs` where the caller hands that over, else on the one that is installed.
 *
 * With a mode it is that mode or an error. Without one it is the fastest that works here: webgpu, then webgl2 where
 * they run on a GPU and not on a program that plays one; then webasm, then cpu. headlessgl, which does not say what it
 * draws with, comes only when it is asked for. The backend's `name` says which it is: `gpu:webasm`.
 *
 * `webgpu` answers later (`synchronous` is false), and in Node keeps the process alive until it is disposed.
 *
 * @throws BackendError that says what is missing and how to get it
 */
export async function createGpuBackend(mode?: GpuMode, gpuJs?: object): Promise<Backend> {
  if (mode !== undefined && !GPU_MODES.includes(mode)) {
    throw new BackendError("gpu", `"${mode}" is not a mode of gpu.js; known are ${GPU_MODES.join(", ")}`);
  }
  const library = await loadGpuJs(mode === undefined ? "gpu" : `gpu:${mode}`, gpuJs);
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
  const backend = new GpuBackend(runtime);
  try {
    await prove(backend);
    return backend;
  } catch (error) {
    await backend.dispose();
    throw error;
  }
}

/** Has a product computed whose result is known: what cannot do this must not be chosen, nor fail later. */
async function prove(backend: Backend): Promise<void> {
  const spec = { batch: 1, m: 2, n: 2, k: 3, transposeA: false, transposeB: false, sharedA: false, sharedB: false };
  const a = backend.upload(Float32Array.of(1, 2, 3, 4, 5, 6));
  const b = backend.upload(Float32Array.of(7, 8, 9, 10, 11, 12));
  const bias = backend.upload(Float32Array.of(-58, -100));
  const product = backend.matmul(a, b, spec, { bias, activation: { name: "relu", parameters: [] } });
  const values = await backend.read(product);
  if (values.join() !== "0,0,81,54") {
    throw new BackendError(backend.name, `computes wrong products here: [${values.join()}] for [0,0,81,54]`);
  }
  for (const buffer of [a, b, bias, product]) backend.free(buffer);
}
