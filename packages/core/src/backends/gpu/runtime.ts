// gpu.js opened in one mode: the instance, the class its kernels must have, where values lie, the language of kernels,
// the cache of kernels, and how to close it all.

import { BackendError } from "../../errors.js";
import { reuseBuffers } from "./buffer-reuse.js";
import { type Device, HostDevice } from "./device.js";
import type { DeviceProducts } from "./device-products.js";
import type { Dialect } from "./dialect.js";
import type { GpuInstance, GpuJs, KernelClass } from "./gpu-js.js";
import type { BufferHandle, TextureHandle } from "./handle.js";
import { type CacheLimits, KernelCache } from "./kernel-cache.js";
import { type GpuMode, inspectMode } from "./modes.js";
import { ScriptDialect } from "./script-dialect.js";
import { ShaderDialect } from "./shader-dialect.js";
import { WebGlMemory } from "./webgl-device.js";
import { WebGl2Products } from "./webgl2-products.js";
import { WebGpuMemory } from "./webgpu-device.js";
import { acquireWebGpu } from "./webgpu-host.js";
import { WebGpuProducts } from "./webgpu-products.js";

/** gpu.js at work in one mode. */
export interface Runtime {
  readonly mode: GpuMode;
  /** As errors and `useBackend` name it: `gpu:webasm`. */
  readonly name: string;
  readonly device: Device;
  readonly dialect: Dialect;
  readonly kernels: KernelCache;
  /** What multiplies, where the mode has better than kernels of gpu.js. */
  readonly products: DeviceProducts | undefined;
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
  let gpu: GpuInstance | undefined;
  try {
    gpu = newInstance(library, mode, name);
    const { device, products } = await openDevice(gpu, mode, name, { onProcessor: host?.accelerated === false });
    const kernels = new KernelCache({ where: name, gpu, kernelClass: kernelClassOf(library, mode), device }, limits);
    const close = async (): Promise<void> => {
      products?.close();
      await kernels.close();
      await host?.release(true);
    };
    return { mode, name, device, dialect: DIALECTS[mode](), kernels, products, close };
  } catch (error) {
    await gpu?.destroy();
    await host?.release(gpu !== undefined);
    throw error;
  }
}

const DIALECTS: Readonly<Record<GpuMode, () => Dialect>> = {
  webgpu: () => new ShaderDialect("wgsl"),
  webgl2: () => new ShaderDialect("glsl3"),
  headlessgl: () => new ShaderDialect("glsl1"),
  webasm: () => new ScriptDialect({ rounding: false }),
  // JavaScript computes in float64
  cpu: () => new ScriptDialect({ rounding: true }),
};

/** Where a mode keeps values, and what multiplies there. */
type OpenDevice = Pick<Runtime, "device" | "products">;

/** Opens the memory. On a GPU a first kernel shows what gpu.js's handles are and where they live. */
async function openDevice(
  gpu: GpuInstance,
  mode: GpuMode,
  name: string,
  { onProcessor }: { readonly onProcessor: boolean },
): Promise<OpenDevice> {
  if (mode === "cpu" || mode === "webasm") return { device: new HostDevice(name), products: undefined };
  const handle = await firstHandle(gpu, name);
  if (mode === "webgpu") {
    const example = handle as BufferHandle;
    reuseBuffers(example.context.device);
    const products = new WebGpuProducts(name, example.context.device, { onProcessor });
    return { device: new WebGpuMemory(name, example), products };
  }
  const example = handle as TextureHandle;
  // the package gl, of mode headlessgl, has WebGL 1 only
  const { context } = example as { readonly context: object };
  const products =
    mode === "webgl2" && context instanceof WebGL2RenderingContext ? new WebGl2Products(name, context) : undefined;
  return { device: new WebGlMemory(name, example), products };
}

/** What a first kernel returned; its memory is gone. */
async function firstHandle(gpu: GpuInstance, name: string): Promise<BufferHandle | TextureHandle> {
  const kernel = gpu.createKernel("function(){return this.thread.x;}", {
    ...{ output: [1], argumentTypes: [], precision: "single" },
    ...{ pipeline: true, immutable: true, optimizeFloatMemory: true },
  });
  try {
    const handle = (await kernel()) as BufferHandle | TextureHandle;
    handle.delete();
    return handle;
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new BackendError(name, `gpu.js computes nothing in this mode here: ${message}`, { cause });
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
