// Compiles assembly/ and writes src/backends/wasm/kernels.generated.ts, in hexadecimal digits: the modules for shared
// memory, of which kernels.ts makes those without. The second has the tiles of products once more, with fused
// multiply-add, which gives up bits that are the same on every machine.
//
// Base64 would be shorter, but writes the same bytes in three ways, by where they lie, and a compressor does not know them
// again: compressed, as it travels, it is a fifth longer.

import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import asc from "assemblyscript/asc";
import binaryen from "assemblyscript/binaryen";
import { adam, correctedAdam } from "../assembly/adam.mjs";
import { lockstepText } from "../assembly/lockstep.mjs";
import { tanh } from "../assembly/tanh.mjs";
import { tilesText } from "../assembly/tiles.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "adjoint-kernels-"));

/** A module as bytes. Throws with the compiler's words where it does not compile. */
async function compile(source, features) {
  const out = join(folder, "kernels.wasm");
  const memory = ["--importMemory", "--sharedMemory", "--initialMemory", "1", "--maximumMemory", "65536"];
  // -O3 merges the loops of a kernel that differ in their body alone into one with a switch inside: half the speed
  const flags = ["--runtime", "stub", "--noAssert", "-O2", "--converge", "--use", "abort=", ...memory];
  const enabled = features.flatMap((feature) => ["--enable", feature]);
  const { error, stderr } = await asc.main([join(root, "assembly", source), "-o", out, ...flags, ...enabled]);
  if (error) throw new Error(`${error.message}\n${stderr.toString()}`);
  return linked(readFileSync(out), features.includes("relaxed-simd"));
}

/** The module with what is written in WebAssembly text in the place of the imports that stand for it. */
function linked(bytes, fused) {
  const texts = {
    tiles: (name) => tilesText(name, { fused }),
    wideTiles: (name) => tilesText(name, { fused, panels: 2 }),
    tanh: (name) => lockstepText(name, tanh),
    adam: (name) => lockstepText(name, adam),
    correctedAdam: (name) => lockstepText(name, correctedAdam),
  };
  let text = binaryen.readBinary(bytes).emitText();
  for (const [, stand, base, name] of text.matchAll(/(\(import "assembly" "(\w+)" \(func (\S+) .*\)\)\n)/g)) {
    if (!texts[base]) throw new Error(`nothing is written for the import "${base}" of assembly/`);
    const end = text.lastIndexOf(")");
    text = `${text.slice(0, end).replace(stand, "")}${texts[base](name)})`;
  }
  const module = binaryen.parseText(text);
  module.setFeatures(binaryen.Features.All);
  if (!module.validate()) throw new Error("the module with what is written in text is not valid");
  return Buffer.from(module.emitBinary());
}

try {
  const bytes = await compile("index.ts", ["simd", "threads"]);
  const relaxed = await compile("relaxed.ts", ["simd", "threads", "relaxed-simd"]);
  const header = "// Written by scripts/build-kernels.mjs from assembly/. Not for editing, not in version control.\n\n";
  const constant = (name, module) =>
    `/** ${module.length} bytes of WebAssembly. */\nexport const ${name} =\n  "${module.toString("hex")}";\n`;
  const id = createHash("sha256").update(bytes).digest("hex").slice(0, 16);
  const idText = `/** Tells these kernels from those of other versions. */\nexport const KERNELS_ID = "${id}";\n`;
  const text = `${header}${constant("KERNELS", bytes)}\n${constant("RELAXED_KERNELS", relaxed)}\n${idText}`;
  writeFileSync(join(root, "src/backends/wasm/kernels.generated.ts"), text);
  for (const [name, module] of Object.entries({ kernels: bytes, relaxed })) {
    console.log(`${name}: ${module.length} bytes, ${gzipSync(module).length} gzipped`);
  }
  console.log(`kernels.generated.ts: ${gzipSync(text, { level: 9 }).length} bytes gzipped`);
} finally {
  rmSync(folder, { recursive: true });
}
