// A program for a Node whose V8 has vectors of 256 bits: the kernels and the GAN with them, and two engines without, of
// which one was there before, and one is made after: neither gets what was compiled for the other.

import { matmul, Random, randomNormal, useBackend } from "@adjoint/core";
import { createEngine } from "../../src/backends/wasm/create-engine.js";
import type { Engine } from "../../src/backends/wasm/engine.js";
import { requireWide } from "../../src/backends/wasm/wide.js";
import { trainGan } from "./gan-program.js";
import { sha256 } from "./hashes.js";
import { runKernels } from "./kernel-program.js";

/** Whether an engine is refused as one without wide vectors. */
function isNarrow(engine: Engine): boolean {
  try {
    requireWide(engine);
    return false;
  } catch {
    return true;
  }
}

/** The sum of a product by fused multiply-add. */
async function relaxedProduct({ wide }: { wide: boolean }): Promise<string> {
  const { backend } = await useBackend("wasm", { threads: 1, relaxed: true, wide });
  const random = new Random(5);
  const [a, b] = [randomNormal([67, 515], { random }), randomNormal([515, 83], { random })];
  const sum = await sha256(Float32Array.from(matmul(a, b).dataSync()));
  await backend.dispose();
  return sum;
}

const threads = Number(process.argv[2]);
const before = await createEngine({ threads: 1 });
const { backend } = await useBackend("wasm", { threads, wide: true });
const info = backend.info();
const kernels = await runKernels(threads, { wide: true });
const gan = await trainGan(threads, { wide: true });
const relaxed = [await relaxedProduct({ wide: false }), await relaxedProduct({ wide: true })];
// for shared memory: V8 has not compiled these bytes before
const narrow = [before, await createEngine({ threads: 2 })].map(isNarrow);
process.stdout.write(JSON.stringify({ info, kernels, gan, relaxed, narrow }));
