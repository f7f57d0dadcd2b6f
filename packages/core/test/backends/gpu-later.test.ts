// A mode that answers later, as webgpu does, without a GPU: gpu.js's cpu mode, with its answers held back for a while.
// Also runs the kernels as GPUs get them, one cell a thread.

import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { BackendBuffer } from "../../src/backends/backend.js";
import { HostDevice } from "../../src/backends/gpu/device.js";
import { GpuBackend } from "../../src/backends/gpu/gpu-backend.js";
import { type GpuInstance, loadGpuJs } from "../../src/backends/gpu/gpu-js.js";
import type { Handle } from "../../src/backends/gpu/handle.js";
import { type CacheLimits, KernelCache } from "../../src/backends/gpu/kernel-cache.js";
import { ScriptDialect } from "../../src/backends/gpu/script-dialect.js";
import { BackendError, ShapeError } from "../../src/errors.js";
import { Random } from "../../src/random.js";
import { operandSizes, productCells, productOn, randomValues, specOf } from "./gpu-support.js";

const library = await loadGpuJs("test");
const square = specOf(2, 2, 2);

/** The class of the kernels that answer later. */
const LaterKernel = { mode: "later", isSupported: true };

/** What happened, in order, and what shall happen next. */
interface Script {
  readonly events: string[];
  /** Milliseconds until each of the next calls answers; the rest answer in the next turn. */
  readonly delays: number[];
  failing: boolean;
}

function laterInstance(script: Script): GpuInstance {
  const gpu = new library.GPU({ mode: "cpu" });
  return {
    kernels: [],
    createKernel(source, settings) {
      const shortcut = gpu.createKernel(source, settings);
      const call = async (...inputs: readonly (Handle | number)[]) => {
        const sampled = inputs.map((input) => (input instanceof Float32Array ? input.slice() : input));
        const { failing } = script;
        script.events.push("called");
        await new Promise((resolve) => setTimeout(resolve, script.delays.shift() ?? 0));
        script.events.push("answered");
        if (failing) throw new Error("the device is lost");
        return shortcut(...sampled);
      };
      const destroy = () => {
        script.events.push("destroyed");
        shortcut.destroy();
      };
      return Object.assign(call, { kernel: { constructor: LaterKernel }, destroy });
    },
    async destroy() {
      script.events.push("closed");
      await gpu.destroy();
    },
  };
}

function laterBackend(script: Script, limits?: CacheLimits): GpuBackend {
  const gpu = laterInstance(script);
  const device = new HostDevice("gpu:webgpu", { synchronous: false });
  const kernels = new KernelCache({ where: "gpu:webgpu", gpu, kernelClass: LaterKernel, device }, limits);
  const dialect = new ScriptDialect({ rounding: true });
  const close = () => kernels.close();
  return new GpuBackend({
    ...{ mode: "webgpu", name: "gpu:webgpu", device, dialect, kernels, close },
    products: undefined,
  });
}

describe("a backend whose answers come later", () => {
  let script: Script;
  let backend: GpuBackend;
  const unhandled = vi.fn();

  beforeEach(() => {
    script = { events: [], delays: [], failing: false };
    backend = laterBackend(script);
    process.on("unhandledRejection", unhandled);
  });

  afterEach(async () => {
    await backend.dispose();
    process.off("unhandledRejection", unhandled);
    expect(unhandled).not.toHaveBeenCalled();
  });

  const upload = (...values: number[]) => backend.upload(Float32Array.from(values));
  const read = async (buffer: BackendBuffer) => [...(await backend.read(buffer))];
  const identity = () => upload(1, 0, 0, 1);

  it("returns at once, and says how to read", async () => {
    expect(backend.synchronous).toBe(false);
    const product = backend.matmul(identity(), upload(1, 2, 3, 4), square);
    expect(product.size).toBe(4);
    expect(() => backend.readSync(product)).toThrow(
      "gpu:webgpu: results arrive later in this mode; read them with await",
    );
    expect(await read(product)).toEqual([1, 2, 3, 4]);
  });

  it("chains calls on what is not there yet, whichever answers first", async () => {
    script.delays.push(30, 1);
    const slow = backend.matmul(identity(), upload(1, 2, 3, 4), square);
    const quick = backend.matmul(identity(), upload(10, 20, 30, 40), square);
    const shape = [2, 2];
    const sum = backend.binary("add", { buffer: slow, shape }, { buffer: quick, shape }, shape);
    const negative = backend.unary("neg", sum, []);
    const product = backend.matmul(negative, upload(0, 1, 1, 0), square, {
      bias: backend.reduce("sum", { buffer: slow, shape }, [0]),
    });
    expect(await read(product)).toEqual([-22 + 4, -11 + 6, -44 + 4, -33 + 6]);
    expect(await read(sum)).toEqual([11, 22, 33, 44]);
  });

  it("keeps the order of assignments and of the calls around them", async () => {
    script.delays.push(30, 20, 1);
    const target = upload(1, 1, 1, 1);
    const late = backend.matmul(identity(), upload(2, 2, 2, 2), square);
    const before = backend.matmul(identity(), target, square);
    backend.assign(target, late);
    const between = backend.unary("neg", target, []);
    backend.assign(target, upload(3, 3, 3, 3));
    const after = backend.matmul(identity(), target, square);
    backend.free(late);
    expect(await read(before)).toEqual([1, 1, 1, 1]);
    expect(await read(between)).toEqual([-2, -2, -2, -2]);
    expect(await read(after)).toEqual([3, 3, 3, 3]);
    expect(await read(target)).toEqual([3, 3, 3, 3]);
  });

  it("takes indices as they were when it was called", async () => {
    script.delays.push(10);
    const pending = backend.matmul(identity(), upload(1, 2, 3, 4), square);
    const indices = Int32Array.of(1, 0, 1);
    const rows = backend.gatherRows(pending, indices, 2);
    const sums = backend.scatterRows(rows, indices, 2, 2);
    indices.fill(0);
    expect(await read(rows)).toEqual([3, 4, 1, 2, 3, 4]);
    expect(await read(sums)).toEqual([1, 2, 6, 8]);
  });

  it("copies, selects and assembles what is not there yet", async () => {
    const pending = backend.matmul(identity(), upload(1, 2, 3, 4), square);
    const shape = [2, 2];
    const turned = backend.copy(pending, { shape, strides: [1, 2], offset: 0 });
    expect(await read(turned)).toEqual([1, 3, 2, 4]);
    const chosen = backend.select(
      { buffer: upload(1, 0), shape: [2, 1] },
      { buffer: pending, shape },
      { buffer: turned, shape },
      shape,
    );
    expect(await read(chosen)).toEqual([1, 2, 2, 4]);
    const whole = backend.assemble("float32", 5, [{ buffer: pending, view: { shape: [4], strides: [1], offset: 1 } }]);
    expect(await read(whole)).toEqual([0, 1, 2, 3, 4]);
  });

  it("tells what failed to whoever reads, and to nobody else", async () => {
    script.failing = true;
    const lost = backend.matmul(identity(), upload(1, 2, 3, 4), square);
    const dependent = backend.unary("exp", lost, []);
    backend.unary("neg", dependent, []);
    const held = upload(0, 0, 0, 0);
    backend.assign(held, dependent);
    await expect(backend.read(dependent)).rejects.toThrow(BackendError);
    await expect(backend.read(held)).rejects.toThrow(
      "gpu:webgpu: gpu.js failed in matmul 1×2×2×2 0000 1 2: the device is lost",
    );
    // time for a rejection that nobody handles to be noticed
    await new Promise((resolve) => setTimeout(resolve, 20));
  });

  it("makes a kernel that failed again", async () => {
    script.failing = true;
    await expect(backend.read(backend.matmul(identity(), identity(), square))).rejects.toThrow("the device is lost");
    script.failing = false;
    expect(await read(backend.matmul(identity(), upload(1, 2, 3, 4), square))).toEqual([1, 2, 3, 4]);
    expect(script.events).toEqual(["called", "answered", "destroyed", "called", "answered"]);
  });

  it("refuses wrong lengths at once, whether the operands are there or not", () => {
    expect(() => backend.matmul(upload(1), identity(), square)).toThrow(ShapeError);
    const pending = backend.matmul(identity(), identity(), square);
    expect(() => backend.matmul(pending, identity(), specOf(3, 2, 2))).toThrow(ShapeError);
  });

  it("lets calls under way answer before it destroys their kernels, on disposing", async () => {
    script.delays.push(20);
    const product = backend.matmul(identity(), upload(1, 2, 3, 4), square);
    const reading = read(product);
    await Promise.all([backend.dispose(), backend.dispose()]);
    expect(await reading).toEqual([1, 2, 3, 4]);
    expect(script.events).toEqual(["called", "answered", "closed"]);
    await expect(backend.read(product)).rejects.toThrow("gpu:webgpu: the backend was disposed");
  });

  it("calls a kernel when the one before has answered, and makes room only then", async () => {
    const small = laterBackend(script, { kernels: 1, values: 1000 });
    script.delays.push(20, 1);
    const [one, other] = [small.upload(Float32Array.of(1, 2, 3, 4)), small.upload(Float32Array.of(1, 0, 0, 1))];
    const first = small.matmul(one, other, square);
    const second = small.matmul(one, other, specOf(1, 4, 1));
    expect([...(await small.read(second))]).toEqual([5]);
    expect(script.events).toEqual(["called", "answered", "destroyed", "called", "answered"]);
    expect([...(await small.read(first))]).toEqual([1, 2, 3, 4]);
    await small.dispose();
  });

  it("gives back what it no longer needs, also what was given back before it was there", async () => {
    const [a, b] = [identity(), upload(1, 2, 3, 4)];
    const product = backend.matmul(a, b, square);
    const sum = backend.unary("neg", product, []);
    for (const buffer of [a, b, product]) backend.free(buffer);
    expect(await read(sum)).toEqual([-1, -2, -3, -4]);
    expect(backend.memoryUse).toEqual({ handles: 1, values: 4 });
    backend.free(sum);
    expect(backend.memoryUse).toEqual({ handles: 0, values: 0 });
    backend.free(backend.matmul(identity(), identity(), square));
    await read(identity());
    expect(backend.memoryUse).toEqual({ handles: 3, values: 12 });
  });

  it("multiplies right over random shapes, one cell a thread", async () => {
    const size = fc.integer({ min: 1, max: 20 });
    const flag = fc.boolean();
    const specs = fc.record({
      ...{ batch: fc.integer({ min: 1, max: 3 }), m: size, n: size, k: size },
      ...{ transposeA: flag, transposeB: flag, sharedA: flag, sharedB: flag },
    });
    await fc.assert(
      fc.asyncProperty(specs, fc.integer({ min: 0 }), async (spec, seed) => {
        const random = new Random(seed);
        const [a, b] = operandSizes(spec).map((length) => randomValues(random, length)) as [Float32Array, Float32Array];
        const product = await productOn(backend, a, b, spec);
        expect([...product]).toEqual(productCells(a, b, spec).map(({ value }) => Math.fround(value)));
      }),
    );
  });
});
