// Which modes there are, which can be had on this machine, and what is said where one cannot.

import { afterEach, describe, expect, it, vi } from "vitest";
import { loadGpuJs } from "../../src/backends/gpu/gpu-js.js";
import { createGpuBackend, type GpuMode, gpuModes } from "../../src/backends/gpu/index.js";
import { BackendError } from "../../src/errors.js";
import { runProgram } from "./gpu-support.js";

const reports = await gpuModes();

/** An adapter as `navigator.gpu` would offer it, of which only the description is ever looked at. */
function offer(adapter: object | null): void {
  vi.stubGlobal("navigator", { gpu: { requestAdapter: async () => adapter } });
}

/** What gpu.js looks at before it asks for a device. */
const LIMITS = { maxStorageBufferBindingSize: 1, maxBufferSize: 1 };

async function reportOf(mode: GpuMode) {
  return (await gpuModes()).find((report) => report.mode === mode);
}

afterEach(() => {
  vi.unstubAllGlobals();
});

describe("gpuModes", () => {
  it("names all modes, fastest first", () => {
    expect(reports.map(({ mode }) => mode)).toEqual(["webgpu", "webgl2", "headlessgl", "webasm", "cpu"]);
  });

  it("finds webasm and cpu, which need nothing but an engine", () => {
    expect(reports.slice(3)).toEqual([
      { mode: "webasm", available: true, accelerated: false, detail: "WebAssembly with SIMD, one thread" },
      { mode: "cpu", available: true, accelerated: false, detail: "JavaScript" },
    ]);
  });

  it("knows a GPU from a program that plays one", async () => {
    offer({ info: { vendor: "nvidia", architecture: "hopper", device: "", description: "" } });
    expect(await reportOf("webgpu")).toEqual({
      mode: "webgpu",
      available: true,
      accelerated: true,
      detail: "nvidia, hopper",
    });
    for (const info of [
      { vendor: "google", architecture: "swiftshader", device: "", description: "" },
      { vendor: "mesa", architecture: "", device: "", description: "llvmpipe (LLVM 15)" },
      { vendor: "nobody", architecture: "", device: "", description: "", isFallbackAdapter: true },
    ]) {
      offer({ info });
      expect(await reportOf("webgpu")).toMatchObject({ available: true, accelerated: false });
    }
    offer({ isFallbackAdapter: true });
    expect(await reportOf("webgpu")).toMatchObject({ available: true, accelerated: false, detail: "WebGPU" });
  });

  it("says that there is no adapter, and leaves a navigator.gpu that is not its own", async () => {
    offer(null);
    const offered = Reflect.get(globalThis.navigator, "gpu");
    expect(await reportOf("webgpu")).toMatchObject({
      available: false,
      accelerated: false,
      detail: expect.stringContaining("WebGPU offers no adapter here"),
    });
    expect(Reflect.get(globalThis.navigator, "gpu")).toBe(offered);
  });
});

describe("createGpuBackend", () => {
  it.each(["webasm", "cpu"] as const)("starts %s by name", async (mode) => {
    const backend = await createGpuBackend(mode);
    expect(backend.info()).toEqual({
      name: `gpu:${mode}`,
      products: `gpu.js ${mode}`,
      elementwise: `gpu.js ${mode}`,
      threads: 1,
    });
    expect([backend.name, backend.dtypes, backend.synchronous]).toEqual([`gpu:${mode}`, ["float32"], true]);
    await backend.dispose();
  });

  it("takes the fastest mode that works, and no GPU that a program plays", async () => {
    const backend = await createGpuBackend();
    const fastest = reports.find(({ available, accelerated, mode }) => available && (accelerated || mode === "webasm"));
    expect(backend.name).toBe(`gpu:${fastest?.mode}`);
    await backend.dispose();
    const requestDevice = vi.fn();
    const info = { vendor: "google", architecture: "swiftshader", device: "", description: "" };
    offer({ info, limits: LIMITS, requestDevice });
    const onProcessor = await createGpuBackend();
    expect(onProcessor.name).toBe("gpu:webasm");
    expect(requestDevice).not.toHaveBeenCalled();
    await onProcessor.dispose();
  });

  it("passes over a GPU that computes nothing, and closes what it opened there", async () => {
    const library = await loadGpuJs("test");
    const closed = vi.spyOn(library.GPU.prototype, "destroy");
    const freed = vi.spyOn(library.WebGPUContext, "destroy");
    const requestDevice = vi.fn().mockRejectedValue(new Error("no device today"));
    const info = { vendor: "nvidia", architecture: "", device: "", description: "" };
    offer({ info, limits: LIMITS, requestDevice });
    const refusal = createGpuBackend("webgpu");
    await expect(refusal).rejects.toThrow(BackendError);
    await expect(refusal).rejects.toThrow("gpu:webgpu: gpu.js computes nothing in this mode here: no device today");
    expect([closed.mock.calls.length, freed.mock.calls.length]).toEqual([1, 1]);
    const backend = await createGpuBackend();
    expect(backend.name).toBe("gpu:webasm");
    expect(requestDevice).toHaveBeenCalledTimes(2);
    await backend.dispose();
  });

  it.each(reports.filter(({ available }) => !available))("refuses $mode, which cannot be had here", async (report) => {
    const refusal = await createGpuBackend(report.mode).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(BackendError);
    expect((refusal as BackendError).message).toBe(`gpu:${report.mode}: ${report.detail}`);
  });

  it("refuses webgl2 in Node", async () => {
    await expect(createGpuBackend("webgl2")).rejects.toThrow("gpu:webgl2: WebGL 2 is for browsers");
  });

  it("refuses what is no mode", async () => {
    await expect(createGpuBackend("quantum" as GpuMode)).rejects.toThrow(
      'gpu: "quantum" is not a mode of gpu.js; known are webgpu, webgl2, headlessgl, webasm, cpu',
    );
  });

  it("takes gpu.js from the caller, and refuses what is not gpu.js", async () => {
    const backend = await createGpuBackend("webasm", await import("gpu.js"));
    expect(backend.name).toBe("gpu:webasm");
    await backend.dispose();
    await expect(createGpuBackend("webasm", {})).rejects.toThrow(
      "gpu:webasm: what `gpuJs` has is not gpu.js 2.24.1; npm install gpu.js@2.24.1",
    );
    expect((await gpuModes({})).map(({ detail }) => detail)).toEqual(
      new Array(5).fill("what `gpuJs` has is not gpu.js 2.24.1; npm install gpu.js@2.24.1"),
    );
  });

  it("says how to get gpu.js where it is not installed", async () => {
    const program = `
      import { createGpuBackend, gpuModes } from "./backends/gpu/index.js";
      const problems = [];
      for (const mode of [undefined, "webasm"]) await createGpuBackend(mode).catch((error) => problems.push(error.message));
      for (const { available, detail } of await gpuModes()) problems.push(available + " " + detail);
      console.log(JSON.stringify(problems));`;
    const { stdout } = await runProgram(program, { reachable: false });
    const problem = "gpu.js is not installed; npm install gpu.js@2.24.1";
    expect(JSON.parse(stdout)).toEqual([
      `gpu: ${problem}`,
      `gpu:webasm: ${problem}`,
      ...new Array(5).fill(`false ${problem}`),
    ]);
  });
});
