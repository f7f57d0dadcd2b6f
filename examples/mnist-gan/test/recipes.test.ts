// The recipes: what they set, and that the tuned one's pictures are those of the averaged generator.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Random, useBackend } from "@adjoint/core";
import { toArrays } from "@adjoint/core/io";
import { readSafetensorsFile } from "@adjoint/core/node";
import { describe, expect, it } from "vitest";
import { itRunsAndGoesOn, itShowsImagesOf, runQuietly } from "../../common/test/program-suite.js";
import { temporaryFolder, writeSmallMnist } from "../../common/test/support.js";
import { mnistGan } from "../src/mnist-gan.js";
import { createModels } from "../src/models.js";
import { RECIPES } from "../src/recipes.js";

const SHORT = ["--backend", "wasm", "--threads", "1", "--batch-size", "4"];

/** Runs on twenty images. @returns the run's folder */
async function trained(...args: string[]): Promise<string> {
  const folder = temporaryFolder();
  const out = join(folder, "run");
  await runQuietly(mnistGan, [...SHORT, ...args, "--data", writeSmallMnist(join(folder, "data")), "--out", out]);
  return out;
}

/** Weights of the generator before training. */
async function firstWeights(): Promise<Float32Array> {
  await useBackend("wasm");
  const state = await toArrays(createModels(new Random(1, { stream: 0 })).generator.stateDict());
  return state.get("2.kernel")?.data ?? new Float32Array();
}

/** Weights of a model after it. */
async function weightsOf(folder: string, model: string): Promise<Float32Array> {
  const { tensors } = await readSafetensorsFile(join(folder, `${model}.safetensors`));
  return tensors.get("2.kernel")?.data ?? new Float32Array();
}

const optionsOf = (folder: string) => JSON.parse(readFileSync(join(folder, "summary.json"), "utf8")).options;

describe("--recipe", () => {
  it("is the article's by default", async () => {
    const options = optionsOf(await trained("--iterations", "1"));
    expect(options).toMatchObject({ recipe: "article", learningRate: RECIPES.article.learningRate });
  });

  it("tuned has a rate of its own, but where one is asked for", async () => {
    const tuned = ["--recipe", "tuned", "--iterations", "1"];
    expect(optionsOf(await trained(...tuned)).learningRate).toBe(RECIPES.tuned.learningRate);
    expect(optionsOf(await trained(...tuned, "--learning-rate", "0.5")).learningRate).toBe(0.5);
  });

  it("tuned has Adam's first step as long as the rate, whatever β₁", async () => {
    const before = await firstWeights();
    const after = await weightsOf(await trained("--recipe", "tuned", "--iterations", "1"), "generator");
    const longest = Math.max(...after.map((value, i) => Math.abs(value - (before[i] as number))));
    expect(longest / RECIPES.tuned.learningRate).toBeCloseTo(1, 2);
  });

  it.each(["article", "tuned"] as const)("%s has its own β₁", async (recipe) => {
    const folder = await trained("--recipe", recipe, "--iterations", "1");
    const { tensors } = await readSafetensorsFile(join(folder, "checkpoint.safetensors"));
    const [m, v] = ["m", "v"].map((slot) => tensors.get(`optimizers/generator/3.${slot}`)?.data ?? new Float32Array());
    const largest = (values: ArrayLike<number> | undefined) => Math.max(...Array.from(values ?? [], Math.abs));
    // after one step m = (1 − β₁)g and v = (1 − β₂)g²
    const kept = (largest(m) / Math.sqrt(largest(v))) * Math.sqrt(1 - 0.999);
    expect(1 - kept).toBeCloseTo(RECIPES[recipe].beta1, 4);
  });

  it("tuned keeps a second generator, which follows the first", async () => {
    const before = await firstWeights();
    const folder = await trained("--recipe", "tuned", "--iterations", "1");
    const [after, average] = [await weightsOf(folder, "generator"), await weightsOf(folder, "average")];
    const { averageDecay } = RECIPES.tuned;
    average.forEach((value, i) => {
      const expected = averageDecay * (before[i] as number) + (1 - averageDecay) * (after[i] as number);
      if (!(Math.abs(value - expected) < 1e-7)) expect.fail(`element ${i}: got ${value}, expected ${expected}`);
    });
    expect(average).not.toEqual(before);
  });

  itRunsAndGoesOn(mnistGan, {
    args: [...SHORT, "--recipe", "tuned", "--sample-interval", "2", "--checkpoint-interval", "2"],
    length: ["--iterations", "3", "6"],
    files: ["average.safetensors", "discriminator.safetensors", "generator.safetensors"],
    lines: [/^2 \[D loss/, /^4 \[D loss/, /^6 \[D loss/],
  });

  itShowsImagesOf(mnistGan, "average", ["--recipe", "tuned"]);
  itShowsImagesOf(mnistGan, "generator", ["--recipe", "article"]);
});
