// The bits of every kernel with 1, 2, 3 and 8 threads: through the backend contract, and those that only the engine has.

import { Random, useBackend } from "@adjoint/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createEngine } from "../../src/backends/wasm/create-engine.js";
import type { Engine } from "../../src/backends/wasm/engine.js";
import { kernelCases, ONE_THREAD } from "../browser/kernel-cases.js";
import { type KernelOutcome, runKernels } from "../browser/kernel-program.js";
import { leaveAllToWorkers, watchWorkers } from "../browser/worker-census.js";

const MORE_THREADS = [2, 3, 8];

let alone: KernelOutcome;

beforeAll(async () => {
  alone = await runKernels(1);
});

afterAll(async () => {
  await useBackend("reference");
});

describe("the kernels on one thread", () => {
  it("start no worker, and give numbers", () => {
    expect(alone.threads).toBe(1);
    expect(alone.alone).toHaveLength(kernelCases.length - ONE_THREAD.length);
    expect(alone.notNumbers).toEqual([]);
  });

  it("give other bits for other cases, so that equal bits below mean something", () => {
    // comparisons have negations and equal results among them
    expect(new Set(Object.values(alone.sums)).size).toBeGreaterThan(0.9 * kernelCases.length);
  });
});

describe.each(MORE_THREADS)("the kernels on %i threads", (threads) => {
  it("are computed by more than one of them, with the bits of one", async () => {
    const outcome = await runKernels(threads);
    expect(outcome.threads).toBe(threads);
    expect(outcome.alone).toEqual([]);
    expect(outcome.sums).toEqual(alone.sums);
  });
});

/** Eight threads share this out. */
const COUNT = 262_181;

/** A kernel of the engine that no primitive of the contract calls; changes or fills the first of its arrays. */
interface EngineCase {
  readonly name: string;
  readonly run: (engine: Engine, out: number, second: number, third: number) => void;
}

const engineCases: readonly EngineCase[] = [
  {
    name: "rmsprop",
    run: (engine, out, gradient, meanSquare) => {
      engine.unary("square", meanSquare, meanSquare, COUNT);
      engine.rmsprop(out, gradient, meanSquare, COUNT, { decay: 0.9, rate: 1e-3, epsilon: 1e-7 });
    },
  },
  ...[false, true].map((nesterov) => ({
    name: nesterov ? "sgd with Nesterov's momentum" : "sgd with momentum",
    run: (engine: Engine, out: number, gradient: number, velocity: number) => {
      engine.sgd(out, gradient, velocity, COUNT, { rate: 0.01, momentum: 0.9, nesterov });
    },
  })),
  { name: "sgd", run: (engine, out, gradient) => engine.sgd(out, gradient, 0, COUNT, { rate: 0.01 }) },
  {
    name: "uniform numbers",
    run: (engine, out) => engine.random("uniform", out, COUNT, { seed: 3, stream: 1, block: 2 ** 32 - 5 }),
  },
];

const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0);
const inputs = [1, 2, 3].map((stream) => new Random(5, { stream }).fillNormal(new Float32Array(COUNT)));

/** The bits of the three arrays after a case, and how many parts the workers computed: all there were. */
async function runOnEngine({ run }: EngineCase, threads: number): Promise<{ bits: Buffer[]; parts: number }> {
  const census = watchWorkers();
  const engine = await createEngine({ threads });
  try {
    await engine.ready();
    const places = inputs.map(() => engine.memory.allocate(4 * COUNT));
    places.forEach((at, i) => {
      engine.floats(at, COUNT).set(inputs[i] as Float32Array);
    });
    const [out = 0, second = 0, third = 0] = places;
    const before = sum(census.parts());
    const takePartAgain = leaveAllToWorkers();
    run(engine, out, second, third);
    // who looks at the memory waits for all that is to be written there
    engine.floats(out, 0);
    takePartAgain();
    const bits = places.map((at) => Buffer.from(Float32Array.from(engine.floats(at, COUNT)).buffer));
    return { bits, parts: sum(census.parts()) - before };
  } finally {
    engine.dispose();
    census.stop();
  }
}

describe.each(engineCases.map((engineCase) => [engineCase.name, engineCase] as const))("%s", (_, engineCase) => {
  it("has the bits of one thread on any number of them", async () => {
    const { bits: expected } = await runOnEngine(engineCase, 1);
    for (const threads of MORE_THREADS) {
      const { bits, parts } = await runOnEngine(engineCase, threads);
      expect(parts, `parts for ${threads} threads`).toBeGreaterThanOrEqual(threads);
      expect(bits.map((array, i) => array.equals(expected[i] as Buffer))).toEqual([true, true, true]);
    }
  });
});
