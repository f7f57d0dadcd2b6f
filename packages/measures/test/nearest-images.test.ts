// The nearest image of a data set: copies are found, and others against all pairs, one by one.

import { ByteDataset, Random, tensor } from "@adjoint/core";
import { describe, expect, it } from "vitest";
import { findNearestImages } from "../src/index.js";

const PIXELS = 6;

/** More than are compared at once. */
const COUNT = 5003;

const random = new Random(5);
const bytes = Uint8Array.from({ length: COUNT * PIXELS }, () => random.integer(256));
const dataset = new ByteDataset(bytes, [COUNT, 2, 3, 1]);

const brightness = (image: number) =>
  Array.from(bytes.subarray(image * PIXELS, (image + 1) * PIXELS), (byte) => byte / 255);

describe("findNearestImages", () => {
  it("finds copies, at no distance, also in the last part of the data set", async () => {
    const copied = [0, 17, 4999, 5000, 5002];
    const { indices, distances } = await findNearestImages(tensor(copied.map(brightness)), dataset);
    expect([...indices]).toEqual(copied);
    for (const distance of distances) expect(distance).toBeLessThan(1e-6);
  });

  it("finds what comparing with each image finds", async () => {
    const others = Array.from({ length: 20 }, () => Array.from({ length: PIXELS }, () => random.uniform()));
    const { indices, distances } = await findNearestImages(tensor(others), dataset);
    others.forEach((other, i) => {
      const all = Array.from({ length: COUNT }, (_, image) =>
        Math.hypot(...brightness(image).map((value, pixel) => value - (other[pixel] as number))),
      );
      expect(distances[i]).toBeCloseTo(Math.min(...all), 6);
      expect(all[indices[i] as number]).toBeCloseTo(Math.min(...all), 6);
    });
  });

  it("takes no images", async () => {
    const { indices } = await findNearestImages(tensor(new Float32Array(0), { shape: [0, PIXELS] }), dataset);
    expect(indices.length).toBe(0);
  });
});
