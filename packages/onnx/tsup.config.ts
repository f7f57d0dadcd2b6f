// The build of @adjoint/onnx: ESM, CJS and types. The core stays outside, so that its classes are the user's own.

import { defineConfig } from "tsup";

export default defineConfig({
  entry: { index: "src/index.ts" },
  tsconfig: "tsconfig.build.json",
  format: ["esm", "cjs"],
  platform: "neutral",
  target: "es2022",
  treeshake: true,
  dts: true,
  sourcemap: true,
  clean: true,
});
