// gpu.js opened in one mode: the instance, the class its kernels must have, the cache of kernels, and how to close it
// all.

import { BackendError } from "../../errors.js";
import type { GpuInstance, GpuJs, KernelClass } from "./gpu-js.js";
import { type CacheLimits, KernelCache } from "./kernel-cache.js";
import { type GpuMode, inspectMode } from "./modes.js";
import { acquireWebGpu } from "./webgpu-host.js";

/** gpu.js at work in one mode. */
export interface Runtime {
  readonly mode: GpuMode;
  /** As errors and `useBackend` name it: `gpu:webasm`. */
  readonly name: string;
  readonly kernels: KernelCache;
  /** Destroys kernels, context and device, once the calls under way have answered. */
  close(): Promise<void>;
}

/**
 * Opens a mode.
 *
 * @throws BackendError that says what is missing, where the mode cannot be had here
 */
export async function openRuntime(library: GpuJs, mode: GpuMode, limits?: CacheLimits): Promise<Runtime> {
  const name = `gpu:${mode}`;
  if (mode !== "webgpu") {
    const { available, detail } = await inspectMode(library, mode);
    if (!available) throw new BackendError(name, detail);
  }
  const host = mode === "webgpu" ? await acquireWebGpu(name, library) : undefined;
  try {
    const gpu = newInstance(library, mode, name);
    const kernels = new KernelCache(name, gpu, kernelClassOf(library, mode), limits);
    const close = async (): Promise<void> => {
      await kernels.close();
      await host?.release(true);
    };
    return { mode, name, kernels, close };
  } catch (error) {
    await host?.release(false);
    throw error;
  }
}

function newInstance(library: GpuJs, mode: GpuMode, name: string): GpuInstance {
  try {
    return new library.GPU({ mode });
  } catch (cause) {
    throw new BackendError(name, `gpu.js does not start in this mode: ${String(cause)}`, { cause });
  }
}

function kernelClassOf(library: GpuJs, mode: GpuMode): KernelClass {
  const classes: Readonly<Record<GpuMode, KernelClass>> = {
    webgpu: library.WebGPUKernel,
    webgl2: library.WebGL2Kernel,
    headlessgl: library.HeadlessGLKernel,
    webasm: library.WebAssemblyKernel,
    cpu: library.CPUKernel,
  };
  return classes[mode];
}
