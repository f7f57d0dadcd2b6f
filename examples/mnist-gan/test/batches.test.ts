// Batches: the scaling of pixels, drawing with replacement, and streams that do not disturb each other.

import { ByteDataset, Random } from "@adjoint/core";
import { describe, expect, it } from "vitest";
import { drawBatch } from "../src/batches.js";

/** Image i has all its pixels at brightness 85·i. */
const images = new ByteDataset(
  Uint8Array.from({ length: 4 * 784 }, (_, i) => 85 * Math.floor(i / 784)),
  [4, 28, 28, 1],
);

function source(batchSize: number) {
  return { images, batchSize, imagesRandom: new Random(5, { stream: 1 }), noiseRandom: new Random(5, { stream: 2 }) };
}

describe("drawBatch", () => {
  it("brings bytes 0 … 255 to −1 … 1, and draws with replacement", () => {
    const { real } = drawBatch(source(64));
    expect(real.shape).toEqual([64, 28, 28, 1]);
    const values = [...new Set(real.dataSync())].sort((a, b) => a - b);
    expect(values).toHaveLength(4);
    [-1, -1 / 3, 1 / 3, 1].forEach((expected, i) => {
      expect(values[i]).toBeCloseTo(expected, 6);
    });
  });

  it("draws fresh standard normal noise for each update", () => {
    const { discriminatorNoise, generatorNoise } = drawBatch(source(128));
    expect(generatorNoise.shape).toEqual([128, 100]);
    expect(generatorNoise.dataSync()).not.toEqual(discriminatorNoise.dataSync());
    const values = [...generatorNoise.dataSync()];
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
    // 12,800 values: a mean beyond ±0.04 or a variance beyond 1 ± 0.06 would be 4.5 standard errors off
    expect(Math.abs(mean)).toBeLessThan(0.04);
    expect(Math.abs(variance - 1)).toBeLessThan(0.06);
  });

  it("draws the same images whatever noise is drawn", () => {
    const [one, two] = [source(8), source(8)];
    two.noiseRandom.normal();
    expect(drawBatch(one).real.dataSync()).toEqual(drawBatch(two).real.dataSync());
  });
});
