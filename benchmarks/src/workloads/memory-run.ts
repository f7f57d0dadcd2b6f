// A process of its own that trains the GAN and says, after as many iterations as each argument has, what memory it
// holds: a line of JSON each. Needs --expose-gc.

import { currentBackend, Random, scope, useBackend, WasmBackend } from "@adjoint/core";
import { drawBatch } from "../../../examples/mnist-gan/src/batches.js";
import { createOptimizers, ganStep } from "../../../examples/mnist-gan/src/step.js";
import { createByteSource, createSizedModels } from "../contestants/adjoint-gan.js";

/** Collections that gave nothing back, one after the other, after which no more is expected of another one. */
const IN_VAIN = 10;

const [threads = "1", ...moments] = process.argv.slice(2);
await useBackend("wasm", { threads: Number(threads) });
const models = createSizedModels(128, new Random(1));
const optimizers = createOptimizers(models, 1e-3);
const source = createByteSource(128);

let done = 0;
for (const moment of moments.map(Number)) {
  while (done < moment) {
    scope(() => {
      ganStep(models, optimizers, drawBatch(source));
    });
    // what frees buffers and answers workers gets its turn, as in any program
    if (++done % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  console.log(JSON.stringify({ iterations: done, ...(await measure()) }));
}

async function measure() {
  const residentBytes = await collect();
  const backend = currentBackend();
  const memory = backend instanceof WasmBackend ? backend.memory() : undefined;
  return { residentBytes, wasmPages: memory?.pages, wasmBuffers: memory?.buffers };
}

/**
 * Collects until nothing more is given back; what the process holds then. Finalizers run after a collection, and what they
 * free the next one takes; V8 gives pages back in the background, by and by.
 */
async function collect(): Promise<number> {
  if (!globalThis.gc) throw new Error("memory: start Node with --expose-gc");
  let least = Number.POSITIVE_INFINITY;
  for (let inVain = 0; inVain < IN_VAIN; inVain++) {
    globalThis.gc();
    await new Promise((resolve) => setTimeout(resolve, 20));
    const { rss } = process.memoryUsage();
    if (rss < least) [least, inVain] = [rss, 0];
  }
  return least;
}
