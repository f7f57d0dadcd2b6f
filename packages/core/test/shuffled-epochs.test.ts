// Epochs: each sample once, in an order that depends on seed, stream and epoch alone, and that survives being saved.

import { ArgumentError, Random, ShuffledEpochs } from "@adjoint/core";
import { describe, expect, it } from "vitest";

const sorted = (values: Iterable<number>) => [...values].sort((a, b) => a - b);

/** The orders of several epochs, drawn in batches of `size`. */
function orders(epochs: ShuffledEpochs, count: number, size = epochs.count): number[][] {
  return Array.from({ length: count }, () => {
    const order: number[] = [];
    while (order.length < epochs.count) order.push(...epochs.next(size));
    return order;
  });
}

describe("ShuffledEpochs", () => {
  it.each([1, 2, 7, 100])("gives each of %d samples once an epoch, in other orders each time", (count) => {
    const all = orders(new ShuffledEpochs(count, new Random(1)), 5, 3);
    for (const order of all) expect(sorted(order)).toEqual(Array.from({ length: count }, (_, i) => i));
    if (count === 100) expect(new Set(all.map(String)).size).toBe(5);
  });

  it("ends an epoch with a smaller batch", () => {
    const epochs = new ShuffledEpochs(7, new Random(1));
    expect([0, 1, 2, 3, 4].map(() => epochs.next(3).length)).toEqual([3, 3, 1, 3, 3]);
  });

  it("has the same orders whatever the size of its batches, and others with another seed or stream", () => {
    const of = (random: Random, size?: number) => orders(new ShuffledEpochs(10, random), 3, size);
    const whole = of(new Random(4));
    expect(of(new Random(4), 3)).toEqual(whole);
    expect(of(new Random(5))).not.toEqual(whole);
    expect(of(new Random(4, { stream: 1 }))).not.toEqual(whole);
  });

  it("goes on in the middle of an epoch from a generator that was saved", () => {
    const random = new Random(4);
    const epochs = new ShuffledEpochs(10, random);
    orders(epochs, 2);
    epochs.next(4);
    const state = random.state();
    const rest = [epochs.next(4), epochs.next(4), epochs.next(4)];
    // into one that has been used, of another seed
    const other = new Random(9);
    const resumed = new ShuffledEpochs(10, other);
    resumed.next(3);
    other.restore(state);
    expect([resumed.next(4), resumed.next(4), resumed.next(4)]).toEqual(rest);
  });

  it("brings every sample to every place as often", () => {
    const [count, rounds] = [5, 4000];
    const hits = new Float64Array(count * count);
    for (const order of orders(new ShuffledEpochs(count, new Random(11)), rounds)) {
      order.forEach((sample, place) => {
        const cell = sample * count + place;
        hits[cell] = (hits[cell] ?? 0) + 1;
      });
    }
    // 800 in each of 25 cells: 5 standard deviations are 126
    for (const hit of hits) expect(Math.abs(hit - rounds / count)).toBeLessThan(126);
  });

  it("refuses sizes that are none", () => {
    expect(() => new ShuffledEpochs(0, new Random(1))).toThrow(ArgumentError);
    expect(() => new ShuffledEpochs(3, new Random(1)).next(0)).toThrow(
      "ShuffledEpochs.next: the size must be a whole number ≥ 1, got 0",
    );
  });
});
