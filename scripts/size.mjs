// `npm run size`: builds the core and prints what a user's bundle gets of it, minified, without gpu.js: everything that
// it exports, and what a program needs that only makes and multiplies tensors.

import { gzipSync } from "node:zlib";
import { buildOrExit } from "./lib/build.mjs";
import { install } from "./lib/install.mjs";
import { ROOT } from "./lib/workspace.mjs";

const PROGRAMS = {
  "everything, gpu backend included": `export * from "@adjoint/core";`,
  "tensors and their methods": `import { tensor } from "@adjoint/core"; console.log(tensor([[1]]).matmul(tensor([[2]])));`,
};

const { code } = await install("everything");
if (code !== 0) process.exit(code);
await buildOrExit(["core"]);
const { build } = await import("esbuild");

for (const [name, contents] of Object.entries(PROGRAMS)) {
  const result = await build({
    stdin: { contents, resolveDir: ROOT },
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    external: ["gpu.js"],
    write: false,
  });
  const bytes = result.outputFiles[0]?.contents ?? new Uint8Array();
  console.log(`${name}: ${kilobytes(bytes.length)}, ${kilobytes(gzipSync(bytes, { level: 9 }).length)} gzipped`);
}

/** @param {number} bytes */
function kilobytes(bytes) {
  return `${(bytes / 1000).toFixed(1)} kB`;
}
