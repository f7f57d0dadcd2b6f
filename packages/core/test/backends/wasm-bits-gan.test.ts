// Same seed, same bits: the GAN of examples/mnist-gan trained on 1, 2, 3 and 8 threads.

import { useBackend } from "@adjoint/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type GanOutcome, trainGan } from "../browser/gan-program.js";

let alone: GanOutcome;

beforeAll(async () => {
  alone = await trainGan(1);
});

afterAll(async () => {
  await useBackend("reference");
});

describe("the GAN on one thread", () => {
  it("is trained on the calling thread, with losses that are numbers", () => {
    expect(alone.threads).toBe(1);
    expect(alone.parts).toEqual([]);
    expect(alone.losses.every((loss) => Number.isFinite(loss) && loss > 0)).toBe(true);
  });

  it("has its losses, pictures, weights and both optimizers' means, counts and settings compared", () => {
    const names = Object.keys(alone.sums);
    expect(names).toHaveLength(2 + 2 * 4 + 2 * (3 * 4 + 4));
    expect(names).toEqual(expect.arrayContaining(["losses", "pictures", "generator's optimizer: 0.v"]));
  });

  it("gives the same bits again", async () => {
    expect((await trainGan(1)).sums).toEqual(alone.sums);
  });
});

describe.each([2, 3, 8])("the GAN on %i threads", (threads) => {
  it("is computed by all of them, with the bits of one", async () => {
    const outcome = await trainGan(threads);
    expect(outcome.threads).toBe(threads);
    expect(outcome.parts).toHaveLength(threads - 1);
    expect(Math.max(...outcome.parts)).toBeGreaterThan(0);
    expect(outcome.sums).toEqual(alone.sums);
  });
});

describe("the GAN on threads that come up while it is trained", () => {
  it("has the bits of one thread", async () => {
    const { sums, threads } = await trainGan(8, { whenReady: false });
    expect(threads).toBe(8);
    expect(sums).toEqual(alone.sums);
  });
});
