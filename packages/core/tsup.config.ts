// The build of @adjoint/core: ESM, CJS and types. Splitting keeps what both entries use in files of its own, so that
// there is one current backend however many entries are imported, and the gpu backend in one that is loaded when asked.

import { writeFile } from "node:fs/promises";
import { defineConfig } from "tsup";
import { kernelFile } from "./src/backends/wasm/kernel-modules.js";

/** The kernels once more as files, for platforms that compile files and no bytes. */
async function writeKernels(): Promise<void> {
  for (const [name, shared] of [["kernels", false] as const, ["kernels-threads", true] as const]) {
    await writeFile(`dist/${name}.wasm`, kernelFile(shared));
  }
}

export default defineConfig({
  entry: {
    index: "src/index.ts",
    io: "src/io/index.ts",
    node: "src/io/node/index.ts",
    testing: "src/testing/index.ts",
    doctor: "src/doctor/index.ts",
    // for bin/adjoint.mjs alone
    command: "src/doctor/node/command.ts",
  },
  tsconfig: "tsconfig.build.json",
  format: ["esm", "cjs"],
  platform: "neutral",
  target: "es2022",
  splitting: true,
  // tsup's own way from split ESM to CommonJS spoils the source maps; Rollup, which this calls, does both well.
  treeshake: true,
  dts: true,
  sourcemap: true,
  clean: true,
  onSuccess: writeKernels,
});
