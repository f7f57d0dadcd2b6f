// What a user's bundle gets of the core, minified and gzipped: what a page loads at once, with the kernels, and what it
// loads only where that is chosen. Without gpu.js and koffi, which are the user's own.

import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { type BuildResult, build } from "esbuild";
import type { SizeTable } from "../report.js";

const PROGRAMS: Readonly<Record<string, string>> = {
  "everything that the core exports": `export * from "@adjoint/core";`,
  "tensors and their methods":
    'import { tensor } from "@adjoint/core"; console.log(tensor([[1]]).matmul(tensor([[2]])));',
};

/** The files of a bundle by name. */
type Bundle = BuildResult<{ write: false; metafile: true }>;

/** Bundles each program for a browser, with what it imports dynamically in files of its own. */
export async function measureSizes(): Promise<SizeTable> {
  const rows = [];
  for (const [name, contents] of Object.entries(PROGRAMS)) {
    const bundle = await bundleProgram(contents);
    const [entry = "", ...lazy] = entriesOf(bundle);
    const atOnce = loadedBy(bundle, entry);
    rows.push({ name, ...sizeOf(bundle, atOnce) });
    for (const file of lazy) {
      const more = [...loadedBy(bundle, file)].filter((other) => !atOnce.has(other));
      // `gpu-SSJ6C262.js` is the backend gpu; what is not named for a backend is small and internal
      const backend = /^(gpu|blas)-/.exec(basename(bundle.metafile.outputs[file]?.entryPoint ?? ""))?.[1];
      if (backend) rows.push({ name: `${name}: more for ${backend}, when it is chosen`, ...sizeOf(bundle, more) });
    }
  }
  return { title: "Bundle size, kernels included, without gpu.js", rows };
}

function bundleProgram(contents: string): Promise<Bundle> {
  return build({
    stdin: { contents, resolveDir: fileURLToPath(new URL(".", import.meta.url)) },
    bundle: true,
    minify: true,
    splitting: true,
    outdir: "bundle",
    format: "esm",
    platform: "browser",
    logLevel: "error",
    metafile: true,
    write: false,
  });
}

/** The files that loading begins with: that of the program first, then those that it may import later. */
function entriesOf({ metafile }: Bundle): string[] {
  const files = Object.entries(metafile.outputs).filter(([, { entryPoint }]) => entryPoint !== undefined);
  return files
    .sort(([, a], [, b]) => Number(b.entryPoint === "<stdin>") - Number(a.entryPoint === "<stdin>"))
    .map(first);
}

/** A file and all that it imports statically. */
function loadedBy(bundle: Bundle, file: string, loaded = new Set<string>()): Set<string> {
  const { outputs } = bundle.metafile;
  if (loaded.has(file)) return loaded;
  loaded.add(file);
  for (const { kind, path } of outputs[file]?.imports ?? []) {
    if (kind === "import-statement" && path in outputs) loadedBy(bundle, path, loaded);
  }
  return loaded;
}

/** Each file is compressed by itself, as a server does. */
function sizeOf({ outputFiles }: Bundle, files: Iterable<string>): { bytes: number; gzippedBytes: number } {
  const names = new Set([...files].map((file) => basename(file)));
  const contents = outputFiles.filter(({ path }) => names.has(basename(path))).map((file) => file.contents);
  return {
    bytes: contents.reduce((sum, { length }) => sum + length, 0),
    gzippedBytes: contents.reduce((sum, bytes) => sum + gzipSync(bytes, { level: 9 }).length, 0),
  };
}

function first([file]: [string, unknown]): string {
  return file;
}
