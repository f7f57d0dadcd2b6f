import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BlockPool, classOf, roundUp } from "./block-pool.js";

describe("roundUp", () => {
  it("gives the least size of a class, by less than 1/32 above", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 26 }), (size) => {
        const rounded = roundUp(size);
        expect(rounded).toBeGreaterThanOrEqual(size);
        expect(rounded - size).toBeLessThan(Math.max(1, size / 32));
        expect(roundUp(rounded)).toBe(rounded);
        expect(classOf(rounded)).toBe(rounded === 1 ? 1 : classOf(rounded - 1) + 1);
      }),
    );
  });
});

/** A call of a pool: the size to allocate, or the index of the block to free. */
const calls = fc.array(
  fc.oneof(
    fc.record({ take: fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 3000 })) }),
    fc.record({ give: fc.nat() }),
    fc.record({ extend: fc.integer({ min: 1, max: 500 }) }),
  ),
  { maxLength: 300 },
);

describe("a pool of blocks", () => {
  it("hands out blocks that lie inside of it and do not overlap, and is one block again when all were given back", () => {
    fc.assert(
      fc.property(calls, (list) => {
        const pool = new BlockPool();
        pool.extend(10_000, 7);
        let end = 10_007;
        const inUse: { at: number; size: number }[] = [];
        for (const call of list) {
          if ("extend" in call) {
            pool.extend(call.extend, 0);
            end += call.extend;
          } else if ("take" in call) {
            const size = roundUp(call.take);
            const at = pool.take(size);
            if (at === undefined) continue;
            expect(at).toBeGreaterThanOrEqual(7);
            expect(at + size).toBeLessThanOrEqual(end);
            for (const other of inUse) expect(at + size <= other.at || other.at + other.size <= at).toBe(true);
            inUse.push({ at, size });
          } else if (inUse.length > 0) {
            const [block] = inUse.splice(call.give % inUse.length, 1);
            if (block) pool.give(block.at);
          }
        }
        for (const { at } of inUse) pool.give(at);
        expect(pool.freeAtEnd).toBe(end - 7);
      }),
    );
  });

  it("finds room wherever a free run is large enough for the size and one class more", () => {
    fc.assert(
      fc.property(calls, fc.integer({ min: 1, max: 2000 }), (list, wanted) => {
        const pool = new BlockPool();
        pool.extend(4000, 1);
        const inUse: { at: number; size: number }[] = [];
        for (const call of list) {
          const size = "take" in call ? roundUp(call.take) : 0;
          const at = size ? pool.take(size) : undefined;
          if (at !== undefined) inUse.push({ at, size });
          const [block] = "give" in call && inUse.length > 0 ? inUse.splice(call.give % inUse.length, 1) : [];
          if (block) pool.give(block.at);
        }
        inUse.sort((a, b) => a.at - b.at);
        const ends = [1, ...inUse.map(({ at, size }) => at + size)];
        const longest = Math.max(...ends.map((from, i) => (inUse[i]?.at ?? 4001) - from));
        const size = roundUp(wanted);
        expect(pool.has(size)).toBe(longest >= size);
      }),
    );
  });

  it("refuses to take back what is not in use", () => {
    const pool = new BlockPool();
    pool.extend(100, 1);
    const at = pool.take(10) ?? 0;
    pool.give(at);
    expect(() => pool.give(at)).toThrow(RangeError);
  });
});
