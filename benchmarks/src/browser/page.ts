// The page of the browser benchmarks: adjoint and its peers on the GPU, side by side in one page. Nobody waits for a call
// before the next, as in a step of training; a turn ends when all that was called is done.

import type { Prepared } from "../contestants/implementation.js";
import type { Task } from "../contestants/protocol.js";
import { type BenchmarkPage, type CompetitorName, decodeTask, encodeValues } from "./messages.js";
import { adjointIn } from "./page-adjoint.js";
import { gpuJsIn } from "./page-gpu-js.js";
import { jaxJs } from "./page-jax-js.js";
import { tfjsOn } from "./page-tfjs.js";

/** A library on a device. */
export interface PageLibrary {
  /** Makes it the one that computes: some of these have one device at a time. */
  select(): Promise<void>;
  prepare(task: Task): Promise<Prepared>;
  /** Waits until all that was called is done. */
  settle(): Promise<void>;
}

declare global {
  var benchmarkPage: BenchmarkPage;
}

const LIBRARIES: Readonly<Record<CompetitorName, () => PageLibrary>> = {
  "adjoint gpu:webgpu": () => adjointIn("gpu:webgpu"),
  "adjoint gpu:webgl2": () => adjointIn("gpu:webgl2"),
  "jax-js webgpu": () => jaxJs,
  "tfjs webgpu": () => tfjsOn("webgpu"),
  "tfjs webgl": () => tfjsOn("webgl"),
  "gpu.js webgpu": () => gpuJsIn("webgpu"),
  "gpu.js webgl2": () => gpuJsIn("webgl2"),
};

const libraries = new Map<CompetitorName, PageLibrary>();
const prepared = new Map<string, Prepared>();

async function selected(name: CompetitorName): Promise<PageLibrary> {
  const library = libraries.get(name) ?? LIBRARIES[name]();
  libraries.set(name, library);
  await library.select();
  return library;
}

function workOf(competitor: CompetitorName, key: string): Prepared {
  const work = prepared.get(`${competitor} ${key}`);
  if (!work) throw new Error(`${competitor} has not prepared ${key}`);
  return work;
}

globalThis.benchmarkPage = {
  async prepare(competitor, key, task) {
    const library = await selected(competitor);
    const work = await library.prepare(decodeTask(task));
    prepared.set(`${competitor} ${key}`, work);
    return encodeValues(work.result);
  },
  async time(competitor, key, calls) {
    const library = await selected(competitor);
    const { begin, call } = workOf(competitor, key);
    begin?.();
    await call();
    await library.settle();
    const start = performance.now();
    for (let i = 0; i < calls; i++) {
      const pending = call();
      if (pending) await pending;
    }
    await library.settle();
    return performance.now() - start;
  },
  async forget(competitor, key) {
    await selected(competitor);
    workOf(competitor, key).forget?.();
    prepared.delete(`${competitor} ${key}`);
  },
  async devices() {
    const { gpu } = navigator as { readonly gpu?: { requestAdapter(): Promise<{ readonly info: object } | null> } };
    const adapter = await gpu?.requestAdapter();
    const { vendor = "", architecture = "" } = (adapter?.info ?? {}) as Partial<Record<string, string>>;
    const gl = document.createElement("canvas").getContext("webgl2");
    const renderer = gl?.getExtension("WEBGL_debug_renderer_info")?.UNMASKED_RENDERER_WEBGL;
    return `WebGPU by ${vendor} ${architecture}; WebGL 2 by ${renderer ? gl?.getParameter(renderer) : "an unknown renderer"}`;
  },
};
