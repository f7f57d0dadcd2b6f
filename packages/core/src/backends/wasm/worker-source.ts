// What a worker runs, as text, since it is started from a string in Node and from a Blob in a browser: then no file
// has to be found, in no bundle. It waits for jobs in shared memory; see thread-pool.ts for who writes what there.

/** Places in a thread's slot of shared memory, as indices of 32-bit words, and where the values of a job begin. */
export const SLOT = {
  bytes: 512,
  /** Counts jobs; the caller raises it to hand one out. */
  generation: 0,
  /** The last job that was finished. */
  done: 16,
  /** 1 while the worker sleeps and has to be woken. */
  asleep: 32,
  /** 1 once the worker waits for jobs. */
  ready: 33,
  /** 1 where the job failed. */
  failed: 34,
  /** The kernel's number; −1 ends the worker. */
  kernel: 35,
  /** Byte offset of the job's values. */
  values: 256,
  /** How many values a job can have. */
  valueCount: 16,
} as const;

/** How often a worker looks for the next job before it sleeps: some tens of µs. */
const SPINS = 40_000;

/** What a worker is told when it starts. */
export interface WorkerStart {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly names: readonly string[];
  /** The address of its slot. */
  readonly address: number;
}

const values = Array.from({ length: SLOT.valueCount }, (_, i) => `values[${i}]`).join(", ");

export const WORKER_SOURCE = `"use strict";
function work({ module, memory, names, address }) {
  const kernels = new WebAssembly.Instance(module, { env: { memory } }).exports;
  const functions = names.map((name) => kernels[name]);
  const slot = new Int32Array(memory.buffer, address, ${SLOT.values / 4});
  const values = new Float64Array(memory.buffer, address + ${SLOT.values}, ${SLOT.valueCount});
  let generation = 0;
  Atomics.store(slot, ${SLOT.ready}, 1);
  for (;;) {
    let next = kernels.spinWhile(address, generation, ${SPINS});
    if (next === generation) {
      Atomics.store(slot, ${SLOT.asleep}, 1);
      next = kernels.sleepWhile(address, generation);
      Atomics.store(slot, ${SLOT.asleep}, 0);
    }
    generation = next;
    if (slot[${SLOT.kernel}] < 0) return;
    try {
      functions[slot[${SLOT.kernel}]](${values});
    } catch {
      Atomics.store(slot, ${SLOT.failed}, 1);
    }
    Atomics.store(slot, ${SLOT.done}, generation);
    Atomics.notify(slot, ${SLOT.done});
  }
}
if (typeof process === "object" && process.versions && process.versions.node) {
  work(require("node:worker_threads").workerData);
} else {
  self.onmessage = (event) => {
    work(event.data);
    self.close();
  };
}
`;
