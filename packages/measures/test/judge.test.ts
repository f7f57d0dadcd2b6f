// The judge on real images: the committed classifier, the floor, copies, and what it refuses.

import { ArgumentError, Random, randomNormal, ShapeError, tensor, useBackend } from "@adjoint/core";
import { loadMnist } from "@adjoint/mnist";
import { describe, expect, it } from "vitest";
import { readClassifier } from "../src/classifier-file.js";
import { Judge, momentsOf } from "../src/index.js";
import { accuracyOf } from "../src/training.js";

const SCALING = { scale: 1 / 127.5, offset: -1 };
const numbers = (from: number, to: number) => Int32Array.from({ length: to - from }, (_, i) => from + i);

const { backend: wasm } = await useBackend("wasm");
const [train, test] = [loadMnist("train"), loadMnist("test")];
const judge = await Judge.load({ train });
const trained = await readClassifier();

describe("the committed classifier", () => {
  it("recognizes at least 99 % of the test set, and as many as its file says", async () => {
    const seen = await trained.classifier.lookAtDataset(test.images);
    const accuracy = accuracyOf(seen, test.labels ?? []);
    expect(accuracy).toBeGreaterThanOrEqual(0.99);
    // the last bits are those of the kernels, which may change
    expect(accuracy).toBeCloseTo(Number(trained.description.get("test accuracy")), 3);
  });

  it("comes with what it sees in the training set", async () => {
    const { features } = await trained.classifier.lookAtDataset(train.images);
    const found = momentsOf(features, 64);
    for (const part of ["mean", "covariance"] as const) {
      found[part].forEach((value, i) => {
        const kept = trained.training[part][i] as number;
        if (!(Math.abs(value - kept) < 1e-4)) expect.fail(`${part}, element ${i}: ${value}, in the file ${kept}`);
      });
    }
  });
});

describe("Judge", () => {
  it("finds images of the test set like those of the training set, and no copies", async () => {
    const floor = await judge.measure(test.images.batch(numbers(0, 10_000), SCALING));
    expect(floor.images).toBe(10_000);
    expect(floor.frechetDistance).toBeGreaterThan(0);
    expect(floor.frechetDistance).toBeLessThan(3);
    expect(floor.score).toBeGreaterThan(9.5);
    expect(floor.confidence).toBeGreaterThan(0.98);
    for (const name of ["precision", "recall", "density", "coverage"] as const) {
      expect(floor[name]).toBeGreaterThan(0.85);
    }
    floor.shares.forEach((share, digit) => {
      const labelled = (test.labels ?? []).filter((label) => label === digit).length / 10_000;
      expect(Math.abs(share - labelled)).toBeLessThan(0.005);
    });
    expect(floor.nearest.images).toBe(1000);
    expect(floor.nearest.least).toBeGreaterThan(0.5);
  });

  it("finds copies, and which images they are of", async () => {
    const copies = train.images.batch(numbers(41_000, 41_100), SCALING);
    expect((await judge.measure(copies)).nearest.mean).toBeLessThan(1e-5);
    expect([...(await judge.nearest(copies)).indices]).toEqual([...numbers(41_000, 41_100)]);
  });

  it("finds that noise is no digits", async () => {
    const noise = randomNormal([2000, 28, 28, 1], { random: new Random(1) }).tanh();
    const measures = await judge.measure(noise);
    expect(measures.frechetDistance).toBeGreaterThan(100);
    expect(measures.coverage).toBeLessThan(0.1);
    expect(measures.recall).toBeLessThan(0.1);
  });

  it("measures the same whatever backend is chosen, from a tensor and from an array", async () => {
    const images = test.images.batch(numbers(0, 200), SCALING);
    const expected = await judge.measure(images);
    try {
      const { backend } = await useBackend("reference");
      expect(await judge.measure(tensor(images.dataSync(), { shape: images.shape }))).toEqual(expected);
      expect(await judge.measure(Float32Array.from(images.dataSync()))).toEqual(expected);
      expect(backend.name).toBe("reference");
    } finally {
      await useBackend(wasm.name as "wasm");
    }
  });

  it("knows MNIST's training images, and refuses others", async () => {
    expect(await Judge.knows(train)).toBe(true);
    expect(await Judge.knows(test)).toBe(false);
    const problem = "needs MNIST's 60,000 training images, got others from";
    await expect(Judge.load({ train: test })).rejects.toThrow(problem);
    await expect(Judge.load({ train: test })).rejects.toBeInstanceOf(ArgumentError);
  });

  it("refuses images of another shape, too few, and pixels that are out of range", async () => {
    const refused = (images: Parameters<Judge["measure"]>[0]) => expect(judge.measure(images)).rejects;
    await refused(tensor(new Float32Array(784), { shape: [1, 784] })).toThrow(
      new ShapeError("Judge.measure", "images must be [count,28,28,1], got [1,784]"),
    );
    await refused(new Float32Array(785)).toThrow(
      new ShapeError("Judge.measure", "images must be [count,28,28,1], got 785 values"),
    );
    await refused(new Float32Array(64 * 784)).toThrow(
      new ShapeError("Judge.measure", "needs more images than there are features, 64, got 64"),
    );
    await refused(new Float32Array(65 * 784).fill(255)).toThrow(
      new ArgumentError("Judge.measure", "pixels must be in [−1, 1], got 255"),
    );
    await refused(new Float32Array(65 * 784).fill(Number.NaN)).toThrow(
      new ArgumentError("Judge.measure", "pixels must be in [−1, 1], got NaN"),
    );
  });
});
