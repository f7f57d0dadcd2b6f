// What the wasm backend does where its memory gets full: what was not used for long is moved out and comes back with the
// same bits, also where jobs wait; blocks of other sizes are joined; and an error says what holds the memory.

import { Adam, Dense, type Parameter, Random, randomNormal, scope, tensor, withBackend, zeros } from "@adjoint/core";
import { afterEach, describe, expect, it } from "vitest";
import { createEngineSync } from "../../src/backends/wasm/create-engine.js";
import { WasmBackend } from "../../src/backends/wasm/index.js";

const open: WasmBackend[] = [];
afterEach(async () => {
  for (const backend of open.splice(0)) await backend.dispose();
});

function limited(maximumPages: number, threads = 1): WasmBackend {
  const backend = new WasmBackend(createEngineSync({ threads, maximumPages }));
  open.push(backend);
  return backend;
}

/** Trains models by turns; the losses, and all that is left in them. */
function trainByTurns(backend: WasmBackend, { models = 8, rounds = 2 } = {}): number[][] {
  return withBackend(backend, () => {
    const random = new Random(9);
    const made = Array.from({ length: models }, () => {
      const model = new Dense(150, 200, { random });
      return { model, optimizer: new Adam(model.parameters()) };
    });
    const results: number[][] = [];
    for (let round = 0; round < rounds; round++) {
      for (const { model, optimizer } of made) {
        const x = randomNormal([32, 150], { random });
        results.push([optimizer.minimize(() => model.apply(x).square().mean()).itemSync()]);
      }
    }
    const state = (parameter: Parameter) => Array.from(parameter.dataSync());
    for (const { model } of made) results.push(...model.parameters().map(state));
    return results;
  });
}

describe.each([1, 2, 3, 4])("models that do not fit together, on %d threads", (threads) => {
  it("are trained by turns to the bits that they have where there is room", async () => {
    const [roomy, narrow] = [limited(400, threads), limited(threads < 3 ? 32 : 44, threads)];
    await Promise.all([roomy.ready(), narrow.ready()]);
    expect(trainByTurns(narrow)).toEqual(trainByTurns(roomy));
    expect([roomy.memory().movedOut, roomy.memory().movedBack]).toEqual([0, 0]);
    expect(narrow.memory().movedOut).toBeGreaterThan(8);
    expect(narrow.memory().movedBack).toBeGreaterThan(8);
  });
});

describe("a buffer that was moved out", () => {
  it("is read, assigned to, and given back where it lies", () => {
    const backend = limited(32);
    withBackend(backend, () => {
      const model = new Dense(500, 500, { random: new Random(1) });
      const before = model.kernel.dataSync();
      const fill = () => scope(() => zeros([400_000]).sum().itemSync());
      expect(fill()).toBe(0);
      expect(backend.memory().movedOut).toBe(1);
      // as strings: to compare 250,000 numbers one by one takes seconds
      expect(String(model.kernel.dataSync()) === String(before)).toBe(true);
      expect(backend.memory().movedBack).toBe(0);
      model.kernel.assign(zeros([500, 500]).add(3));
      expect(model.kernel.dataSync().every((x) => x === 3)).toBe(true);
      expect(backend.memory().movedBack).toBe(1);
      const { movedOut } = backend.memory();
      fill();
      expect(backend.memory().movedOut).toBeGreaterThan(movedOut);
      const { buffers } = backend.memory();
      model.kernel.dispose();
      expect(backend.memory().buffers).toBe(buffers);
      expect(() => model.kernel.dataSync()).toThrow("was disposed");
    });
  });

  it("may be a scope's: a step that needs more than there is ends with the bits of one that has room", () => {
    const chain = (backend: WasmBackend) =>
      withBackend(backend, () =>
        scope(() => {
          const random = new Random(2);
          const made = Array.from({ length: 12 }, () => randomNormal([50_000], { random }));
          return made.map((x, i) =>
            x
              .mul(made[11 - i] ?? x)
              .sum()
              .itemSync(),
          );
        }),
      );
    const narrow = limited(32);
    expect(chain(narrow)).toEqual(chain(limited(400)));
    expect(narrow.memory().movedOut).toBeGreaterThan(0);
    expect(narrow.memory()).toMatchObject({ buffers: 0, bytes: 0 });
  });

  it("is not one of the call at work", () => {
    // both operands and the result fill the memory
    const backend = limited(32);
    withBackend(backend, () =>
      scope(() => {
        const [x, y] = [zeros([160_000]).add(1), zeros([160_000]).add(2)];
        expect(x.add(y).sum().itemSync()).toBe(480_000);
      }),
    );
  });
});

describe("blocks of many sizes", () => {
  it("are joined: batches of changing size take at most 1.3 times the pages of the largest", () => {
    const step = (random: Random, model: Dense, optimizer: Adam, batch: number) =>
      scope(() => {
        const x = randomNormal([batch, 8], { random });
        return optimizer.minimize(() => model.apply(x).tanh().square().mean()).itemSync();
      });
    const run = (sizes: readonly number[]) => {
      const backend = limited(65_536);
      return withBackend(backend, () => {
        const random = new Random(4);
        const model = new Dense(8, 16, { random });
        const optimizer = new Adam(model.parameters());
        for (const size of sizes) step(random, model, optimizer, size);
        return backend.memory().pages;
      });
    };
    const draw = new Random(6);
    const sizes = Array.from({ length: 80 }, () => 2000 + Math.floor(draw.uniform() * 78_000));
    expect(run(sizes)).toBeLessThanOrEqual(1.3 * run([Math.max(...sizes)]));
  });

  it("are joined: what many small ones held serves one large, and the other way round", () => {
    const backend = limited(64);
    withBackend(backend, () => {
      const hold = (count: number, size: number) =>
        scope(() => Array.from({ length: count }, () => zeros([size])).length);
      for (let i = 0; i < 3; i++) {
        expect(hold(1, 900_000)).toBe(1);
        expect(hold(900, 1000)).toBe(900);
        expect(hold(30, 30_000)).toBe(30);
      }
    });
    expect(backend.memory()).toMatchObject({ movedOut: 0, buffers: 0 });
  });
});

describe("an out-of-memory error", () => {
  it("says how much is held by what, names the largest blocks, and says what to do", () => {
    const backend = limited(32);
    withBackend(backend, () => {
      const model = new Dense(100, 10, { random: new Random(1) });
      new Adam(model.parameters());
      scope(() => {
        const x = zeros([10_000]).exp();
        scope(() => {
          tensor([1, 2, 3]);
          expect(() => zeros([2 ** 31])).toThrow(
            "(parameters 0.0039 MiB (2 tensors), optimizer state 0.0077 MiB (4 tensors), 2 open scopes 0.076 MiB (3 tensors); " +
              "largest: 0.038 MiB by zeros, 0.038 MiB by exp, 0.0038 MiB by Parameter)",
          );
          // all that is not at work was moved out by then, and is said no more to be in the memory
          expect(() => x.add(zeros([2 ** 19, 1]))).toThrow(
            /^wasm: out of memory: 2 MiB more are needed, .* of at most 2 MiB are in use.*; use smaller batches, or end scopes earlier$/,
          );
        });
      });
    });
  });
});
