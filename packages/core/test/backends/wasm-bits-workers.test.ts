// The life of the workers: they keep no process alive, one that crashed is an error and no hang, and they end with
// their backend, which refuses work from then on.

import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { BackendError, ones, tensor, useBackend, WasmBackend } from "@adjoint/core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { createEngine } from "../../src/backends/wasm/create-engine.js";
import { bundleForNode } from "../browser/bundling.js";
import { leaveAllToWorkers, type NodeWorker, type WorkerCensus, watchWorkers } from "../browser/worker-census.js";

const execute = promisify(execFile);

afterAll(async () => {
  await useBackend("reference");
});

describe("a process whose backend has workers", () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "adjoint-workers-"));
    await writeFile(join(folder, "program.mjs"), await bundleForNode("node-program.ts"));
    return () => rm(folder, { recursive: true });
  });

  // 257·255 elements of 129
  const product = 257 * 255 * 129;
  it.each([
    ["ready", { threads: 3, workers: 2, helped: true, product }],
    ["unready", { threads: 3, workers: 2, helped: expect.any(Boolean), product }],
    ["idle", { threads: 3, workers: 2, helped: false, product: 0 }],
    ["small", { threads: 3, workers: 0, helped: false, product }],
  ])("ends by itself: %s", async (mode, expected) => {
    // the timeout only ends what hangs: being killed rejects
    const { stdout, stderr } = await execute(process.execPath, [join(folder, "program.mjs"), mode], {
      timeout: 60_000,
      killSignal: "SIGKILL",
    });
    expect(stderr).toBe("");
    expect(JSON.parse(stdout)).toEqual(expected);
  });
});

describe("a backend with workers", () => {
  let census: WorkerCensus;
  let backend: WasmBackend;

  beforeEach(async () => {
    census = watchWorkers();
    const choice = await useBackend("wasm", { threads: 3 });
    if (!(choice.backend instanceof WasmBackend)) throw new Error("useBackend gave another backend than the wasm one");
    backend = choice.backend;
  });

  afterEach(async () => {
    census.stop();
    await backend.dispose();
  });

  const compute = () =>
    ones([257, 129])
      .matmul(ones([129, 255]))
      .sum()
      .itemSync();

  it("whose worker died refuses to compute with it, saying which and why, and a new one computes", async () => {
    await backend.ready();
    expect(compute()).toBe(257 * 255 * 129);
    const [worker] = census.nodeWorkers as [NodeWorker];
    const gone = exit(worker);
    await worker.terminate();
    await gone;
    expect(compute).toThrow(BackendError);
    expect(compute).toThrow("wasm: worker 1 is gone: it ended with code 1; dispose the backend and choose one anew");
    await expect(backend.ready()).rejects.toThrow("wasm: worker 1 is gone");
    expect(backend.info()).toMatchObject({ threads: 2, threadsLimitedBy: "worker 1 is gone: it ended with code 1" });
    await backend.dispose();
    const { backend: next } = await useBackend("wasm", { threads: 2 });
    expect(compute()).toBe(257 * 255 * 129);
    await next.dispose();
  });

  it("does not wait for ever for workers that died unnoticed, amid synchronous work", async () => {
    await backend.ready();
    const takePartAgain = leaveAllToWorkers();
    // a minute passes each time the clock is looked at
    let time = 0;
    vi.spyOn(performance, "now").mockImplementation(() => {
      time += 60_000;
      return time;
    });
    const ended = census.nodeWorkers.map((worker) => worker.terminate());
    try {
      expect(() => {
        // no event of the workers is heard of in here
        for (;;) compute();
      }).toThrow("wasm: a worker does not answer; dispose the backend and choose one anew");
      expect(compute).toThrow(BackendError);
    } finally {
      takePartAgain();
    }
    await Promise.all(ended);
  });

  it("starts them when there was enough to compute that they could share, not before, and once", () => {
    compute();
    const small = backend.fill("float32", 40_000, 1);
    for (let i = 0; i < 1000; i++) backend.free(backend.unary("neg", small, []));
    expect(census.nodeWorkers).toHaveLength(0);
    for (let i = 0; i < 30; i++) compute();
    expect(census.nodeWorkers).toHaveLength(2);
  });

  it.each([true, false])("ends them when it is disposed of (all of them up: %s)", async (up) => {
    const ready = backend.ready();
    if (up) await ready;
    const ends = census.nodeWorkers.map(exit);
    expect(ends).toHaveLength(2);
    await backend.dispose();
    await Promise.all(ends);
    expect(census.nodeWorkers.map(({ threadId }) => threadId)).toEqual([-1, -1]);
    await ready;
  });

  it("refuses all work after it was disposed of", async () => {
    const [x, y] = [backend.fill("float32", 4, 0), backend.fill("float32", 4, 1)];
    const view = { shape: [4], strides: [1], offset: 0 };
    const operand = (buffer: typeof x) => ({ buffer, shape: [4] });
    const product = {
      batch: 1,
      m: 2,
      n: 2,
      k: 2,
      transposeA: false,
      transposeB: false,
      sharedA: false,
      sharedB: false,
    };
    const rate = { beta1: 0.9, beta2: 0.999, rate: 1, correction: 0, epsilon: 1e-7 };
    await backend.dispose();
    const work: Readonly<Record<string, () => unknown>> = {
      upload: () => backend.upload(new Float32Array(4)),
      fill: () => backend.fill("float32", 4, 1),
      assign: () => backend.assign(x, y),
      unary: () => backend.unary("exp", x, []),
      activationGradient: () => backend.activationGradient({ name: "tanh", parameters: [] }, x, y),
      binary: () => backend.binary("add", operand(x), operand(y), [4]),
      select: () => backend.select(operand(x), operand(y), operand(y), [4]),
      reduce: () => backend.reduce("sum", operand(x), [0]),
      matmul: () => backend.matmul(x, y, product),
      copy: () => backend.copy(x, view),
      assemble: () => backend.assemble("float32", 4, [{ buffer: x, view }]),
      gatherRows: () => backend.gatherRows(x, Int32Array.of(1), 2),
      scatterRows: () => backend.scatterRows(x, Int32Array.of(0, 1), 2, 2),
      gatherBytes: () => backend.gatherBytes(new Uint8Array(4), Int32Array.of(1), 2, { scale: 1, offset: 0 }),
      normal: () => backend.normal(4, { seed: 1, stream: 0, block: 0 }),
      adam: () => backend.adam({ parameter: x, gradient: y, m: x, v: x }, rate),
      tensor: () => tensor([1, 2]),
    };
    const accepted = Object.entries(work).filter(([, call]) => !isRefused(call));
    expect(accepted.map(([name]) => name)).toEqual([]);
    expect(backend.disposed).toBe(true);
    expect(() => tensor([1])).toThrow("wasm: the backend was disposed; call useBackend again");
  });
});

describe("an engine one of whose kernels fails", () => {
  it.each([
    ["in a worker", true],
    ["in any thread", false],
  ])("says so, then and later, and does not hang: %s", async (_, inWorkers) => {
    const engine = await createEngine({ threads: 2 });
    await engine.ready();
    const count = 131_072;
    const out = engine.memory.allocate(4 * count);
    // the first half lies in the memory; the second lies behind its end
    const x = engine.memory.buffer.byteLength - 2 * count;
    const takePartAgain = inWorkers ? leaveAllToWorkers() : () => {};
    try {
      engine.unary("neg", x, out, count);
      expect(() => engine.floats(out, count)).toThrow("wasm: a kernel failed");
    } finally {
      takePartAgain();
    }
    expect(() => engine.unary("neg", out, out, count)).toThrow(BackendError);
    engine.dispose();
  });
});

describe("an engine whose workers never come up", () => {
  it("is waited for a minute, says so, and goes on with the threads that are up", async () => {
    const stuck = { here: () => () => {}, inWorkers: { source: "for (;;);", data: null } };
    const engine = await createEngine({ threads: 3 }, stuck);
    // the beginning, then the next look
    vi.spyOn(performance, "now").mockReturnValueOnce(0).mockReturnValue(60_001);
    const waiting = engine.ready();
    await expect(waiting).rejects.toThrow(BackendError);
    await expect(waiting).rejects.toThrow(/^wasm: after 60 s, 1 of 3 threads are up; /);
    const at = engine.memory.allocate(4 * 8);
    engine.fill(at, 8, 5);
    expect([...engine.floats(at, 8)]).toEqual(new Array(8).fill(5));
    engine.dispose();
  });
});

describe("a product during which workers come up", () => {
  it("gives each of them scratch memory of its own", async () => {
    const engine = await createEngine({ threads: 8 });
    const [m, n, k] = [512, 64, 64];
    const [a = 0, b = 0, c = 0] = [m * k, k * n, m * n].map((count) => {
      const at = engine.memory.allocate(4 * count);
      engine.fill(at, count, 1);
      return at;
    });
    // scratch memory is asked for when hardly a worker is up yet, and used when all are
    const allocate = engine.memory.allocate.bind(engine.memory);
    vi.spyOn(engine.memory, "allocate").mockImplementation((bytes) => {
      const at = allocate(bytes);
      const end = performance.now() + 100_000;
      while (engine.threads < 8 && performance.now() < end);
      return at;
    });
    const ready = engine.ready();
    engine.product({ a, b, c, m, n, k, transposeA: false, transposeB: false });
    expect(engine.threads).toBe(8);
    await ready;
    expect(engine.floats(c, m * n).every((value) => value === k)).toBe(true);
    engine.dispose();
  });
});

function exit(worker: NodeWorker): Promise<void> {
  return new Promise((resolve) => worker.once("exit", () => resolve()));
}

function isRefused(call: () => unknown): boolean {
  try {
    call();
    return false;
  } catch (error) {
    return error instanceof BackendError;
  }
}
