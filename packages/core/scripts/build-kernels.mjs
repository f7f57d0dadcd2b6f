// Compiles assembly/ and writes src/backends/wasm/kernels.generated.ts: the module for shared memory, as base64, of
// which kernels.ts makes the one without. `--relaxed` allows fused multiply-add, which gives up bits that are the same
// on every machine.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import asc from "assemblyscript/asc";

const root = fileURLToPath(new URL("..", import.meta.url));
const relaxed = process.argv.includes("--relaxed");
const folder = mkdtempSync(join(tmpdir(), "adjoint-kernels-"));

/** The module as bytes. Throws with the compiler's words where it does not compile. */
async function compile() {
  const out = join(folder, "kernels.wasm");
  const features = ["simd", "threads", ...(relaxed ? ["relaxed-simd"] : [])];
  const memory = ["--importMemory", "--sharedMemory", "--initialMemory", "1", "--maximumMemory", "65536"];
  // -O3 merges the loops of a kernel that differ in their body alone into one with a switch inside: half the speed
  const flags = ["--runtime", "stub", "--noAssert", "-O2", "--converge", "--use", "abort=", ...memory];
  const enabled = features.flatMap((feature) => ["--enable", feature]);
  const { error, stderr } = await asc.main([join(root, "assembly/index.ts"), "-o", out, ...flags, ...enabled]);
  if (error) throw new Error(`${error.message}\n${stderr.toString()}`);
  return readFileSync(out);
}

try {
  const bytes = await compile();
  const header = "// Written by scripts/build-kernels.mjs from assembly/. Not for editing, not in version control.\n\n";
  const constant = `/** ${bytes.length} bytes of WebAssembly, in base64. */\nexport const KERNELS =\n  "${bytes.toString("base64")}";\n`;
  writeFileSync(join(root, "src/backends/wasm/kernels.generated.ts"), header + constant);
  console.log(`kernels: ${bytes.length} bytes, ${gzipSync(bytes).length} gzipped`);
  console.log(`kernels.generated.ts: ${gzipSync(header + constant, { level: 9 }).length} bytes gzipped`);
} finally {
  rmSync(folder, { recursive: true });
}
