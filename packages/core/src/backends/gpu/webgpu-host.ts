// WebGPU for gpu.js, which looks for it in `navigator.gpu` and keeps one device for the whole process. In Node we put
// it there, from the package `webgpu`, as long as somebody uses it: a device that is left over keeps Node alive.

import { BackendError } from "../../errors.js";
import { importOptional, isNode, isNotFound } from "../../optional-import.js";
import type { GpuJs } from "./gpu-js.js";

/** The adapter that gpu.js will get, and the way to give it back. */
export interface WebGpuHost {
  readonly device: string;
  /** Whether it is a GPU, and not a processor that plays one. */
  readonly accelerated: boolean;
  /**
   * To be called once nothing is asked of it any more. Where kernels were made, the last one to call it has to destroy
   * the device that they shared.
   */
  release(destroyDevice: boolean): Promise<void>;
}

/** What of WebGPU is looked at here. */
interface Adapter {
  readonly isFallbackAdapter?: boolean;
  readonly info?: Readonly<Record<"vendor" | "architecture" | "device" | "description", string>> & {
    readonly isFallbackAdapter?: boolean;
  };
}

interface WebGpu {
  requestAdapter(): Promise<Adapter | null>;
}

const DRIVER = "it needs a Vulkan driver (the environment variable VK_ICD_FILENAMES names one by hand)";
const SOFTWARE = /swiftshader|llvmpipe|lavapipe|software|basic render/i;

// gpu.js has one device for the process, so who uses it is counted for the process.
let users = 0;
let providing: Promise<void> | undefined;
let takeAway: (() => void) | undefined;

/** Whether a renderer's name is that of a program. */
export function isSoftware(name: string): boolean {
  return SOFTWARE.test(name);
}

/**
 * Sees to it that gpu.js finds a WebGPU adapter, until it is released.
 *
 * @throws BackendError that says what is missing
 */
export async function acquireWebGpu(where: string, library: GpuJs): Promise<WebGpuHost> {
  users++;
  let released = false;
  const release = async (destroyDevice: boolean): Promise<void> => {
    if (released) return;
    released = true;
    users--;
    if (users === 0 && destroyDevice) await library.WebGPUContext.destroy();
    // somebody may have come while the device was being destroyed
    if (users > 0) return;
    takeAway?.();
    takeAway = undefined;
  };
  try {
    return { ...(await findAdapter(where)), release };
  } catch (error) {
    await release(false);
    throw error;
  }
}

async function findAdapter(where: string): Promise<Omit<WebGpuHost, "release">> {
  if (!currentWebGpu()) {
    providing ??= provideWebGpu(where).finally(() => {
      providing = undefined;
    });
    await providing;
  }
  const adapter = await currentWebGpu()?.requestAdapter();
  if (!adapter) throw new BackendError(where, `WebGPU offers no adapter here${isNode() ? `; ${DRIVER}` : ""}`);
  const { vendor = "", architecture = "", device = "", description = "" } = adapter.info ?? {};
  const name = [description || device || vendor || "WebGPU", architecture].filter(Boolean).join(", ");
  const fallback = adapter.info?.isFallbackAdapter ?? adapter.isFallbackAdapter ?? false;
  return { device: name, accelerated: !fallback && !isSoftware(`${vendor} ${name}`) };
}

/** Puts the WebGPU of the package `webgpu` into `navigator`. */
async function provideWebGpu(where: string): Promise<void> {
  if (!isNode()) throw new BackendError(where, "there is no WebGPU here (navigator.gpu)");
  const loaded: unknown = await importOptional("webgpu").catch((cause: unknown) => {
    const problem = isNotFound(cause, "webgpu")
      ? "the package webgpu is not installed"
      : `the package webgpu does not load (${String(cause)})`;
    throw new BackendError(where, `${problem}; npm install webgpu, and ${DRIVER}`, { cause });
  });
  const { create } = loaded as { readonly create?: (options: readonly string[]) => unknown };
  if (!create) throw new BackendError(where, "this is not the package webgpu; npm install webgpu");
  const hadNavigator = Reflect.has(globalThis, "navigator");
  if (!hadNavigator) Object.defineProperty(globalThis, "navigator", { value: {}, configurable: true });
  const navigator: object = Reflect.get(globalThis, "navigator");
  Object.defineProperty(navigator, "gpu", { value: create([]), configurable: true });
  takeAway = () => {
    Reflect.deleteProperty(navigator, "gpu");
    if (!hadNavigator) Reflect.deleteProperty(globalThis, "navigator");
  };
}

function currentWebGpu(): WebGpu | undefined {
  const { navigator } = globalThis as { readonly navigator?: { readonly gpu?: WebGpu } };
  return navigator?.gpu;
}
