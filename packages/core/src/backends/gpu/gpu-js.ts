// The part of gpu.js 2.24.1 that the gpu backend uses, typed as it behaves (its own typings leave out the kernel
// classes and what a kernel shortcut carries), and the only place that loads it.

import { BackendError } from "../../errors.js";
import type { Handle } from "./handle.js";

/** A class of kernels: one for each mode. */
export interface KernelClass {
  readonly mode: string;
  readonly isSupported: boolean;
}

/** What of a kernel's program gpu.js would make of its source. */
export interface TranslatedKernel {
  /** GLSL: functions, the last of which is `kernel`. */
  translatedSource?: string;
  /** WGSL: functions, and the statements of the entry point. */
  translatedFunctions?: string;
  translatedBody?: string;
  /** Values that one thread gives. */
  componentCount?: number;
  returnType?: string;
}

/** The kernel behind a shortcut. It is exchanged for one of another class where gpu.js falls back. */
export interface InnerKernel extends TranslatedKernel {
  readonly constructor: unknown;
  /** Shapes flat results into rows; absent in the cpu and GL modes. */
  _shapeOutput?: (data: Float32Array) => unknown;
  /** Fills in a `TranslatedKernel`; may be exchanged before the first call. */
  translateSource?: (this: TranslatedKernel) => void;
}

/** What `createKernel` returns: a function, and the kernel that it runs. */
export interface KernelShortcut {
  (...inputs: readonly (Handle | number)[]): unknown;
  readonly kernel: InnerKernel;
  destroy(): void;
}

/** The settings that the backend's kernels take. */
export interface KernelSettings {
  readonly output: readonly number[];
  readonly argumentTypes: readonly ("Array" | "Float")[];
  readonly precision: "single";
  /** Results stay on the device, as handles, each in memory of its own. */
  readonly pipeline?: boolean;
  readonly immutable?: boolean;
  /** Four values in a texel. */
  readonly optimizeFloatMemory?: boolean;
}

/** One instance of gpu.js: a context and the kernels made in it. */
export interface GpuInstance {
  readonly kernels: unknown[];
  createKernel(source: string, settings: KernelSettings): KernelShortcut;
  destroy(): Promise<void>;
}

/** A WebGL context, as far as the name of its renderer. */
export interface RenderingContext {
  getExtension(name: string): { readonly UNMASKED_RENDERER_WEBGL?: number } | null;
  getParameter(name: number): unknown;
}

/** The module. */
export interface GpuJs {
  readonly GPU: {
    new (settings: { readonly mode: string }): GpuInstance;
    readonly prototype: GpuInstance;
    readonly isWebGL2Supported: boolean;
    readonly isHeadlessGLSupported: boolean;
    readonly isWebAssemblySupported: boolean;
  };
  readonly CPUKernel: KernelClass;
  readonly WebAssemblyKernel: KernelClass & { readonly isSIMDSupported: boolean };
  readonly HeadlessGLKernel: KernelClass;
  readonly WebGL2Kernel: KernelClass & {
    readonly testContext: RenderingContext | null;
    readonly features: { readonly isFloatRead: boolean } | null;
  };
  readonly WebGPUKernel: KernelClass;
  /** The device, one for the whole process, that all kernels of mode webgpu share. */
  readonly WebGPUContext: { destroy(): Promise<void> };
}

const NEEDED = ["CPUKernel", "WebAssemblyKernel", "HeadlessGLKernel", "WebGL2Kernel", "WebGPUKernel", "WebGPUContext"];

/**
 * Loads gpu.js, which is an optional peer dependency.
 *
 * @throws BackendError where it is not installed, or is not the version that this was written for
 */
export async function loadGpuJs(where: string): Promise<GpuJs> {
  const loaded: unknown = await import("gpu.js").catch((cause: unknown) => {
    const problem = isNotFound(cause, "gpu.js") ? "gpu.js is not installed" : `gpu.js does not load (${String(cause)})`;
    throw new BackendError(where, `${problem}; npm install gpu.js@2.24.1`, { cause });
  });
  // CommonJS that a bundler wrapped is found under `default` only
  const candidates = [loaded, (loaded as { readonly default?: unknown }).default];
  const library = candidates.find(isGpuJs);
  if (!library) throw new BackendError(where, "this is not gpu.js 2.24.1; npm install gpu.js@2.24.1");
  return library;
}

/** Whether an import failed because the package itself is not there. */
export function isNotFound(error: unknown, packageName: string): boolean {
  const { code, message } = (error ?? {}) as { readonly code?: unknown; readonly message?: unknown };
  const named = typeof message === "string" && message.includes(packageName);
  return named && (code === "ERR_MODULE_NOT_FOUND" || code === "MODULE_NOT_FOUND");
}

function isGpuJs(module: unknown): module is GpuJs {
  if ((typeof module !== "object" && typeof module !== "function") || module === null) return false;
  return "GPU" in module && NEEDED.every((name) => name in module);
}
