// The memory of training: flat with scopes, and without one that anybody thought of.

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import {
  Adam,
  Dense,
  gradients,
  keep,
  LeakyReLU,
  noGradient,
  Parameter,
  Random,
  randomNormal,
  Sequential,
  scope,
  tensor,
  useBackend,
  withBackend,
} from "@adjoint/core";
import { afterAll, describe, expect, it } from "vitest";
import { StrictBackend } from "./support/strict-backend.js";

afterAll(async () => {
  await useBackend("reference");
});

describe("training", () => {
  const build = () => {
    const random = new Random(3);
    const layers = [new Dense(6, 8, { random }), new LeakyReLU(), new Dense(8, 1, { random })];
    const model = new Sequential(layers, { name: "model" });
    return { random, model, optimizer: new Adam(model.parameters()) };
  };

  it("holds no more buffers after many steps than after one, whatever scopes are around it", () => {
    const backend = new StrictBackend({ dtype: "float32" });
    const { live } = backend;
    withBackend(backend, () => {
      const { random, model, optimizer } = build();
      const step = () => {
        const x = randomNormal([4, 6], { random });
        const { loss } = optimizer.minimize(() => {
          const output = model.apply(x);
          return { loss: output.square().mean(), output };
        });
        return loss.itemSync();
      };
      scope(step);
      const before = live.size;
      for (let i = 0; i < 20; i++) scope(step);
      expect(live.size).toBe(before);
      // without a scope of the caller's, what is left of a step is its input and what minimize returned
      step();
      expect(live.size).toBe(before + 3);
    });
  });

  it("frees what a summary computes", () => {
    const backend = new StrictBackend({ dtype: "float32" });
    const { model } = withBackend(backend, build);
    const before = backend.live.size;
    model.summary([6]);
    expect(backend.live.size).toBe(before);
  });

  it.each(["wasm", "reference"] as const)("on %s needs no scope: the collector finds all of a step", async (name) => {
    await useBackend(name);
    const { random, model } = build();
    const wide = new Parameter(randomNormal([40_000], { random }), "wide");
    const seen: WeakRef<object>[] = [];
    const step = () => {
      const output = model.apply(tensor([[1, 2, 3, 4, 5, 6]]));
      const [slope] = gradients(output.mul(wide).mean(), [wide]);
      wide.assign(noGradient(() => wide.sub(slope.mul(0.1))));
      for (const x of [output, output.storage, slope, slope.storage]) seen.push(new WeakRef(x));
    };
    for (let i = 0; i < 10; i++) step();
    const before = await memoryBelow(0, 6);
    for (let i = 0; i < 100; i++) step();
    // one wide tensor left behind a step would be 16 MB
    const limit = before + 6e6;
    expect(await memoryBelow(limit)).toBeLessThan(limit);
    const alive = () => seen.filter((reference) => reference.deref()).length;
    for (let i = 0; i < 100 && alive() > 0; i++) await collectGarbage();
    expect(alive()).toBe(0);
  });
});

describe("a backend whose memory the collector does not see", () => {
  it("is told once of each tensor that no scope owns, and never of parameters", () => {
    const backend = new StrictBackend({ dtype: "float32", collected: true });
    withBackend(backend, () => {
      const told = (fn: () => unknown) => {
        backend.reset();
        fn();
        return backend.count("leaveToCollector");
      };
      const [outside, parameter] = [tensor([1]), scope(() => new Parameter(tensor([2]), "w"))];
      expect(told(() => outside.square())).toBe(1);
      expect(told(() => keep(keep(outside)))).toBe(0);
      expect(told(() => keep(parameter))).toBe(0);
      expect(told(() => scope(() => [tensor([1]).mul(2), tensor([3])]))).toBe(2);
      expect(told(() => scope(() => scope(() => keep(keep(tensor([4]))))))).toBe(1);
      expect(told(() => scope(() => parameter.mul(outside).sum().itemSync()))).toBe(0);
      expect(Array.from(parameter.dataSync())).toEqual([2]);
    });
  });
});

describe("parameters that nobody references any more", () => {
  it("have their memory freed, once, whether or not they were disposed of", async () => {
    const backend = new StrictBackend({ dtype: "float32", collected: true });
    const kept = withBackend(backend, () => {
      const random = new Random(1);
      for (let i = 0; i < 20; i++) new Dense(3, 2, { random }).kernel.dispose();
      return new Dense(3, 2, { random });
    });
    const pinned = () => backend.live.size - backend.count("leaveToCollector");
    for (let i = 0; i < 100 && pinned() > 2; i++) await collectGarbage();
    expect(pinned()).toBe(2);
    expect(kept.kernel.dataSync()).toHaveLength(6);
  });
});

async function collectGarbage(): Promise<void> {
  setFlagsFromString("--expose-gc");
  const collect: () => void = runInNewContext("gc");
  collect();
  await new Promise((resolve) => setTimeout(resolve, 10));
}

/** The fewest bytes held over several garbage collections, which free memory by and by; ends early below `limit`. */
async function memoryBelow(limit: number, attempts = 30): Promise<number> {
  let fewest = Infinity;
  for (let i = 0; i < attempts && fewest >= limit; i++) {
    await collectGarbage();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    fewest = Math.min(fewest, heapUsed + arrayBuffers);
  }
  return fewest;
}
