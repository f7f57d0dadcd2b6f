// The moving average of a model: its formula, what it leaves alone, and that a checkpoint goes on with it.

import {
  ArgumentError,
  BatchNorm,
  Dense,
  MovingAverage,
  meanSquaredError,
  Random,
  Sequential,
  SGD,
  StateError,
  scope,
  tensor,
} from "@adjoint/core";
import { readCheckpoint, writeCheckpoint } from "@adjoint/core/io";
import { describe, expect, it } from "vitest";

const dense = (seed: number, inFeatures = 2) => new Dense(inFeatures, 1, { random: new Random(seed) });
const valuesOf = (model: Dense) => Array.from(model.kernel.dataSync());

/** One step of training. */
function learn(model: Dense, optimizer: SGD): void {
  const x = tensor([
    [1, 2],
    [-1, 0.5],
  ]);
  optimizer.minimize(() => meanSquaredError(model.apply(x), tensor([[1], [0]])));
}

describe("MovingAverage", () => {
  it("begins where the model is, and moves by 1 − decay of the way at each update", () => {
    const [source, average] = [dense(1), dense(2)];
    const following = new MovingAverage(average, source, { decay: 0.75 });
    expect(valuesOf(average)).toEqual(valuesOf(source));
    source.kernel.assign(tensor([[1], [2]]));
    average.kernel.assign(tensor([[0], [-2]]));
    following.update();
    expect(valuesOf(average)).toEqual([0.25, -1]);
    // nobody trains it anyway
    average.freeze();
    following.update();
    expect(valuesOf(average)).toEqual([0.4375, -0.25]);
    expect(valuesOf(source)).toEqual([1, 2]);
  });

  it("is the weighted mean of all that the weights were", () => {
    const [source, average] = [dense(1), dense(1)];
    const following = new MovingAverage(average, source, { decay: 0.5 });
    const optimizer = new SGD(source.parameters(), { learningRate: 0.1 });
    const seen = [valuesOf(source)];
    for (let step = 0; step < 4; step++) {
      learn(source, optimizer);
      following.update();
      seen.push(valuesOf(source));
    }
    const shares = [1 / 16, 1 / 16, 1 / 8, 1 / 4, 1 / 2];
    const expected = [0, 1].map((i) =>
      shares.reduce((sum, share, step) => sum + share * ((seen[step] ?? [])[i] ?? Number.NaN), 0),
    );
    valuesOf(average).forEach((value, i) => void expect(value).toBeCloseTo(expected[i] ?? Number.NaN, 6));
  });

  it("does not change how the model is trained", () => {
    const [alone, followed] = [dense(3), dense(3)];
    const following = new MovingAverage(dense(4), followed);
    const optimizers = [alone, followed].map((model) => new SGD(model.parameters(), { learningRate: 0.1 }));
    for (let step = 0; step < 3; step++) {
      learn(alone, optimizers[0] as SGD);
      learn(followed, optimizers[1] as SGD);
      following.update();
    }
    expect(valuesOf(followed)).toEqual(valuesOf(alone));
  });

  it("copies what is not trained", () => {
    const [source, average] = [new BatchNorm(2), new BatchNorm(2)];
    const following = new MovingAverage(average, source, { decay: 0.5 });
    average.freeze();
    source.apply(
      tensor([
        [1, 2],
        [3, 6],
      ]),
    );
    following.update();
    const statistics = (model: BatchNorm) =>
      [...model.namedVariables()]
        .filter(([name]) => !model.namedParameters().has(name))
        .map(([, x]) => [...x.dataSync()]);
    expect(statistics(source)).not.toEqual(statistics(new BatchNorm(2)));
    expect(statistics(average)).toEqual(statistics(source));
  });

  it("can be called inside a scope, and its model outlives it", () => {
    const [source, average] = [dense(1), dense(2)];
    const following = new MovingAverage(average, source);
    scope(() => following.update());
    expect(valuesOf(average)).toHaveLength(2);
  });

  it("goes on from a checkpoint of its model in the same bits", async () => {
    const train = () => {
      const [source, average] = [dense(1), dense(1)];
      const following = new MovingAverage(average, source, { decay: 0.9 });
      const optimizer = new SGD(source.parameters(), { learningRate: 0.1, momentum: 0.5 });
      const parts = { models: { source, average }, optimizers: { sgd: optimizer } };
      const step = () => {
        learn(source, optimizer);
        following.update();
      };
      return { parts, step, average };
    };
    const whole = train();
    for (let step = 0; step < 6; step++) whole.step();
    const first = train();
    for (let step = 0; step < 3; step++) first.step();
    const saved = await writeCheckpoint({ ...first.parts, progress: null });
    const second = train();
    await (await readCheckpoint(saved)).restore(second.parts);
    for (let step = 0; step < 3; step++) second.step();
    expect(valuesOf(second.average)).toEqual(valuesOf(whole.average));
  });

  it("refuses a model of another shape, and a decay outside [0, 1)", () => {
    expect(() => new MovingAverage(dense(1, 3), dense(1))).toThrow(StateError);
    const deeper = new Sequential([dense(1)]);
    expect(() => new MovingAverage(deeper, dense(1))).toThrow(StateError);
    for (const decay of [-0.1, 1, Number.NaN]) {
      expect(() => new MovingAverage(dense(1), dense(2), { decay })).toThrow(
        new ArgumentError("MovingAverage", `decay must be a number in [0, 1), got ${decay}`),
      );
    }
  });
});
