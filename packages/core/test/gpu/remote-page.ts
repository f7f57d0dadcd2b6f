// The page's side of a backend in a browser: does the calls that the tests make, in their order.

import * as gpuJs from "gpu.js";
import type { GpuBackend } from "../../src/backends/gpu/gpu-backend.js";
import { createGpuBackend, type GpuMode } from "../../src/backends/gpu/index.js";
import { decode, encode, type RemoteCall } from "./remote-values.js";

/** What reading came to. */
export type RemoteAnswer = { readonly values: unknown } | { readonly where: string; readonly problem: string };

declare global {
  var startRemote: (mode: GpuMode) => Promise<boolean>;
  var callRemote: (calls: readonly RemoteCall[]) => Promise<RemoteAnswer>;
  var loseDevice: () => Promise<void>;
}

type Method = (...inputs: readonly unknown[]) => unknown;

let backend: GpuBackend;
let mode: GpuMode;
/** Results by their ids: buffers, or what went wrong in place of one. */
const results = new Map<number, unknown>();

globalThis.startRemote = async (wanted) => {
  mode = wanted;
  results.clear();
  backend = (await createGpuBackend(wanted, gpuJs)) as GpuBackend;
  return backend.synchronous;
};

/** Does calls, of which only the last one is waited for. */
globalThis.callRemote = async (calls) => {
  let last: unknown;
  try {
    for (const call of calls) last = perform(call);
    return { values: encode(await last) };
  } catch (error) {
    const { where = "page", message } = error as { readonly where?: string; readonly message: string };
    return { where, problem: message.startsWith(`${where}: `) ? message.slice(where.length + 2) : message };
  }
};

function perform({ method, result, inputs }: RemoteCall): unknown {
  if (method === "memoryUse" || method === "launches") return backend[method];
  if (method === "keep") return void results.set(result as number, decode(inputs[0], resultOf));
  try {
    const value = (Reflect.get(backend, method) as Method).apply(backend, decode([...inputs], resultOf) as unknown[]);
    if (result !== undefined) results.set(result, value);
    return value;
  } catch (error) {
    if (result === undefined) throw error;
    // told to whoever uses what was not computed
    results.set(result, { error });
    return undefined;
  }
}

function resultOf(id: number): unknown {
  const value = results.get(id);
  if (typeof value === "object" && value !== null && "error" in value) throw value.error;
  return value;
}

/** Takes the device away, as a crash of its driver does. */
globalThis.loseDevice = async () => {
  const taken = Reflect.get(globalThis, mode === "webgpu" ? "webGpuDevice" : "webGlContext");
  if (mode === "webgpu") (taken as { destroy(): void }).destroy();
  else (taken as WebGL2RenderingContext).getExtension("WEBGL_lose_context")?.loseContext();
  await new Promise((resolve) => setTimeout(resolve, 50));
};

// what gpu.js asks for, kept to be taken away
const { getContext } = HTMLCanvasElement.prototype;
HTMLCanvasElement.prototype.getContext = function (this: HTMLCanvasElement, ...wanted: readonly unknown[]) {
  const context: unknown = Reflect.apply(getContext, this, wanted);
  if (wanted[0] === "webgl2") Reflect.set(globalThis, "webGlContext", context);
  return context as RenderingContext;
} as typeof getContext;
const found: unknown = Reflect.get(navigator, "gpu");
if (found) {
  const gpu = found as { requestAdapter: Method };
  const requestAdapter = gpu.requestAdapter.bind(gpu) as () => Promise<{ requestDevice: Method } | null>;
  gpu.requestAdapter = async () => {
    const adapter = await requestAdapter();
    const requestDevice = adapter?.requestDevice.bind(adapter);
    if (adapter && requestDevice) {
      adapter.requestDevice = async (...wanted) => {
        const device: unknown = await requestDevice(...wanted);
        Reflect.set(globalThis, "webGpuDevice", device);
        return device;
      };
    }
    return adapter;
  };
}
