// The loop: when losses are read and pictures taken, when it stops, and what it says of a loss that is no number.

import { ReferenceBackend, tensor, withBackend } from "@adjoint/core";
import { describe, expect, it, vi } from "vitest";
import { Stopwatch } from "../src/run/stopwatch.js";
import { runTraining } from "../src/run/training-loop.js";

function recorded({
  iterations = 10,
  historyInterval = 1,
  sampleInterval = 100,
  stopAfter = Number.POSITIVE_INFINITY,
}) {
  const log = {
    steps: 0,
    losses: [] as number[],
    samples: [] as number[],
    checkpoints: [] as number[],
    values: [] as number[],
  };
  const options = {
    iterations,
    historyInterval,
    sampleInterval,
    stopwatch: new Stopwatch(),
    step: () => {
      log.steps++;
      return { loss: tensor(100 - log.steps) };
    },
    onLosses: (row: { iteration: number; loss: number }) => {
      log.losses.push(row.iteration);
      log.values.push(row.loss);
    },
    onIteration: () => {},
    checkpointInterval: 1000,
    onCheckpoint: async (iteration: number) => {
      log.checkpoints.push(iteration);
      return iteration;
    },
    onSample: async (iteration: number) => {
      log.samples.push(iteration);
    },
    shouldStop: () => log.steps >= stopAfter,
  };
  return { log, options };
}

describe("runTraining", () => {
  it("reads losses at both intervals and in the last iteration", async () => {
    const { log, options } = recorded({ iterations: 11, historyInterval: 3, sampleInterval: 4 });
    expect(await runTraining(options)).toBe(11);
    expect(log).toEqual({
      steps: 11,
      losses: [3, 4, 6, 8, 9, 11],
      samples: [4, 8, 11],
      checkpoints: [11],
      values: [97, 96, 94, 92, 91, 89],
    });
  });

  it("ends with one more iteration, its losses and its picture, where it should stop", async () => {
    const { log, options } = recorded({ historyInterval: 5, stopAfter: 6 });
    expect(await runTraining(options)).toBe(7);
    expect(log).toMatchObject({ steps: 7, losses: [5, 7], samples: [7] });
  });

  it("gives timers and signals their turn", async () => {
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    const { options } = recorded({ iterations: 20 });
    const busy = () => {
      const end = performance.now() + 10;
      while (performance.now() < end);
      return options.step();
    };
    await runTraining({ ...options, step: busy, historyInterval: 100 });
    clearInterval(timer);
    expect(turns).toBeGreaterThan(2);
  });

  it("goes on from where a run stopped, with checkpoints at their interval and at the end", async () => {
    const { log, options } = recorded({ iterations: 11, historyInterval: 4 });
    expect(await runTraining({ ...options, start: 5, checkpointInterval: 3 })).toBe(11);
    expect(log).toMatchObject({ steps: 6, losses: [8, 11], checkpoints: [6, 9, 11], samples: [11] });
  });

  it("does nothing where nothing is left to do", async () => {
    const { log, options } = recorded({ iterations: 11 });
    expect(await runTraining({ ...options, start: 11 })).toBe(11);
    expect(log).toMatchObject({ steps: 0, losses: [], checkpoints: [], samples: [] });
  });

  it.each([
    [Number.NaN, 1, true],
    [Number.POSITIVE_INFINITY, 3, true],
    [Number.NEGATIVE_INFINITY, 3, false],
  ])(
    "tells of a loss of %d, read every %d iterations, and goes on from where it is told",
    async (value, historyInterval, synchronous) => {
      const backend = new ReferenceBackend();
      Object.defineProperty(backend, "synchronous", { value: synchronous });
      const { log, options } = recorded({ historyInterval });
      const step = () => {
        const { loss } = options.step();
        return {
          loss: withBackend(backend, () => tensor(log.steps === 5 || (!synchronous && log.steps === 6) ? value : 1)),
          other: loss,
        };
      };
      const told: [number, number][] = [];
      const onNonFinite = async (iteration: number, { loss }: { loss: number }) => {
        told.push([iteration, loss]);
        return 3;
      };
      expect(
        await runTraining({ ...options, onLosses: (row) => log.losses.push(row.iteration), step, onNonFinite }),
      ).toBe(10);
      // at once where the backend answers at once, else where losses are read
      const at = synchronous ? 5 : 6;
      expect(told).toEqual([[at, value]]);
      expect(log.steps).toBe(at + 7);
      const rows = historyInterval === 1 ? [1, 2, 3, 4, 4, 5, 6, 7, 8, 9, 10] : [3, 6, 9, 10];
      expect(log.losses).toEqual(rows);
    },
  );

  it("takes losses that are not finite as they are where nobody wants to be told", async () => {
    const { log, options } = recorded({ iterations: 3 });
    expect(await runTraining({ ...options, step: () => ({ loss: tensor(Number.NaN) }) })).toBe(3);
    expect(log.values).toEqual([Number.NaN, Number.NaN, Number.NaN]);
  });
});

describe("the time of an iteration", () => {
  it("is the median over stretches between readings, without the time for pictures", async () => {
    vi.useFakeTimers({ toFake: ["performance"] });
    try {
      const { options } = recorded({ iterations: 50, historyInterval: 5, sampleInterval: 10 });
      let steps = 0;
      const step = () => {
        // the first iteration takes longer: it compiles
        vi.advanceTimersByTime(steps++ === 0 ? 700 : 20);
        return options.step();
      };
      const onSample = async () => void vi.advanceTimersByTime(5000);
      const { stopwatch } = options;
      expect(stopwatch.medianMillisecondsPerIteration).toBeNaN();
      await runTraining({ ...options, step, onSample });
      expect(stopwatch.medianMillisecondsPerIteration).toBeCloseTo(20, 9);
      expect(stopwatch.totalSeconds).toBeCloseTo(0.7 + 49 * 0.02 + 5 * 5, 9);
    } finally {
      vi.useRealTimers();
    }
  });
});
