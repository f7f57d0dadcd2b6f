// docs/pytorch.md tells the truth: its programs run as they stand. PyTorch loads the GAN in the middle of training and
// goes on with it as the library does, and the library reads what PyTorch then writes.

import { execFile, spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Adam, ByteDataset, Random, useBackend } from "@adjoint/core";
import { fromArrays, fromLayout, toArrays } from "@adjoint/core/io";
import { readSafetensorsFile, writeSafetensorsFile } from "@adjoint/core/node";
import { build } from "esbuild";
import { describe, expect, it } from "vitest";
import { createModelFiles } from "../../common/src/model-files.js";
import { temporaryFolder } from "../../common/test/support.js";
import { drawBatch } from "../src/batches.js";
import { createModels, type GanModels } from "../src/models.js";
import { type GanBatch, type GanOptimizers, ganStep } from "../src/step.js";

const execute = promisify(execFile);

/** Debian's own, which finds the package python3-torch. */
const PYTHON = "/usr/bin/python3";
const found = spawnSync(PYTHON, ["-c", "import torch"], { stdio: "ignore" }).status === 0;
const reason = found ? "" : ` (not run: ${PYTHON} has no package torch)`;

const page = readFileSync(new URL("../../../docs/pytorch.md", import.meta.url), "utf8");

/** The page's programs in a language. */
function programs(language: string): string[] {
  return [...page.matchAll(new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, "gs"))].map(([, code]) => code as string);
}

/** One iteration in PyTorch, with the batch that the library uses; what it came to is printed and saved. */
const ITERATION = `
batch = load("batch.safetensors")
discriminator_adam = load_adam("discriminator-adam.safetensors", discriminator, lr=1e-3)
generator_adam = load_adam("generator-adam.safetensors", generator, lr=1e-3)

def update(optimizer, probability, label):
    p = probability.clamp(1e-7, 1 - 1e-7)
    loss = -torch.log(p if label else 1 - p).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()

generated = generator(batch["discriminatorNoise"]).detach()
on_real = update(discriminator_adam, discriminator(batch["real"]), 1)
on_generated = update(discriminator_adam, discriminator(generated), 0)
on_generator = update(generator_adam, discriminator(generator(batch["generatorNoise"])), 1)
save("generator-after.safetensors", generator.state_dict())
save("discriminator-after.safetensors", discriminator.state_dict())
print(json.dumps({"discriminatorLoss": (on_real + on_generated) / 2, "generatorLoss": on_generator}))
`;

/** Trains for a few iterations, so that weights, moments and steps are none of them what they were at first. */
function trainShortly(): { models: GanModels; optimizers: GanOptimizers; next: GanBatch } {
  const models = createModels(new Random(1));
  const optimizers = {
    generator: new Adam(models.generator.parameters(), { convention: "pytorch" }),
    discriminator: new Adam(models.discriminator.parameters(), { convention: "pytorch" }),
  };
  const pixels = Uint8Array.from({ length: 50 * 784 }, (_, i) => (Math.floor(i / 784) * 5 + (i % 784)) % 256);
  const source = {
    images: new ByteDataset(pixels, [50, 28, 28, 1]),
    batchSize: 16,
    imagesRandom: new Random(2),
    noiseRandom: new Random(3),
  };
  for (let iteration = 0; iteration < 5; iteration++) ganStep(models, optimizers, drawBatch(source));
  return { models, optimizers, next: drawBatch(source) };
}

describe("docs/pytorch.md", () => {
  it("has a program in TypeScript that writes a file and reads it", async () => {
    const [program, ...others] = programs("ts");
    expect(others).toEqual([]);
    const folder = temporaryFolder();
    const { outputFiles } = await build({
      stdin: { contents: program ?? "", resolveDir: fileURLToPath(new URL(".", import.meta.url)), loader: "ts" },
      bundle: true,
      platform: "node",
      format: "esm",
      conditions: ["@adjoint/source"],
      write: false,
      logLevel: "silent",
    });
    writeFileSync(join(folder, "program.mjs"), outputFiles[0]?.text ?? "");
    expect(await execute(process.execPath, ["program.mjs"], { cwd: folder })).toEqual({ stdout: "", stderr: "" });
    const { tensors } = await readSafetensorsFile(join(folder, "generator.safetensors"));
    expect([...tensors].map(([name, { shape }]) => [name, shape])).toEqual([
      ["0.bias", [128]],
      ["0.weight", [128, 100]],
      ["2.bias", [784]],
      ["2.weight", [784, 128]],
    ]);
  });

  it.skipIf(!found)(`has programs in Python with which PyTorch does the next iteration${reason}`, async () => {
    await useBackend("wasm");
    const folder = temporaryFolder();
    const at = (name: string) => join(folder, name);
    const { models, optimizers, next } = trainShortly();
    for (const [name, bytes] of await createModelFiles({ ...models }, "pytorch")) writeFileSync(at(name), bytes);
    for (const part of ["generator", "discriminator"] as const) {
      await writeSafetensorsFile(at(`${part}-adam.safetensors`), await toArrays(optimizers[part].stateDict()));
    }
    await writeSafetensorsFile(at("batch.safetensors"), await toArrays(new Map(Object.entries(next))));

    const blocks = programs("python");
    expect(blocks).toHaveLength(3);
    writeFileSync(at("program.py"), [...blocks, ITERATION].join("\n"));
    const { stdout, stderr } = await execute(PYTHON, ["program.py"], { cwd: folder });
    expect(stderr).toBe("");
    const theirs: Record<string, number> = JSON.parse(stdout);

    const ours = ganStep(models, optimizers, next);
    for (const name of ["discriminatorLoss", "generatorLoss"] as const) {
      expect(Math.abs((theirs[name] ?? Number.NaN) - ours[name].itemSync()), name).toBeLessThan(1e-5);
    }
    const copies = createModels(new Random(9));
    for (const part of ["generator", "discriminator"] as const) {
      const { tensors } = await readSafetensorsFile(at(`${part}-after.safetensors`));
      copies[part].loadStateDict(fromLayout(copies[part], fromArrays(tensors), "pytorch"));
      const [after, expected] = [copies[part].parameters(), models[part].parameters()];
      after.forEach((parameter, i) => {
        const difference = parameter
          .sub(expected[i] ?? 0)
          .abs()
          .max();
        expect(difference.itemSync(), parameter.name).toBeLessThan(1e-5);
      });
    }
  });
});
