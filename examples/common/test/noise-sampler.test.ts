// Pictures of the generator: brightness, layout, and that the noise stays the same.

import { Dense, Random, Reshape, Sequential, tensor } from "@adjoint/core";
import { decode } from "fast-png";
import { describe, expect, it } from "vitest";
import { createNoiseSampler } from "../src/noise-sampler.js";

/** A generator whose images do not depend on the noise, or only on it. */
function generatorOf({ bias = 0, slope = 0 }): Sequential {
  const dense = new Dense(100, 784, { random: new Random(1) });
  dense.parameters().forEach((parameter, i) => {
    parameter.assign(tensor(new Float32Array(parameter.size).fill(i === 0 ? slope : bias), { shape: parameter.shape }));
  });
  return new Sequential([dense, new Reshape([28, 28, 1])]);
}

describe("createNoiseSampler", () => {
  it.each([
    [-1, 0],
    [0, 128],
    [1, 255],
  ])("draws a pixel of %d with brightness %d", async (bias, brightness) => {
    const { sample, large } = await createNoiseSampler(generatorOf({ bias }), {
      noiseSize: 100,
      random: new Random(1),
    })();
    // the middle of the first image
    expect(decode(sample).data[(6 + 56) * decode(sample).width + 6 + 56]).toBe(brightness);
    expect(decode(large).data[(4 + 42) * decode(large).width + 4 + 42]).toBe(brightness);
  });

  it("uses the same noise each time, and other noise for each image", async () => {
    const random = new Random(1);
    const takePictures = createNoiseSampler(generatorOf({ slope: 0.05 }), { noiseSize: 100, random });
    const [first, second] = [await takePictures(), await takePictures()];
    expect(second).toEqual(first);
    const { data, width } = decode(first.large);
    const middles = Array.from({ length: 10 }, (_, image) => data[(4 + 42) * width + 4 + 88 * image + 42]);
    expect(new Set(middles).size).toBeGreaterThan(5);
  });
});
