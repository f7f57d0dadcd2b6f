import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cutsOf } from "./shares.js";
import { MAXIMUM_THREADS } from "./thread-pool.js";
import { POOL } from "./worker-source.js";

/** The shares of a job that its parts have, from the first to the last. */
function sharesOf(threads: number, grains: number): number[] {
  const cuts = cutsOf(threads, grains);
  return cuts.map((cut, i) => cut - (cuts[i - 1] ?? 0));
}

const job = fc.record({
  threads: fc.integer({ min: 1, max: 64 }),
  grains: fc.double({ min: 0, max: 1e6, noNaN: true }),
});

describe("the parts of a job", () => {
  it("are one where a second thread has not a grain to compute", () => {
    expect(cutsOf(1, 1000)).toEqual([1]);
    expect(cutsOf(8, 1.99)).toEqual([1]);
    expect(cutsOf(8, 0)).toEqual([1]);
  });

  it("are large at both ends, where caller and workers begin, and small where they meet", () => {
    const sixteenths = (threads: number, grains: number) =>
      sharesOf(threads, grains).map((share) => Math.round(16 * threads * share));
    expect(sixteenths(2, 100)).toEqual([6, 4, 3, 2, 1, 1, 2, 3, 4, 6]);
    expect(sixteenths(3, 100)).toEqual([6, 4, 3, 2, 1, 1, 1, 2, 2, 3, 3, 4, 4, 6, 6]);
  });

  it("make the whole, in order, and as much for each thread that takes part as for any other", () => {
    fc.assert(
      fc.property(job, ({ threads, grains }) => {
        const shares = sharesOf(threads, grains);
        const taking = Math.max(1, Math.min(threads, Math.floor(grains)));
        expect(cutsOf(threads, grains).at(-1)).toBe(1);
        expect(Math.min(...shares)).toBeGreaterThan(0);
        expect(shares.length % taking).toBe(0);
        const callers = shares.slice(0, shares.length / taking).reduce((sum, share) => sum + share, 0);
        expect(callers).toBeCloseTo(1 / taking, 9);
      }),
    );
  });

  it("are never more than the queue has room for", () => {
    expect(cutsOf(MAXIMUM_THREADS, 1e9)).toHaveLength(320);
    expect(POOL.places).toBeGreaterThanOrEqual(320);
  });

  it("have no less than a fraction of a grain", () => {
    fc.assert(
      fc.property(job, ({ threads, grains }) => {
        fc.pre(grains >= 2);
        expect(Math.min(...sharesOf(threads, grains)) * grains).toBeGreaterThan(0.6);
      }),
    );
  });
});
