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
  type Tensor,
  tensor,
  withBackend,
} from "@adjoint/core";
import { describe, expect, it } from "vitest";
import { StrictBackend } from "./support/strict-backend.js";

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

  it("without any scope leaves nothing behind for the garbage collector to keep", async () => {
    const { random, model } = build();
    const size = 20_000;
    const wide = new Parameter(randomNormal([size], { random }), "wide");
    const step = () => {
      const [slope] = gradients(
        model
          .apply(tensor([[1, 2, 3, 4, 5, 6]]))
          .mul(wide)
          .mean(),
        [wide],
      ) as [Tensor];
      wide.assign(noGradient(() => wide.sub(slope.mul(0.1))));
    };
    const used = await memoryAfter(step, 20);
    const usedLater = await memoryAfter(step, 300);
    // one tensor of 80 kB left behind a step would be 24 MB
    expect(usedLater - used).toBeLessThan(6e6);
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

/** Bytes held after so many calls of `step` and a garbage collection. */
async function memoryAfter(step: () => void, times: number): Promise<number> {
  setFlagsFromString("--expose-gc");
  const collect: () => void = runInNewContext("gc");
  for (let i = 0; i < times; i++) step();
  for (let i = 0; i < 3; i++) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    collect();
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
