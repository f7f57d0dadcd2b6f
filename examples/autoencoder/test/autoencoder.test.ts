// The autoencoder: its loss by hand, its pictures, and the whole program.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  Adam,
  Dense,
  Flatten,
  Random,
  Reshape,
  randomUniform,
  Sequential,
  Sigmoid,
  tensor,
  useBackend,
  zerosInitializer,
} from "@adjoint/core";
import { runProgram } from "@adjoint/example-common";
import { loadMnist } from "@adjoint/mnist";
import { decode } from "fast-png";
import { beforeEach, describe, expect, it } from "vitest";
import { itRunsAndGoesOn, runQuietly } from "../../common/test/program-suite.js";
import { itHasATrueReadme } from "../../common/test/readme.js";
import { Recorder, temporaryFolder, writeSmallMnist } from "../../common/test/support.js";
import { autoencoder } from "../src/autoencoder.js";
import { createModels } from "../src/models.js";
import { chooseShown, createPictures } from "../src/pictures.js";
import { autoencoderStep, reconstruct } from "../src/step.js";

beforeEach(async () => {
  await useBackend("reference");
});

describe("autoencoderStep", () => {
  it("minimizes the mean absolute error of a pixel, in both halves", () => {
    const options = { random: new Random(1), kernelInitializer: zerosInitializer };
    const models = {
      encoder: new Sequential([new Flatten(), new Dense(784, 1, options)]),
      decoder: new Sequential([new Dense(1, 784, options), new Sigmoid(), new Reshape([28, 28, 1])]),
    };
    const optimizer = new Adam([...models.encoder.parameters(), ...models.decoder.parameters()], { learningRate: 0.1 });
    const images = tensor(new Float32Array(2 * 784).fill(0.2), { shape: [2, 28, 28, 1] });
    const loss = () => autoencoderStep(models, optimizer, images).meanAbsoluteError.itemSync();
    // all weights are 0, and every pixel becomes σ(0)
    expect(loss()).toBeCloseTo(0.5 - 0.2, 6);
    // d |σ(b) − 0.2| = σ′(0) db, shared among 784 pixels; Adam's first step is about as large as its rate
    const root = Math.sqrt(0.001) * (0.25 / 784);
    const bias = (-0.1 * root) / (root + 1e-7);
    expect(loss()).toBeCloseTo(1 / (1 + Math.exp(-bias)) - 0.2, 6);
  });
});

describe("the models", () => {
  it("compress an image to as many values as are asked for, and bring it back", () => {
    const models = createModels(5, new Random(1));
    const images = randomUniform([3, 28, 28, 1], { random: new Random(2) });
    expect(models.encoder.apply(images).shape).toEqual([3, 5]);
    const back = reconstruct(models, images);
    expect(back.shape).toEqual([3, 28, 28, 1]);
    for (const pixel of back.dataSync()) expect(Math.abs(pixel - 0.5)).toBeLessThan(0.5);
  });
});

describe("the pictures", () => {
  it("show the digits in order, one after the other of each", () => {
    const labels = Uint8Array.from({ length: 100 }, (_, i) => 9 - (i % 10));
    expect([...chooseShown(labels, 100)].slice(8, 12)).toEqual([1, 0, 19, 18]);
    expect([...chooseShown(undefined, 3)].slice(0, 5)).toEqual([0, 1, 2, 0, 1]);
  });

  it("have originals above, and below what is made of them", async () => {
    const test = loadMnist("test", { directory: writeSmallMnist(temporaryFolder()) });
    const { sample, large } = await createPictures((images) => images.mul(0.5), test)();
    const [few, many] = [decode(sample), decode(large)];
    expect([few.width, few.height]).toEqual([10 * 88 + 4, 2 * 88 + 4]);
    expect([many.width, many.height]).toEqual([10 * 88 + 4, 10 * 88 + 4]);
    const middle = (column: number, row: number) => many.data[(4 + 88 * row + 42) * many.width + 4 + 88 * column + 42];
    // image i has a square of brightness 255 − i; a second row shows the second of each digit
    expect(middle(3, 0)).toBe(252);
    expect(middle(3, 1)).toBe(126);
    expect(middle(3, 2)).toBe(242);
    expect(middle(3, 3)).toBe(121);
    // the small picture is the upper part of the large one
    expect(few.data.subarray(0, 88 * 2 * few.width)).toEqual(many.data.subarray(0, 88 * 2 * many.width));
  });
});

describe("the program", () => {
  itRunsAndGoesOn(autoencoder, {
    args: ["--batch-size", "8", "--history-interval", "1", "--latent", "2"],
    length: ["--epochs", "1", "2"],
    files: ["encoder.safetensors", "decoder.safetensors", "latent.svg"],
    lines: [
      /^epoch 1 \[mean absolute error: 0\.\d{5}\]$/,
      /^epoch 2 \[mean absolute error: 0\.\d{5}\]$/,
      /^Mean absolute error on the 20 test images: 0\.\d{5}$/,
    ],
  });

  it("tells the error on the test images, and draws no plane where the latent space is none", async () => {
    const folder = temporaryFolder();
    const out = join(folder, "run");
    const data = writeSmallMnist(join(folder, "data"));
    await runQuietly(autoencoder, ["--epochs", "1", "--data", data, "--out", out]);
    const { parameters, measures } = JSON.parse(readFileSync(join(out, "summary.json"), "utf8"));
    // 784 → 512 → 128 → 32, with two values more of each that is normalized
    expect(parameters.encoder).toBe(784 * 512 + 3 * 512 + 512 * 128 + 3 * 128 + 128 * 32 + 32);
    // untrained but for one step: about |½ − pixel|
    expect(Math.abs(measures.testMeanAbsoluteError - 0.5)).toBeLessThan(0.1);
    expect(readFileSync(join(out, "index.html"), "utf8")).not.toContain("latent space");
  });
});

describe("a batch of one image", () => {
  it.each(["1", "19"])("is refused before anything is written: --batch-size %s of 20 images", async (size) => {
    const folder = temporaryFolder();
    const args = ["--batch-size", size, "--data", writeSmallMnist(join(folder, "data")), "--out", join(folder, "run")];
    const errors = new Recorder();
    expect(await runProgram(autoencoder, args, new Recorder(), errors)).toBe(1);
    expect(errors.text).toContain(
      `--batch-size: ${size} leaves a batch of one image of 20, which cannot be normalized`,
    );
    expect(existsSync(join(folder, "run"))).toBe(false);
  });
});

describe("README.md", () => {
  itHasATrueReadme(autoencoder, new URL("../README.md", import.meta.url));
});
