// Programs of the tests as single files, made by esbuild from the sources of the library or from its build.

import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type Plugin } from "esbuild";

const HERE = dirname(fileURLToPath(import.meta.url));

/**
 * The example's models import the side of an image from the file that also reads MNIST from disk. Imports of Node that
 * are not used are dropped; one that were used would be found by `expectNoNode`.
 */
const unusedNode: Plugin = {
  name: "unused-node",
  setup({ onResolve }) {
    onResolve({ filter: /^node:/ }, ({ path }) => ({ path, external: true, sideEffects: false }));
  },
};

/** The text of one file for browsers, made from a file of this folder and the sources of the library. */
export function bundleForBrowser(file: string): Promise<string> {
  return bundle(file, "browser", []);
}

/** Likewise of a file that imports gpu.js. The package gl, which gpu.js tries to load, is for Node. */
export function bundleWithGpu(file: string): Promise<string> {
  return bundle(file, "browser", ["gl"]);
}

/** Likewise for Node. */
export function bundleForNode(file: string): Promise<string> {
  return bundle(file, "node", []);
}

/** @param external what is left out */
async function bundle(file: string, platform: "browser" | "node", external: string[]): Promise<string> {
  const { outputFiles, metafile } = await build({
    entryPoints: [join(HERE, file)],
    bundle: true,
    minify: true,
    format: "esm",
    platform,
    conditions: ["@adjoint/source"],
    external,
    ...(platform === "browser" ? { plugins: [unusedNode] } : {}),
    target: "es2022",
    metafile: true,
    write: false,
    logLevel: "silent",
  });
  const imports = Object.values(metafile.outputs).flatMap((output) => output.imports.map(({ path }) => path));
  const nodes = imports.filter((path) => path.startsWith("node:"));
  if (platform === "browser" && nodes.length > 0) throw new Error(`${file} needs ${nodes.join(", ")} in a browser`);
  return outputFiles[0]?.text ?? "";
}
