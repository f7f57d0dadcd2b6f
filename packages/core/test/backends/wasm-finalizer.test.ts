// Parameters that nobody references any more give their linear memory back when they are collected. In a process of
// its own, whose garbage collector can be called.

import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, it } from "vitest";

/** Writes what the memory holds: with parameters in use, after they were dropped, and after many more were. */
const PROGRAM = `
  import { currentBackend, Dense, Parameter, Random, tensor, zeros } from "@adjoint/core";
  const backend = currentBackend();
  async function collected() {
    for (let i = 0; i < 5; i++) {
      await new Promise((resolve) => setTimeout(resolve, 10));
      globalThis.gc();
    }
    return backend.memory();
  }
  const kept = new Parameter(tensor([1, 2, 3]), "kept");
  let dropped = Array.from({ length: 10 }, (_, i) => new Parameter(zeros([1000 + i]), "dropped"));
  const during = await collected();
  // its memory is given back now, and not again when it is collected
  dropped[9].dispose();
  dropped = dropped.slice(0, 1);
  const after = await collected();
  const random = new Random(1);
  const pages = [];
  for (let round = 0; round < 6; round++) {
    for (let i = 0; i < 20; i++) new Dense(300, 300, { random });
    pages.push((await collected()).pages);
  }
  dropped.length = 0;
  const end = await collected();
  console.log(JSON.stringify({ during, after, pages, end, kept: Array.from(kept.dataSync()) }));
`;

interface Memory {
  readonly pages: number;
  readonly buffers: number;
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "adjoint-finalizer-"));
});
afterAll(() => rm(folder, { recursive: true }));

it("frees parameters that were dropped, once, and no others", async () => {
  const bundle = join(folder, "program.mjs");
  await build({
    stdin: { contents: PROGRAM, resolveDir: fileURLToPath(new URL(".", import.meta.url)), loader: "ts" },
    outfile: bundle,
    bundle: true,
    platform: "node",
    format: "esm",
    conditions: ["@adjoint/source"],
    logLevel: "silent",
  });
  const { stdout } = await promisify(execFile)(process.execPath, ["--expose-gc", bundle]);
  const found = JSON.parse(stdout) as Record<"during" | "after" | "end", Memory> & { pages: number[]; kept: number[] };
  expect(found.during.buffers).toBe(11);
  expect(found.after.buffers).toBe(2);
  // 20 layers are 7 MB, 110 pages: rounds after the first take what was given back
  expect(new Set(found.pages.slice(1)).size).toBe(1);
  expect([found.end.buffers, found.kept]).toEqual([1, [1, 2, 3]]);
});
