// A program for a Node process of its own: computes on three threads, says so, and does nothing to end. With the
// argument "ready" it waits until all threads are up, with "unready" it only has them start; with "idle" it has them
// start and computes nothing, and with "small" it has too little to compute for them to be started.

import { ones, useBackend, WasmBackend } from "@adjoint/core";
import { leaveAllToWorkers, watchWorkers } from "./worker-census.js";

const mode = process.argv[2];
const census = watchWorkers();
const { backend } = await useBackend("wasm", { threads: 3 });
if (!(backend instanceof WasmBackend)) throw new Error("useBackend gave another backend than the wasm one");
const ready = mode === "small" ? undefined : backend.ready();
if (mode === "ready") {
  await ready;
  leaveAllToWorkers();
}
const product =
  mode === "idle"
    ? 0
    : ones([257, 129])
        .matmul(ones([129, 255]))
        .sum()
        .itemSync();
const helped = census.parts().some((count) => count > 0);
process.stdout.write(JSON.stringify({ threads: backend.threads, workers: census.nodeWorkers.length, helped, product }));
