// The part of gpu.js 2.24.1 that the gpu backend uses, typed as it behaves (its own typings leave out the kernel
// classes and what a kernel shortcut carries), and the only place that loads it.

import { BackendError } from "../../errors.js";
import { importOptional, isNode, isNotFound } from "../../optional-import.js";
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

const CURE = "npm install gpu.js@2.24.1";

/** What a page, or a bundle for Node, does so that gpu.js is part of it. */
const HANDING_OVER = 'in a bundle, pass it: useBackend("gpu", { gpuJs: await import("gpu.js") })';

/**
 * gpu.js, which is an optional peer dependency: the module that the caller hands over, or the one that is installed.
 *
 * @param given what an import of gpu.js gave the caller
 * @throws BackendError where it is not installed, or is not the version that this was written for
 */
export async function loadGpuJs(where: string, given?: unknown): Promise<GpuJs> {
  const loaded: unknown = given ?? (await importOptional("gpu.js").catch((cause: unknown) => refuse(where, cause)));
  // CommonJS that a bundler wrapped is found under `default` only
  const candidates = [loaded, (loaded as { readonly default?: unknown }).default];
  const library = candidates.find(isGpuJs);
  if (!library) {
    const what = given === undefined ? "this" : "what `gpuJs` has";
    throw new BackendError(where, `${what} is not gpu.js 2.24.1; ${CURE}`);
  }
  return library;
}

function refuse(where: string, cause: unknown): never {
  if (!isNode())
    throw new BackendError(where, `gpu.js is not found by name here; ${CURE}, and ${HANDING_OVER}`, { cause });
  const problem = isNotFound(cause, "gpu.js")
    ? `gpu.js is not installed; ${CURE}`
    : `gpu.js does not load (${String(cause)}); ${CURE}, and ${HANDING_OVER}`;
  throw new BackendError(where, problem, { cause });
}

function isGpuJs(module: unknown): module is GpuJs {
  if ((typeof module !== "object" && typeof module !== "function") || module === null) return false;
  return "GPU" in module && NEEDED.every((name) => name in module);
}
