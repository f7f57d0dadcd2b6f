// What a user's bundle gets of the core, minified and gzipped, without the packages that are loaded only when asked.

import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import type { SizeTable } from "../report.js";

const PROGRAMS: Readonly<Record<string, string>> = {
  "everything that the core exports": `export * from "@adjoint/core";`,
  "tensors and their methods":
    'import { tensor } from "@adjoint/core"; console.log(tensor([[1]]).matmul(tensor([[2]])));',
};

/** Bundles each program for a browser. */
export async function measureSizes(): Promise<SizeTable> {
  const rows = [];
  for (const [name, contents] of Object.entries(PROGRAMS)) {
    const result = await build({
      stdin: { contents, resolveDir: fileURLToPath(new URL(".", import.meta.url)) },
      bundle: true,
      minify: true,
      format: "esm",
      platform: "browser",
      external: ["gpu.js", "koffi", "node:*"],
      write: false,
    });
    const bytes = result.outputFiles[0]?.contents ?? new Uint8Array();
    rows.push({ name, bytes: bytes.length, gzippedBytes: gzipSync(bytes, { level: 9 }).length });
  }
  return { title: "Bundle size, kernels included, without gpu.js", rows };
}
