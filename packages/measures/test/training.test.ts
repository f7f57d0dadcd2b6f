// Training the classifier: it learns, to the same bits with any number of threads, and its file gives back what it is.

import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DataError, Random, tensor, useBackend } from "@adjoint/core";
import { readSafetensorsFile, writeSafetensorsFile } from "@adjoint/core/node";
import { loadMnist } from "@adjoint/mnist";
import { afterAll, describe, expect, it, vi } from "vitest";
import { DigitClassifier } from "../src/classifier.js";
import { CLASSIFIER_FILE, readClassifier, writeClassifier } from "../src/classifier-file.js";
import { accuracyOf, shifted, trainClassifier } from "../src/training.js";

const folder = mkdtempSync(join(tmpdir(), "adjoint-measures-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const { images, labels = new Uint8Array() } = loadMnist("test");
const settings = { epochs: 4, batchSize: 64, learningRate: 0.002, seed: 3 };

describe("trainClassifier", () => {
  it("learns, and gives the same bits with one thread and with three", async () => {
    const weights: Float32Array[] = [];
    for (const threads of [1, 3]) {
      await useBackend("wasm", { threads });
      const losses: number[] = [];
      const onEpoch = (_: number, loss: number) => void losses.push(loss);
      const classifier = trainClassifier({ images, labels: labels.subarray(0, 1500) }, { ...settings, onEpoch });
      expect(losses[3]).toBeLessThan((losses[0] as number) / 2);
      const seen = await classifier.lookAtDataset(images, 2500);
      expect(accuracyOf(seen, labels.subarray(0, 2500))).toBeGreaterThan(0.8);
      weights.push(Float32Array.from(await classifier.digits.kernel.data()));
    }
    expect(weights[0]).toEqual(weights[1]);
  });
});

describe("an epoch", () => {
  it("has each image once, in an order of its own", async () => {
    await useBackend("wasm");
    const batch = vi.spyOn(images, "batch");
    const count = 200;
    trainClassifier({ images, labels: labels.subarray(0, count) }, { ...settings, epochs: 2 });
    const drawn = batch.mock.calls.flatMap(([indices]) => Array.from(indices));
    const epochs = [drawn.slice(0, count), drawn.slice(count)];
    const inOrder = [...Array(count).keys()];
    for (const epoch of epochs) {
      expect(epoch).not.toEqual(inOrder);
      expect(epoch.toSorted((a, b) => a - b)).toEqual(inOrder);
    }
    expect(epochs[0]).not.toEqual(epochs[1]);
  });
});

describe("shifted", () => {
  it("moves each image as a whole by up to two pixels, and black comes in", () => {
    const pixels = new Float32Array(60 * 784).fill(-1);
    // a pattern about the middle of each image
    for (let image = 0; image < 60; image++) pixels.set([0.1, 0.2, 0.3], image * 784 + 14 * 28 + 14);
    const moved = shifted(tensor(pixels, { shape: [60, 28, 28, 1] }), new Random(1)).dataSync();
    const places = new Set<string>();
    for (let image = 0; image < 60; image++) {
      const one = Array.from(moved.subarray(image * 784, (image + 1) * 784));
      const place = one.indexOf(Math.fround(0.1));
      expect(one.slice(place, place + 3)).toEqual([0.1, 0.2, 0.3].map(Math.fround));
      expect(one.filter((pixel) => pixel !== -1).length).toBe(3);
      places.add(`${Math.floor(place / 28) - 14},${(place % 28) - 14}`);
    }
    for (const place of places)
      for (const step of place.split(",")) expect(Math.abs(Number(step))).toBeLessThanOrEqual(2);
    expect(places.size).toBeGreaterThan(15);
  });

  it("loses what leaves the image", () => {
    const edge = new Float32Array(784).fill(-1).fill(1, 0, 28);
    for (let seed = 0; seed < 30; seed++) {
      const moved = shifted(tensor(edge, { shape: [1, 28, 28, 1] }), new Random(seed)).dataSync();
      const bright = Array.from(moved).flatMap((pixel, place) => (pixel === 1 ? [Math.floor(place / 28)] : []));
      expect(new Set(bright).size).toBeLessThanOrEqual(1);
      for (const row of bright) expect(row).toBeLessThanOrEqual(2);
    }
  });
});

describe("accuracyOf", () => {
  it("is the share of rows whose largest value is at the label", () => {
    const probabilities = new Float32Array(30);
    probabilities[3] = 0.9;
    probabilities[10 + 7] = 0.4;
    probabilities[20] = 1;
    expect(accuracyOf({ probabilities, features: new Float32Array() }, [3, 6, 0])).toBe(2 / 3);
  });
});

describe("the classifier's file", () => {
  it("gives back what was written", async () => {
    const classifier = new DigitClassifier(new Random(9));
    const training = {
      mean: new Float64Array(64).map((_, i) => i / 3),
      covariance: new Float64Array(64 * 64).map((_, i) => 1 / (1 + i)),
    };
    const path = join(folder, "one.safetensors");
    const description = new Map([["seed", "9"]]);
    await writeClassifier(path, { classifier, training, images: "abc", description });
    const read = await readClassifier(path);
    expect(read.training).toEqual(training);
    expect(read.images).toBe("abc");
    expect(read.description).toEqual(description);
    expect(await read.classifier.digits.kernel.data()).toEqual(await classifier.digits.kernel.data());
  });

  it("is refused without its statistics in float64", async () => {
    const { tensors, metadata } = await readSafetensorsFile(CLASSIFIER_FILE);
    const path = join(folder, "float32.safetensors");
    await writeSafetensorsFile(path, tensors, { metadata });
    await expect(readClassifier(path)).rejects.toThrow(
      new DataError(
        "readClassifier",
        `${path}: tensor "training.mean": expected 64 values of float64, found float32 [64]`,
      ),
    );
  });

  it("is refused where it is another network's", async () => {
    const path = join(folder, "empty.safetensors");
    await writeSafetensorsFile(path, []);
    await expect(readClassifier(path)).rejects.toThrow("missing: features.0.kernel");
    writeFileSync(path, "nonsense");
    await expect(readClassifier(path)).rejects.toThrow(DataError);
  });

  it("is small", () => {
    expect(statSync(CLASSIFIER_FILE).size).toBeLessThan(300_000);
  });
});
