// How the tests of the whole workspace run: on the sources, with no build in between. Only the package tests
// (packages/*/test/package) look at what was built.

import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

/** `@adjoint/source` leads from `@adjoint/core` to packages/core/src; the rest are vite's own for Node. */
const conditions = ["@adjoint/source", "module", "node", "development|production"];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: [
      "packages/*/src/**/*.test.ts",
      "packages/*/test/**/*.test.ts",
      "examples/*/test/**/*.test.ts",
      "benchmarks/test/**/*.test.ts",
      "scripts/**/*.test.ts",
    ],
    setupFiles: ["packages/core/test/setup.ts"],
    restoreMocks: true,
    // vitest would leave one of two processors to itself, and does little
    maxWorkers: Math.max(2, availableParallelism() - 1),
    // Only to end what hangs: no test may depend on how fast the machine is.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    reporters: process.env.ADJOINT_COUNTS ? ["default", "./scripts/count-reporter.mjs"] : ["default"],
    coverage: {
      provider: "v8",
      include: ["packages/*/src/**/*.ts"],
      exclude: ["**/*.test.ts"],
      reporter: ["text", "html", "json-summary"],
    },
  },
});
