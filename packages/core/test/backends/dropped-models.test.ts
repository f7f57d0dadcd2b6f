// A search over models: one after the other, in one loop that never returns to the event loop, so that no finalizer runs.
// What a model held is given back all the same. In processes of their own, whose peak of memory shows it.

import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const PROGRAM = `
  import { Adam, Dense, ones, Random, useBackend, zeros } from "@adjoint/core";
  const [backend, how, models, inFeatures, outFeatures] = process.argv.slice(2);
  await useBackend(backend, backend === "wasm" || backend === "blas" ? { threads: 2 } : {});
  const random = new Random(1);
  const kernelInitializer = ({ shape }) => zeros(shape);
  for (let i = 0; i < Number(models); i++) {
    const model = new Dense(Number(inFeatures), Number(outFeatures), { random, kernelInitializer });
    const optimizer = new Adam(model.parameters());
    const loss = optimizer.minimize(() => model.apply(ones([2, Number(inFeatures)])).sum());
    if (how === "await") await loss.item();
    else loss.itemSync();
  }
  console.log(process.resourceUsage().maxRSS / 1024);
  process.exit();
`;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "adjoint-dropped-"));
  await build({
    stdin: { contents: PROGRAM, resolveDir: fileURLToPath(new URL(".", import.meta.url)), loader: "ts" },
    outfile: join(folder, "program.mjs"),
    bundle: true,
    platform: "node",
    format: "esm",
    conditions: ["@adjoint/source"],
    external: ["gpu.js", "koffi"],
    logLevel: "silent",
  });
});
afterAll(() => rm(folder, { recursive: true }));

/** The most MiB that a process held in which so many models of a size were trained by a step each. */
async function peakOf(backend: string, how: string, ...numbers: number[]): Promise<number> {
  const { stdout } = await promisify(execFile)(process.execPath, [
    join(folder, "program.mjs"),
    backend,
    how,
    ...numbers.map(String),
  ]);
  return Number(stdout);
}

describe("models that are dropped, one after the other, in a loop", () => {
  it.each(["sync", "await"])("take less than 900 MiB on wasm where all together have 1.4 GiB, %s", async (how) => {
    expect(await peakOf("wasm", how, 60, 2000, 1000)).toBeLessThan(900);
  });

  it("take less than 450 MiB on reference where all together have 460 MiB and each step as much again", async () => {
    expect(await peakOf("reference", "sync", 40, 1000, 1000)).toBeLessThan(450);
  });
});

describe.runIf(process.env.ADJOINT_LONG)("2,000 models of Dense(4000, 1000)", () => {
  it.each(["sync", "await"])("take less than 1 GiB on wasm, %s", { timeout: 3_600_000 }, async (how) => {
    expect(await peakOf("wasm", how, 2000, 4000, 1000)).toBeLessThan(1024);
  });
});
