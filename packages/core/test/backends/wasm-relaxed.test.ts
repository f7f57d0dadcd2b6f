// Relaxed SIMD: an option of the wasm backend. Node 20 has it behind a flag, so it is tried in a process of its own.

import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { useBackend, WasmBackend } from "@adjoint/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bundleForNode } from "../browser/bundling.js";

const execute = promisify(execFile);
const FLAG = "--experimental-wasm-relaxed-simd";
/** A module with one function, which adds by f32x4.relaxed_madd: where it is valid, there is relaxed SIMD. */
const PROBE = Uint8Array.of(
  ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 6, 1, 0x60, 1, 0x7b, 1, 0x7b, 3, 2, 1, 0],
  ...[10, 13, 1, 11, 0, 0x20, 0, 0x20, 0, 0x20, 0, 0xfd, 0x85, 2, 0x0b],
);
const isBuiltIn = WebAssembly.validate(PROBE);

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "adjoint-relaxed-"));
  await writeFile(join(folder, "program.mjs"), await bundleForNode("relaxed-program.ts"));
});

afterAll(async () => {
  await rm(folder, { recursive: true });
  await useBackend("reference");
});

describe("the wasm backend with relaxed SIMD", () => {
  it.each([1, 3])(
    "computes products as accurate, and the same GAN within rounding, on %i thread(s)",
    async (threads) => {
      const flags = isBuiltIn ? [] : [FLAG];
      const { stdout } = await execute(process.execPath, [...flags, join(folder, "program.mjs"), String(threads)]);
      const { products, name, worst, differing, loss, plainLoss } = JSON.parse(stdout);
      expect([name, products]).toEqual(["wasm", "wasm relaxed simd"]);
      // in units of √k · 2⁻²⁴ · ‖row‖‖column‖
      expect(worst).toBeLessThan(4);
      // fused is not the same: else this would test the plain kernels
      expect(differing).toBeGreaterThan(0);
      expect(Math.abs(loss - plainLoss)).toBeLessThan(1e-4);
    },
  );

  it.skipIf(isBuiltIn)("says what it needs where there is none", async () => {
    await expect(useBackend("wasm", { relaxed: true })).rejects.toThrow(
      "`relaxed` needs relaxed SIMD: Node 22, Chrome 114 or newer, or Node 20 with --experimental-wasm-relaxed-simd",
    );
  });

  it("is not what one gets without asking", async () => {
    const { backend } = await useBackend("wasm", { threads: 1 });
    expect(backend).toBeInstanceOf(WasmBackend);
    expect([backend.info().products, (backend as WasmBackend).relaxed]).toEqual(["wasm simd", false]);
    await backend.dispose();
  });
});
