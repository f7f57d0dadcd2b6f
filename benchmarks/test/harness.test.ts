// Medians, the order of turns, and the refusal to time what does not agree.

import { describe, expect, it } from "vitest";
import { checkAgreement, interleave, median } from "../src/harness.js";

describe("median", () => {
  it("is the middle of an odd number of values, in any order", () => {
    expect(median([30, 1, 2])).toBe(2);
  });

  it("is the mean of the two in the middle of an even number", () => {
    expect(median([4, 1, 100, 2])).toBe(3);
  });

  it("sorts numbers, not words, and leaves the values as they were", () => {
    const values = [10, 9, 100];
    expect(median(values)).toBe(10);
    expect(values).toEqual([10, 9, 100]);
  });
});

/** Candidates that say what a call takes, and write down who was called and how often. */
function recorded(milliseconds: Readonly<Record<string, number>>) {
  const turns: { name: string; calls: number }[] = [];
  const candidates = Object.entries(milliseconds).map(([name, each]) => ({
    name,
    time: async (calls: number) => {
      turns.push({ name, calls });
      return each * calls;
    },
  }));
  return { turns, candidates };
}

describe("interleave", () => {
  const options = { rounds: 4, turnMilliseconds: 10, warmUpMilliseconds: 0, pauseMilliseconds: 0 };

  it("gives everybody a turn in every round, each time from another one on", async () => {
    const { turns, candidates } = recorded({ a: 20, b: 20, c: 20 });
    await interleave(candidates, options);
    const rounds = turns.slice(3).map(({ name }) => name);
    expect(rounds.join("")).toBe("abc" + "bca" + "cab" + "abc");
  });

  it("calls a candidate as often in a turn as fills its time", async () => {
    const { turns, candidates } = recorded({ fast: 0.5, slow: 20 });
    const [fast, slow] = await interleave(candidates, options);
    expect(turns.slice(-2).map(({ calls }) => calls)).toEqual([1, 20]);
    expect([fast?.callsPerRound, slow?.callsPerRound]).toEqual([20, 1]);
    expect([fast?.median, slow?.median]).toEqual([0.5, 20]);
  });

  it("does not count rehearsals, in which everybody takes a turn", async () => {
    let turns = 0;
    const time = async (calls: number) => (turns++ < 7 ? 90 : 20) * calls;
    const candidates = [
      { name: "a", time },
      { name: "b", time },
    ];
    // one turn each to estimate, two each to rehearse, and the first that counts
    const [a, b] = await interleave(candidates, { ...options, rehearsals: 2 });
    expect([a?.slowest, b?.slowest]).toEqual([90, 20]);
    expect([a?.rounds, turns]).toEqual([4, 14]);
  });

  it("calls each for a while before anything counts", async () => {
    const { turns, candidates } = recorded({ a: 5 });
    const [a] = await interleave(candidates, { ...options, warmUpMilliseconds: 60 });
    // 5 + 10 + 20 + 40 ms, then the estimate, then the rounds
    expect(turns.slice(0, 4).map(({ calls }) => calls)).toEqual([1, 2, 4, 8]);
    expect(turns.slice(4)[0]?.calls).toBe(1);
    expect(a?.rounds).toBe(4);
  });

  it("never runs two at the same time", async () => {
    let running = 0;
    const time = async () => {
      expect(++running).toBe(1);
      await new Promise((resolve) => setTimeout(resolve, 1));
      running--;
      return 20;
    };
    const names = ["a", "b", "c"];
    const measurements = await interleave(
      names.map((name) => ({ name, time })),
      options,
    );
    expect(measurements.map(({ rounds }) => rounds)).toEqual([4, 4, 4]);
  });

  it("measures the very slow in fewer rounds, and says so", async () => {
    const { candidates } = recorded({ "very slow": 1000, quick: 20 });
    const measurements = await interleave(candidates, options);
    expect(measurements.map(({ rounds }) => rounds)).toEqual([3, 4]);
  });

  it("passes a failure on", async () => {
    const time = () => Promise.reject(new Error("the process is gone"));
    await expect(interleave([{ name: "a", time }], options)).rejects.toThrow("the process is gone");
  });
});

describe("checkAgreement", () => {
  it("takes differences up to the tolerance, of the largest element", () => {
    expect(() => checkAgreement("work", [100, 0.05], [100, 0], 1e-3)).not.toThrow();
  });

  it("refuses larger ones, saying what and how much", () => {
    expect(() => checkAgreement("work", [100, 0.5], [100, 0], 1e-3)).toThrow(
      "work: results differ by 0.5 of 100, more than 0.001: not timed",
    );
  });

  it.each([
    ["NaN", [1, Number.NaN]],
    ["too few results", [1]],
    ["too many results", [1, 2, 3]],
    ["none", []],
  ])("refuses %s", (_, actual) => {
    expect(() => checkAgreement("work", actual, [1, 2], 1)).toThrow("not timed");
  });
});
