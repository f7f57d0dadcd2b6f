// The variational autoencoder: its losses by hand, its grid, and the whole program.

import { rmSync } from "node:fs";
import { join } from "node:path";
import {
  Dense,
  Flatten,
  Random,
  Reshape,
  randomNormal,
  Sequential,
  Sigmoid,
  tensor,
  useBackend,
  zerosInitializer,
} from "@adjoint/core";
import { loadRun } from "@adjoint/example-common";
import { decode } from "fast-png";
import { beforeEach, describe, expect, it } from "vitest";
import { itRunsAndGoesOn, runQuietly } from "../../common/test/program-suite.js";
import { itHasATrueReadme } from "../../common/test/readme.js";
import { temporaryFolder, writeSmallMnist } from "../../common/test/support.js";
import { createModels, type VaeModels } from "../src/models.js";
import { normalQuantile } from "../src/normal-quantile.js";
import { createPictures, gridPoints } from "../src/pictures.js";
import { createOptimizer, vaeLosses, vaeStep } from "../src/step.js";
import { vae } from "../src/vae.js";

beforeEach(async () => {
  await useBackend("reference");
});

const [MEAN, LOG_VARIANCE] = [
  [0.3, -1.1],
  [-0.5, 0.4],
];
const [SLOPE, OFFSET] = [0.7, -0.2];

/** An encoder that gives the same distribution for every image, and a decoder that sees the first value alone. */
function plainModels(): VaeModels {
  const options = { random: new Random(1), kernelInitializer: zerosInitializer };
  const encoding = new Dense(784, 4, { ...options, biasInitializer: () => tensor([...MEAN, ...LOG_VARIANCE]) });
  const decoding = new Dense(2, 784, {
    random: new Random(1),
    kernelInitializer: ({ shape }) => tensor([...new Array(784).fill(SLOPE), ...new Array(784).fill(0)], { shape }),
    biasInitializer: () => tensor(new Float32Array(784).fill(OFFSET)),
  });
  return {
    encoder: new Sequential([new Flatten(), encoding]),
    decoder: new Sequential([decoding, new Sigmoid(), new Reshape([28, 28, 1])]),
  };
}

describe("vaeLosses", () => {
  it("are the cross-entropy of an image and the divergence of its distribution, as by hand", () => {
    const brightness = [0.25, 1];
    const noise = [
      [0.5, 2],
      [-1.5, 0.1],
    ];
    const images = tensor(
      brightness.flatMap((value) => new Array<number>(784).fill(value)),
      { shape: [2, 28, 28, 1] },
    );
    const losses = vaeLosses(plainModels(), { images, noise: tensor(noise) });
    // −½ Σ (1 + ln σ² − μ² − σ²)
    const divergence = [0, 1]
      .map((i) => 1 + (LOG_VARIANCE[i] ?? 0) - (MEAN[i] ?? 0) ** 2 - Math.exp(LOG_VARIANCE[i] ?? 0))
      .reduce((sum, term) => sum - term / 2, 0);
    const reconstruction = brightness.map((pixel, image) => {
      const point = (MEAN[0] ?? 0) + Math.exp((LOG_VARIANCE[0] ?? 0) / 2) * (noise[image]?.[0] ?? 0);
      const p = 1 / (1 + Math.exp(-(SLOPE * point + OFFSET)));
      return -784 * (pixel * Math.log(p) + (1 - pixel) * Math.log(1 - p));
    });
    const mean = ((reconstruction[0] ?? 0) + (reconstruction[1] ?? 0)) / 2;
    expect(losses.divergence.itemSync()).toBeCloseTo(divergence, 5);
    expect(Math.abs(losses.reconstruction.itemSync() / mean - 1)).toBeLessThan(1e-5);
    expect(losses.loss.itemSync()).toBeCloseTo(losses.reconstruction.itemSync() + divergence, 3);
  });
});

describe("vaeStep", () => {
  it("lowers the loss of a batch, through both halves", () => {
    const models = createModels(new Random(1));
    const optimizer = createOptimizer(models, 1e-3);
    const random = new Random(2);
    const images = tensor(
      Float32Array.from({ length: 8 * 784 }, (_, i) => Number((i * 7) % 784 < 200)),
      { shape: [8, 28, 28, 1] },
    );
    const before = [...models.encoder.parameters(), ...models.decoder.parameters()].map((p) => [...p.dataSync()]);
    const losses = Array.from({ length: 6 }, () =>
      vaeStep(models, optimizer, { images, noise: randomNormal([8, 2], { random }) }).loss.itemSync(),
    );
    // nothing known: 784 ln 2 a image
    expect(Math.abs((losses[0] ?? 0) / (784 * Math.LN2) - 1)).toBeLessThan(0.1);
    expect(losses.at(-1)).toBeLessThan(0.9 * (losses[0] ?? 0));
    const after = [...models.encoder.parameters(), ...models.decoder.parameters()].map((p) => [...p.dataSync()]);
    after.forEach((values, i) => {
      expect(values).not.toEqual(before[i]);
    });
  });
});

describe("normalQuantile", () => {
  it.each([
    [0.5, 0],
    [0.95, 1.6448536269514722],
    [0.05, -1.6448536269514722],
    [0.975, 1.959963984540054],
    [0.001, -3.090232306167813],
  ])("of %d is %d", (p, x) => {
    expect(normalQuantile(p)).toBeCloseTo(x, 12);
  });
});

describe("the pictures", () => {
  it("are of a grid of 15×15 points, the first value rising to the right, the second upwards", () => {
    const points = gridPoints();
    expect(points).toHaveLength(2 * 225);
    const [low, high] = [-1.6448536, 1.6448536];
    expect([...points.subarray(0, 2)]).toEqual([expect.closeTo(low, 6), expect.closeTo(high, 6)]);
    expect([...points.subarray(28, 30)]).toEqual([expect.closeTo(high, 6), expect.closeTo(high, 6)]);
    expect([...points.subarray(2 * 112, 2 * 113)]).toEqual([expect.closeTo(0, 6), expect.closeTo(0, 6)]);
    expect([...points.subarray(448)]).toEqual([expect.closeTo(high, 6), expect.closeTo(low, 6)]);
  });

  it("show what the decoder makes of each point", async () => {
    const { sample, large } = await createPictures(plainModels().decoder)();
    const [few, many] = [decode(sample), decode(large)];
    expect([few.width, few.height, many.width, many.height]).toEqual([420, 420, 840, 840]);
    // brightness rises with the first value alone
    const middles = Array.from({ length: 15 }, (_, column) => few.data[14 * 420 + 28 * column + 14] ?? 0);
    expect(middles).toEqual([...middles].sort((a, b) => a - b));
    expect(middles[7]).toBe(Math.round(255 / (1 + Math.exp(-OFFSET))));
    expect(few.data[(28 * 14 + 14) * 420 + 14]).toBe(middles[0]);
    expect(many.data[2 * 14 * 840 + 2 * (28 * 14 + 14)]).toBe(middles[14]);
  });
});

describe("the program", () => {
  itRunsAndGoesOn(vae, {
    args: ["--batch-size", "8", "--history-interval", "1"],
    length: ["--epochs", "1", "2"],
    files: ["encoder.safetensors", "decoder.safetensors", "latent.svg"],
    lines: [
      /^epoch 1 \[loss: \d+\.\d\d, reconstruction: \d+\.\d\d, divergence: \d+\.\d\d\]$/,
      /^epoch 2 \[loss: /,
      /^Loss on the 20 test images: \d+\.\d\d$/,
    ],
  });
});

describe("a run that was trained", () => {
  it("is loaded also where its images are no more", async () => {
    const folder = temporaryFolder();
    const [data, out] = [writeSmallMnist(join(folder, "data")), join(folder, "run")];
    await runQuietly(vae, ["--epochs", "1", "--data", data, "--out", out]);
    rmSync(data, { recursive: true });
    const { progress, training } = await loadRun(vae, out);
    expect(progress.options.data).toBe(data);
    expect(training.generate?.(2, new Random(1)).shape).toEqual([2, 28, 28, 1]);
  });
});

describe("README.md", () => {
  itHasATrueReadme(vae, new URL("../README.md", import.meta.url));
});
