// The cache of kernels: what it checks at each call, what it keeps, and that what it drops is destroyed.

import { afterEach, describe, expect, it, vi } from "vitest";
import { HostDevice } from "../../src/backends/gpu/device.js";
import { type GpuInstance, type GpuJs, type KernelShortcut, loadGpuJs } from "../../src/backends/gpu/gpu-js.js";
import { KernelCache, type KernelDescription } from "../../src/backends/gpu/kernel-cache.js";
import { BackendError, ShapeError } from "../../src/errors.js";
import { MODES } from "./gpu-support.js";

const library = await loadGpuJs("test");
const opened: GpuInstance[] = [];

afterEach(async () => {
  for (const gpu of opened.splice(0)) await gpu.destroy();
});

function open(mode: string): GpuInstance {
  const gpu = new library.GPU({ mode });
  opened.push(gpu);
  return gpu;
}

const CLASSES: Readonly<Record<(typeof MODES)[number], keyof GpuJs>> = {
  webasm: "WebAssemblyKernel",
  cpu: "CPUKernel",
};

/** A kernel that doubles `size` values. */
const doubling = (size: number) => () => ({
  source: "function(a){return a[this.thread.x]*2;}",
  output: [size],
  lengths: [size],
  results: size,
});

function runOn(cache: KernelCache, label: string, handles: readonly Float32Array[], describe: () => KernelDescription) {
  return cache.run({ label, handles, describe });
}

describe.each(MODES)("the cache of kernels in mode %s", (mode) => {
  const cacheOf = (gpu: GpuInstance, limits?: { kernels: number; values: number }) => {
    const kernelClass = library[CLASSES[mode]] as GpuJs["CPUKernel"];
    return new KernelCache({ where: "test", gpu, kernelClass, device: new HostDevice("test") }, limits);
  };

  it("makes a kernel once for each name", () => {
    const cache = cacheOf(open(mode));
    const describe = vi.fn(doubling(3));
    expect(runOn(cache, "three", [Float32Array.of(1, 2, 3)], describe)).toEqual(Float32Array.of(2, 4, 6));
    expect(runOn(cache, "three", [Float32Array.of(4, 5, 6)], describe)).toEqual(Float32Array.of(8, 10, 12));
    expect(describe).toHaveBeenCalledOnce();
  });

  it("refuses lengths that are not the kernel's, at the first call and later", () => {
    const cache = cacheOf(open(mode));
    const call = (size: number) => () => runOn(cache, "four", [new Float32Array(size)], doubling(4));
    expect(call(5)).toThrow(ShapeError);
    expect(call(4)).not.toThrow();
    expect(call(3)).toThrow("test: the kernel of four takes 4 values, got 3");
    expect(() => runOn(cache, "four", [], doubling(4))).toThrow(ShapeError);
  });

  it("keeps as many kernels as it may, destroys the one not used for longest, and makes it again when asked", () => {
    const gpu = open(mode);
    const cache = cacheOf(gpu, { kernels: 2, values: 1000 });
    const destroyed: string[] = [];
    const createKernel = gpu.createKernel.bind(gpu);
    gpu.createKernel = (source, settings) => {
      const shortcut = createKernel(source, settings);
      const destroy = shortcut.destroy.bind(shortcut);
      shortcut.destroy = () => {
        destroyed.push(settings.output.join());
        destroy();
      };
      return shortcut;
    };
    const call = (size: number) => runOn(cache, `of ${size}`, [new Float32Array(size).fill(1)], doubling(size));
    for (const size of [1, 2, 1, 3]) call(size);
    expect(destroyed).toEqual(["2"]);
    expect(cache.size).toBe(2);
    expect(gpu.kernels).toHaveLength(2);
    expect(call(2)).toEqual(Float32Array.of(2, 2));
    expect(destroyed).toEqual(["2", "1"]);
    expect(gpu.kernels).toHaveLength(2);
  });

  it("keeps no more values than it may, but always the last kernel", () => {
    const gpu = open(mode);
    const cache = cacheOf(gpu, { kernels: 100, values: 50 });
    const call = (size: number) => runOn(cache, `of ${size}`, [new Float32Array(size)], doubling(size));
    for (const size of [5, 6, 7]) call(size);
    expect(cache.size).toBe(3);
    // 2 · (5 + 6 + 7) values are held; with 2 · 10 more they are too many, without the first ones they are not
    call(10);
    expect(cache.size).toBe(3);
    call(11);
    expect(cache.size).toBe(2);
    call(500);
    expect([cache.size, gpu.kernels.length]).toEqual([1, 1]);
    call(5);
    expect([cache.size, gpu.kernels.length]).toEqual([1, 1]);
  });

  it("destroys all of them, and the instance, when it is closed", async () => {
    const gpu = open(mode);
    const cache = cacheOf(gpu);
    for (const size of [1, 2, 3]) runOn(cache, `of ${size}`, [new Float32Array(size)], doubling(size));
    const kernels = gpu.kernels.map((kernel) => vi.spyOn(kernel as { destroy(): void }, "destroy"));
    await cache.close();
    expect(kernels.map(({ mock }) => mock.calls.length)).toEqual([1, 1, 1]);
    expect(cache.size).toBe(0);
  });

  it("flattens rows, layers, and several results a thread", () => {
    const cache = cacheOf(open(mode));
    const numbers = Float32Array.from({ length: 30 }, (_, i) => i);
    const run = (name: string, output: readonly number[], expression: string, results: number) => {
      const source = `function(a){return ${expression};}`;
      return runOn(cache, name, [numbers], () => ({ source, output, lengths: [30], results }));
    };
    const rows = run("rows", [5, 3], "a[this.thread.y*5+this.thread.x]", 15);
    expect(rows).toEqual(numbers.subarray(0, 15));
    const layers = run("layers", [2, 3, 4], "a[this.thread.z*6+this.thread.y*2+this.thread.x]", 24);
    expect(layers).toEqual(numbers.subarray(0, 24));
    const pair = "[a[this.thread.y*4+this.thread.x*2],a[this.thread.y*4+this.thread.x*2+1]]";
    expect(run("pairs", [2, 3], pair, 12)).toEqual(numbers.subarray(0, 12));
  });

  it("hands numbers to a kernel, which others do not make anew", () => {
    const cache = cacheOf(open(mode));
    const scaling = { ...doubling(2)(), source: "function(a,s){return a[this.thread.x]*s;}", numbers: 1 };
    const describe = vi.fn(() => scaling);
    const run = (factor: number) =>
      cache.run({ label: "scaled", handles: [Float32Array.of(1, 2)], numbers: [factor], describe });
    expect([run(3), run(-0.5)]).toEqual([Float32Array.of(3, 6), Float32Array.of(-0.5, -1)]);
    expect(describe).toHaveBeenCalledOnce();
  });

  it("lets a kernel be changed before its first call", () => {
    const cache = cacheOf(open(mode));
    const customize = vi.fn();
    cache.run({ label: "own", handles: [Float32Array.of(1)], describe: () => ({ ...doubling(1)(), customize }) });
    expect(customize).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ source: doubling(1)().source }));
  });

  it("says which kernel gpu.js failed in", () => {
    const cache = cacheOf(open(mode));
    const broken = () => ({ source: "function(a){return b[0];}", output: [1], lengths: [1], results: 1 });
    expect(() => runOn(cache, "broken", [new Float32Array(1)], broken)).toThrow(BackendError);
    expect(() => runOn(cache, "broken", [new Float32Array(1)], broken)).toThrow("test: gpu.js failed in broken: ");
    // and forgets it
    expect(cache.size).toBe(0);
  });
});

describe("the cache of kernels", () => {
  it("refuses a kernel that gpu.js moved to the cpu, and forgets it", () => {
    const warnings = vi.spyOn(console, "warn").mockImplementation(() => undefined);
    const gpu = open("webasm");
    // webasm has no kernels with several results
    const createKernelMap = Reflect.get(gpu, "createKernelMap") as (...of: unknown[]) => KernelShortcut;
    const half = "function half(value){return value/2;}";
    const mapping: GpuInstance = {
      kernels: gpu.kernels,
      createKernel: (kernel, settings) => createKernelMap.call(gpu, [half], kernel, settings),
      destroy: () => gpu.destroy(),
    };
    const cache = new KernelCache({
      ...{ where: "gpu:webasm", gpu: mapping, kernelClass: library.WebAssemblyKernel },
      device: new HostDevice("gpu:webasm"),
    });
    const source = "function(a){return half(a[this.thread.x]);}";
    const run = () =>
      runOn(cache, "halves", [new Float32Array(4)], () => ({ source, output: [4], lengths: [4], results: 4 }));
    expect(run).toThrow("gpu:webasm: gpu.js left this mode for its mode cpu in halves");
    expect(run).toThrow(BackendError);
    expect(warnings).toHaveBeenCalledWith(expect.stringContaining("Falling back to CPU"));
    expect([cache.size, gpu.kernels.length]).toEqual([0, 0]);
  });
});
