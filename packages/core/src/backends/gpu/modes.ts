// The modes of gpu.js: which of them can be had here, what computes in them, and what is missing where they cannot.

import { BackendError } from "../../errors.js";
import { isNode } from "../../optional-import.js";
import { type GpuJs, loadGpuJs } from "./gpu-js.js";
import { acquireWebGpu, isSoftware } from "./webgpu-host.js";

/** A way of gpu.js to compute. `webgpu` answers later, all others at once. */
export type GpuMode = "webgpu" | "webgl2" | "headlessgl" | "webasm" | "cpu";

/** All modes, fastest first where a GPU is behind the first three. */
export const GPU_MODES: readonly GpuMode[] = ["webgpu", "webgl2", "headlessgl", "webasm", "cpu"];

/** What is known of a mode on this machine. */
export interface GpuModeReport {
  readonly mode: GpuMode;
  readonly available: boolean;
  /** Whether a GPU is known to compute. Not known of headlessgl, which tells nobody what it draws with. */
  readonly accelerated: boolean;
  /** What computes; where the mode is not available, what is missing and how to get it. */
  readonly detail: string;
}

/**
 * Reports whether each mode is available here, and what is missing where it is not. Fastest first.
 *
 * @param gpuJs gpu.js, where the caller hands it over
 */
export async function gpuModes(gpuJs?: object): Promise<readonly GpuModeReport[]> {
  try {
    const library = await loadGpuJs("gpuModes", gpuJs);
    const reports: GpuModeReport[] = [];
    // slowest first: where the package gl is loaded after a WebGPU device was destroyed, it aborts the process
    for (const mode of GPU_MODES.toReversed()) reports.unshift(await inspectMode(library, mode));
    return reports;
  } catch (error) {
    if (!(error instanceof BackendError)) throw error;
    return GPU_MODES.map((mode) => missing(mode, problemOf(error)));
  }
}

/** Says whether a mode can be had here. */
export async function inspectMode(library: GpuJs, mode: GpuMode): Promise<GpuModeReport> {
  return await INSPECTIONS[mode](library);
}

const INSPECTIONS: Readonly<Record<GpuMode, (library: GpuJs) => GpuModeReport | Promise<GpuModeReport>>> = {
  webgpu: inspectWebGpu,
  webgl2: inspectWebGl2,
  headlessgl: inspectHeadlessGl,
  webasm: ({ GPU, WebAssemblyKernel }) =>
    GPU.isWebAssemblySupported && WebAssemblyKernel.isSIMDSupported
      ? { mode: "webasm", available: true, accelerated: false, detail: "WebAssembly with SIMD, one thread" }
      : missing("webasm", "this engine has no WebAssembly with SIMD"),
  cpu: () =>
    canCompile()
      ? { mode: "cpu", available: true, accelerated: false, detail: "JavaScript" }
      : missing("cpu", "compiling JavaScript is forbidden here; the content security policy must allow unsafe-eval"),
};

async function inspectWebGpu(library: GpuJs): Promise<GpuModeReport> {
  try {
    const { device, accelerated, release } = await acquireWebGpu("gpuModes", library);
    await release(false);
    return { mode: "webgpu", available: true, accelerated, detail: device };
  } catch (error) {
    if (!(error instanceof BackendError)) throw error;
    return missing("webgpu", problemOf(error));
  }
}

function inspectWebGl2({ GPU, WebGL2Kernel }: GpuJs): GpuModeReport {
  if (isNode()) return missing("webgl2", "WebGL 2 is for browsers; Node has headlessgl and webgpu");
  if (!GPU.isWebGL2Supported) return missing("webgl2", "this browser has no WebGL 2");
  if (!WebGL2Kernel.features?.isFloatRead) return missing("webgl2", "WebGL 2 cannot compute in float32 here");
  const context = WebGL2Kernel.testContext;
  const renderer = context?.getExtension("WEBGL_debug_renderer_info")?.UNMASKED_RENDERER_WEBGL;
  const detail = renderer === undefined ? "WebGL 2" : String(context?.getParameter(renderer));
  return { mode: "webgl2", available: true, accelerated: !isSoftware(detail), detail };
}

function inspectHeadlessGl({ GPU }: GpuJs): GpuModeReport {
  if (!isNode()) return missing("headlessgl", "headless WebGL is for Node; a browser has webgl2");
  if (GPU.isHeadlessGLSupported) {
    return { mode: "headlessgl", available: true, accelerated: false, detail: "WebGL of the package gl" };
  }
  const cure = "npm install gl@8.1.6, and on a machine without a display start Node by xvfb-run";
  return missing("headlessgl", `the package gl is not installed, was not compiled, or finds no display; ${cure}`);
}

function missing(mode: GpuMode, detail: string): GpuModeReport {
  return { mode, available: false, accelerated: false, detail };
}

/** What an error says, without who says it. */
function problemOf({ where, message }: BackendError): string {
  return message.slice(where.length + ": ".length);
}

function canCompile(): boolean {
  try {
    return new Function("return true")() === true;
  } catch {
    return false;
  }
}
