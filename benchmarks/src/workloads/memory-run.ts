// A process of its own that trains the GAN and says, after as many iterations as each argument has, what memory it
// holds: a line of JSON each. Needs --expose-gc.

import { currentBackend, Random, scope, useBackend, WasmBackend } from "@adjoint/core";
import { drawBatch } from "../../../examples/mnist-gan/src/batches.js";
import { createOptimizers, ganStep } from "../../../examples/mnist-gan/src/step.js";
import { createByteSource, createSizedModels } from "../contestants/adjoint-gan.js";

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
  if (!globalThis.gc) throw new Error("memory: start Node with --expose-gc");
  // finalizers run after a collection, and what they free the next one takes
  for (let i = 0; i < 4; i++) {
    globalThis.gc();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const backend = currentBackend();
  const memory = backend instanceof WasmBackend ? backend.memory() : undefined;
  return { residentBytes: process.memoryUsage().rss, wasmPages: memory?.pages, wasmBuffers: memory?.buffers };
}
