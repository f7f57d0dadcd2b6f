// The wasm backend's memory as behaviour: a step of training that ran once takes nothing new the second time, what no
// scope owns is the garbage collector's, what fails leaves nothing behind, and memory that runs out is an error.

import {
  Adam,
  BackendError,
  binaryCrossEntropy,
  Dense,
  Flatten,
  LeakyReLU,
  noGradient,
  Parameter,
  Random,
  ReleasedError,
  Reshape,
  randomNormal,
  Sequential,
  Sigmoid,
  scope,
  Tanh,
  type Tensor,
  tensor,
  withBackend,
  withFrozen,
  zeros,
} from "@adjoint/core";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import type { BackendBuffer } from "../../src/backends/backend.js";
import { createEngineSync } from "../../src/backends/wasm/create-engine.js";
import { createWasmBackend, WasmBackend } from "../../src/backends/wasm/index.js";

const backends = await Promise.all([1, 2].map((threads) => createWasmBackend({ threads })));
await Promise.all(backends.map((backend) => backend.ready()));
afterAll(async () => {
  for (const backend of backends) await backend.dispose();
});

/** The GAN on MNIST, with one iteration as GAN.md has it. */
function createGan(batch: number) {
  const random = new Random(1);
  const slope = { negativeSlope: 0.01 };
  const generator = new Sequential([
    ...[new Dense(100, 128, { random }), new LeakyReLU(slope)],
    ...[new Dense(128, 784, { random }), new Tanh(), new Reshape([28, 28, 1])],
  ]);
  const discriminator = new Sequential([
    ...[new Flatten(), new Dense(784, 128, { random }), new LeakyReLU(slope)],
    ...[new Dense(128, 1, { random }), new Sigmoid()],
  ]);
  const optimizers = [new Adam(discriminator.parameters()), new Adam(generator.parameters())] as const;
  const noise = () => randomNormal([batch, 100], { random });
  const judge = (images: Tensor, label: number) => {
    return optimizers[0].minimize(() => binaryCrossEntropy(discriminator.apply(images), label));
  };
  return () =>
    scope(() => {
      const generated = noGradient(() => generator.apply(noise()));
      const real = judge(randomNormal([batch, 28, 28, 1], { random }), 1);
      const onGenerated = judge(generated, 0);
      const loss = withFrozen(discriminator, () =>
        optimizers[1].minimize(() => binaryCrossEntropy(discriminator.apply(generator.apply(noise())), 1)),
      );
      return [real, onGenerated, loss].map((x) => x.itemSync());
    });
}

describe.each(backends.map((backend) => [backend.threads, backend] as const))("on %d threads", (_, backend) => {
  it("200 iterations of the GAN take the memory of the first", () => {
    withBackend(backend, () => {
      const step = createGan(61);
      step();
      const first = backend.memory();
      for (let i = 2; i <= 20; i++) step();
      expect(backend.memory()).toEqual(first);
      for (let i = 21; i <= 200; i++) {
        expect(step().every(Number.isFinite)).toBe(true);
        expect(backend.memory()).toEqual(first);
      }
    });
  });

  it("10,000 ops outside of all scopes leave nothing in the linear memory, which does not grow", () => {
    withBackend(backend, () => {
      let x = zeros([1009]);
      const start = backend.memory();
      for (let i = 0; i < 100; i++) x = x.add(1).mul(1);
      const later = backend.memory();
      for (let i = 100; i < 5000; i++) x = x.add(1).mul(1);
      expect(backend.memory()).toEqual(later);
      expect([later.buffers, later.bytes]).toEqual([start.buffers, start.bytes]);
      expect([x.dataSync()[0], x.dataSync()[1008]]).toEqual([5000, 5000]);
    });
  });
});

describe("a large product", () => {
  it("is packed once, however many threads share it", () => {
    const side = 800;
    const operand = 4 * side * side;
    const threads = 8;
    const engine = createEngineSync({ threads });
    const { memory } = engine;
    const [a, b, c] = [0, 1, 2].map(() => memory.allocate(operand)) as [number, number, number];
    const before = memory.statistics().pages;
    engine.product({ a, b, c, m: side, n: side, k: side, transposeA: false, transposeB: false });
    const grown = (memory.statistics().pages - before) * 65_536;
    engine.dispose();
    // B once, and for each thread a block of A
    expect(grown).toBeGreaterThanOrEqual(operand);
    expect(grown).toBeLessThan(2 * operand);
  });
});

describe("what a buffer belongs to", () => {
  let backend: WasmBackend;
  beforeEach(() => {
    backend = new WasmBackend(createEngineSync({ threads: 1 }));
  });
  afterEach(() => backend.dispose());

  const on = <T>(fn: () => T) => withBackend(backend, fn);
  const buffers = () => backend.memory().buffers;

  it("a scope's lie in the linear memory until it ends", () => {
    on(() =>
      scope(() => {
        const x = tensor([1, 2]);
        expect(buffers()).toBe(1);
        const y = scope(() => x.exp().log());
        expect(buffers()).toBe(2);
        y.dispose();
        expect(buffers()).toBe(1);
        y.dispose();
        expect(buffers()).toBe(1);
      }),
    );
    expect([buffers(), backend.memory().bytes]).toEqual([0, 0]);
  });

  it("what a scope returns to no other is an array of the collector's, and computes on", () => {
    const kept = on(() => scope(() => ({ x: tensor([3, 4]), list: [tensor([5, 6]).mul(2)] })));
    expect(buffers()).toBe(0);
    expect([...kept.x.dataSync()]).toEqual([3, 4]);
    const sum = scope(() => kept.x.add(kept.list[0] as Tensor).sum());
    expect([sum.itemSync(), buffers()]).toEqual([29, 0]);
    kept.x.dispose();
    expect(() => kept.x.sum()).toThrow(ReleasedError);
    expect(buffers()).toBe(0);
  });

  it("a parameter's stays in the linear memory, in a scope and out of it, until it is disposed of", () => {
    const w = on(() => scope(() => new Parameter(tensor([1, 2]), "w")));
    expect(buffers()).toBe(1);
    on(() => w.assign(tensor([3, 4])));
    expect([[...w.dataSync()], buffers()]).toEqual([[3, 4], 1]);
    w.dispose();
    w.dispose();
    expect([buffers(), backend.memory().bytes]).toEqual([0, 0]);
    expect(() => w.dataSync()).toThrow("dataSync: the tensor made by Parameter was disposed");
  });

  it("a tensor used after its scope throws an error that names its op and says how to keep it", () => {
    let gone: Tensor | undefined;
    on(() =>
      scope(() => {
        gone = tensor([1]).tanh();
      }),
    );
    const message =
      "mul: the tensor made by tanh was released when its scope ended; return it from the scope's function, or keep(tensor) it";
    expect(() => gone?.mul(2)).toThrow(new ReleasedError("mul", message.slice(5)));
    expect(buffers()).toBe(0);
  });

  it("a scope that throws frees what was made in it", () => {
    const fails = () =>
      scope(() => {
        zeros([100]).exp();
        throw new Error("of its own");
      });
    expect(() => on(fails)).toThrow("of its own");
    expect([buffers(), backend.memory().bytes]).toEqual([0, 0]);
  });

  it("a buffer that was freed is the next of its size to be handed out", () => {
    const round = () => on(() => scope(() => [3, 1009, 70_001].map((size) => zeros([size]).add(1).sum().itemSync())));
    round();
    const { pages } = backend.memory();
    for (let i = 0; i < 50; i++) round();
    expect(backend.memory()).toMatchObject({ pages, buffers: 0, bytes: 0 });
  });

  it("a step without a scope can follow one with it, and the other way round", () => {
    const step = () => {
      const x = tensor([1, 2, 3]);
      return x.mul(x).sum().itemSync();
    };
    expect(on(() => [step(), scope(step), step(), scope(step)])).toEqual([14, 14, 14, 14]);
    expect(buffers()).toBe(0);
  });
});

describe("memory that runs out", () => {
  const limited = (maximumPages: number) => new WasmBackend(createEngineSync({ threads: 1, maximumPages }));
  const outOfMemory = /^wasm: out of memory: \d+(\.\d+)? MiB more are needed, .* of at most \d+(\.\d+)? MiB are in use/;

  it("is a BackendError that says so, and the backend works on", () => {
    const backend = limited(32);
    withBackend(backend, () => {
      const x = scope(() => {
        const small = zeros([1000]);
        expect(() => zeros([2 ** 20])).toThrow(BackendError);
        expect(() => zeros([2 ** 20])).toThrow(outOfMemory);
        expect(() => zeros([2 ** 31, 2 ** 20])).toThrow(outOfMemory);
        expect(() => small.reshape([1000, 1]).add(small)).toThrow(outOfMemory);
        expect(backend.memory().buffers).toBe(1);
        return small.add(2).sum();
      });
      expect(x.itemSync()).toBe(2000);
      expect(backend.memory()).toMatchObject({ buffers: 0, bytes: 0 });
    });
  });

  it("in the midst of a kernel frees its result", () => {
    // 26 pages hold both matrices and their product, not the panels into which one is packed beside them
    const backend = limited(26);
    const [a, b] = [backend.upload(new Float32Array(200 * 700)), backend.upload(new Float32Array(700 * 200))];
    const before = backend.memory();
    const spec = {
      batch: 1,
      m: 200,
      n: 200,
      k: 700,
      transposeA: false,
      transposeB: false,
      sharedA: false,
      sharedB: false,
    };
    expect(() => backend.matmul(a, b, spec)).toThrow(outOfMemory);
    expect({ ...backend.memory(), pages: 0 }).toEqual({ ...before, pages: 0 });
  });

  it("while inputs are copied in frees the copies that were made, and the result", () => {
    const backend = limited(32);
    const [x, y, z] = Array.from({ length: 3 }, () =>
      backend.leaveToCollector(backend.upload(new Float32Array(150_000))),
    );
    if (!x || !y || !z) throw new Error("three were made");
    const shape = [150_000];
    const operand = (buffer: BackendBuffer) => ({ buffer, shape });
    expect(() => backend.select(operand(x), operand(y), operand(z), shape)).toThrow(outOfMemory);
    expect(backend.memory()).toMatchObject({ buffers: 0, bytes: 0 });
  });
});

describe("a kernel that fails", () => {
  it.each(["a product", "a reduction of axes apart"])("gives back the memory that it computed in: %s", (kind) => {
    const engine = createEngineSync({ threads: 1 });
    const out = engine.memory.allocate(4 * 20 * 20);
    // where there is no memory
    const x = 2 ** 30;
    const product = { a: x, b: x, c: out, m: 20, n: 20, k: 20, transposeA: false, transposeB: false };
    const before = engine.memory.statistics();
    const compute = () =>
      kind === "a product" ? engine.product(product) : engine.reduce("sum", x, [20, 20, 20], [0, 2], out);
    expect(compute).toThrow(WebAssembly.RuntimeError);
    const { liveBlocks, liveBytes } = engine.memory.statistics();
    expect({ liveBlocks, liveBytes }).toEqual({ liveBlocks: before.liveBlocks, liveBytes: before.liveBytes });
    engine.dispose();
  });
});
