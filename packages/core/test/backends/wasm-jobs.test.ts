// The queue of jobs between the calling thread and its workers: everything is computed in the order of the calls, however
// far the calls run ahead, and whoever looks at the memory finds it done.

import {
  conv2d,
  gather,
  noGradient,
  Random,
  randomNormal,
  scope,
  type Tensor,
  tensor,
  useBackend,
  WasmBackend,
  withBackend,
} from "@adjoint/core";
import fc from "fast-check";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { createEngine } from "../../src/backends/wasm/create-engine.js";
import type { Engine } from "../../src/backends/wasm/engine.js";
import { leaveAllToWorkers, watchWorkers } from "../browser/worker-census.js";

const THREADS = 3;
/** More than the queue has room for. */
const JOBS = 3000;

let engine: Engine | undefined;

afterEach(() => {
  engine?.dispose();
  engine = undefined;
});

afterAll(async () => {
  await useBackend("reference");
});

async function startEngine(threads = THREADS): Promise<Engine> {
  engine = await createEngine({ threads });
  await engine.ready();
  return engine;
}

/** x ← x/2 and x ← x + 1 in turn, in place, in parts of any size; the order shows in the result. */
function halveAndAdd(on: Engine, x: number, count: number, jobs: number, grain: (job: number) => number): void {
  const [half, one] = [on.memory.allocate(4), on.memory.allocate(4)];
  on.fill(half, 1, 0.5);
  on.fill(one, 1, 1);
  for (let job = 0; job < jobs; job++) {
    // the kernel's numbers for a multiplication and a sum
    const [code, operand] = job % 2 ? [0, one] : [2, half];
    on.split("binary", count, grain(job), 4, (from, to) => {
      return [code, x + 4 * from, 0, 1, operand, 0, 0, x + 4 * from, 1, to - from];
    });
  }
}

function expectedAfter(start: number, jobs: number): number {
  let value = Math.fround(start);
  for (let job = 0; job < jobs; job++) value = job % 2 ? Math.fround(value + 1) : Math.fround(value * 0.5);
  return value;
}

describe("jobs that nobody waits for", () => {
  it.each([
    ["with the calling thread's help", true],
    ["by workers alone", false],
  ])("are computed one after the other, more than the queue has room for: %s", async (_, helped) => {
    const own = await startEngine();
    const count = 4096;
    const x = own.memory.allocate(4 * count);
    own.floats(x, count).fill(3);
    const takePartAgain = helped ? () => {} : leaveAllToWorkers();
    try {
      halveAndAdd(own, x, count, JOBS, (job) => [4, 100, 10_000][job % 3] as number);
      const found = new Set(own.floats(x, count));
      expect([...found]).toEqual([expectedAfter(3, JOBS)]);
    } finally {
      takePartAgain();
    }
  });

  it.each([
    ["jobs", JOBS, () => 64],
    ["parts", JOBS, () => 5],
  ])("wait for room where there are more %s than the queue takes, held up by one job", async (_, jobs, grain) => {
    const busy = "return (milliseconds) => { for (const end = Date.now() + milliseconds; Date.now() < end; ); };";
    const native = { here: () => () => {}, inWorkers: { source: busy, data: null } };
    engine = await createEngine({ threads: THREADS }, native);
    await engine.ready();
    const x = engine.memory.allocate(4 * 64);
    engine.floats(x, 64).fill(3);
    const takePartAgain = leaveAllToWorkers();
    try {
      engine.split("native", THREADS, 1, 1, () => [100]);
      halveAndAdd(engine, x, 64, jobs, grain);
      expect([...new Set(engine.floats(x, 64))]).toEqual([expectedAfter(3, jobs)]);
    } finally {
      takePartAgain();
    }
  });

  it("are all begun, also those that are published while the one before ends", async () => {
    const own = await startEngine(2);
    const x = own.memory.allocate(4 * 8);
    own.floats(x, 8).fill(3);
    const word = new Int32Array(1);
    const takePartAgain = leaveAllToWorkers();
    try {
      let pauses = 0;
      for (let round = 0; round < 4000; round++) {
        own.split("unary", 8, 4, 4, (from, to) => [0, x + 4 * from, x + 4 * from, to - from, 0, 0]);
        // so that every moment of the first job's end has its turn
        for (let pause = round % 200; pause > 0; pause--) pauses += Atomics.load(word, 0);
        own.split("unary", 8, 4, 4, (from, to) => [0, x + 4 * from, x + 4 * from, to - from, 0, 0]);
        own.floats(x, 8);
      }
      expect(pauses).toBe(0);
      expect([...new Set(own.floats(x, 8))]).toEqual([3]);
    } finally {
      takePartAgain();
    }
  });

  it("end by themselves while the calling thread does something else", async () => {
    const census = watchWorkers();
    const own = await startEngine(2);
    const count = 1 << 16;
    const x = own.memory.allocate(4 * count);
    own.floats(x, count).fill(1);
    own.split("unary", count, count / 4, 4, (from, to) => [0, x + 4 * from, x + 4 * from, to - from, 0, 0]);
    // four parts, and no look at the memory
    while (census.parts()[0] !== 4) await new Promise((resolve) => setTimeout(resolve, 1));
    census.stop();
    const found = new Float32Array(own.memory.buffer, x, count);
    expect(new Set(found)).toEqual(new Set(own.floats(x, count)));
  });

  it("leave the workers asleep when there are none for a while, and wake them", async () => {
    const census = watchWorkers();
    const own = await startEngine(4);
    const count = 1 << 16;
    const x = own.memory.allocate(4 * count);
    for (let round = 0; round < 3; round++) {
      own.split("fill", count, count / 8, 4, (from, to) => [x + 4 * from, to - from, round]);
      expect(new Set(own.floats(x, count))).toEqual(new Set([round]));
      // nothing ends this but that all three sleep
      while (census.sleepers() !== 3) await new Promise((resolve) => setTimeout(resolve, 1));
    }
    census.stop();
    expect(own.threads).toBe(4);
  });

  it("keep their order with a function that only the calling thread has", async () => {
    const calls: number[] = [];
    const native = {
      here: (memory: { readonly buffer: ArrayBufferLike }) => (at: number) => {
        calls.push(new Float32Array(memory.buffer, at, 1)[0] as number);
      },
    };
    engine = await createEngine({ threads: THREADS }, native);
    await engine.ready();
    const x = engine.memory.allocate(4 * 64);
    engine.fill(x, 64, 0);
    for (let i = 0; i < 20; i++) {
      halveAndAdd(engine, x, 64, 2, () => 8);
      engine.call("native", [x]);
    }
    expect(calls).toEqual(Array.from({ length: 20 }, (_, i) => expectedAfter(0, 2 * (i + 1))));
  });

  it("are given up when the engine is disposed of", async () => {
    const own = await startEngine();
    const takePartAgain = leaveAllToWorkers();
    const x = own.memory.allocate(4 * 64);
    halveAndAdd(own, x, 64, 100, () => 4);
    takePartAgain();
    expect(() => own.dispose()).not.toThrow();
  });
});

/** Something done to tensors, of which `values` are there; its result is there for what follows. */
type Act = (values: readonly Tensor[], random: Random) => Tensor;

/** So large that a product is cut into parts, and what follows it waits in the queue. */
const SIDE = 96;
const acts: Readonly<Record<string, Act>> = {
  product: ([a, b]) => (a as Tensor).matmul(b as Tensor).mul(0.1),
  sum: ([a, b]) => (a as Tensor).add((b as Tensor).sum({ axis: 0 }).mul(0.01)).tanh(),
  fromOutside: ([a]) => (a as Tensor).mul(tensor(new Float32Array(SIDE * SIDE).fill(0.5), { shape: [SIDE, SIDE] })),
  rows: ([a]) =>
    gather(
      a as Tensor,
      Array.from({ length: SIDE }, (_, i) => (7 * i) % SIDE),
    ),
  noise: ([a], random) => randomNormal([SIDE, SIDE], { random }).add(a as Tensor),
  turned: ([a]) => (a as Tensor).transpose().add(1).mul(0.5),
  windows: ([a]) => {
    const image = (a as Tensor).reshape([1, SIDE, SIDE, 1]);
    return conv2d(image, tensor([0.1, 0.2, -0.3, 0.4], { shape: [2, 2, 1, 1] }), { padding: "same" }).reshape([
      SIDE,
      SIDE,
    ]);
  },
  insideScope: ([a, b]) =>
    scope(() =>
      (a as Tensor)
        .sub(b as Tensor)
        .square()
        .add(0.1)
        .log(),
    ),
};

describe("tensors that nobody reads until the end", () => {
  it("have the bits of one thread, in whatever order they are made", async () => {
    const backends: WasmBackend[] = [];
    for (const threads of [1, THREADS]) {
      const { backend } = await useBackend("wasm", { threads });
      if (!(backend instanceof WasmBackend)) throw new Error("expected the wasm backend");
      await backend.ready();
      backends.push(backend);
    }
    const run = (backend: WasmBackend, names: readonly string[]): Float32Array =>
      withBackend(backend, () =>
        noGradient(() => {
          const random = new Random(11);
          const last = scope(() => {
            const values = [0, 1].map(() => randomNormal([SIDE, SIDE], { random }));
            for (const name of ["product", ...names]) {
              // the older of the two goes: its memory is handed out again
              const made = scope(() => (acts[name] as Act)(values, random));
              values.shift()?.dispose();
              values.push(made);
            }
            return values[1] as Tensor;
          });
          return last.dataSync() as Float32Array;
        }),
      );
    const program = fc.array(fc.constantFrom(...Object.keys(acts)), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(program, (names) => {
        const [alone, together] = backends.map((backend) => run(backend, names));
        expect(Buffer.from((together as Float32Array).buffer).equals(Buffer.from((alone as Float32Array).buffer))).toBe(
          true,
        );
      }),
      { numRuns: 60 },
    );
    await Promise.all(backends.map((backend) => backend.dispose()));
  });
});
