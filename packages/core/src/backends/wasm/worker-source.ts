// What a worker runs, as text, since it is started from a string in Node and from a Blob in a browser: then no file
// has to be found, in no bundle. It waits for jobs in shared memory; see thread-pool.ts for who writes what there.

/** Places in the pool's part of shared memory, as indices of 32-bit words: those written often on lines of their own. */
export const POOL = {
  /** Counts jobs; the caller raises it when one is there. */
  generation: 0,
  /** How many parts of the job nobody has taken yet: who takes one away may take a part. */
  left: 16,
  /** The first of the parts that workers took: they take them from the end, the caller from the start. */
  end: 17,
  /** How many parts of the job workers have finished. */
  done: 32,
  /** How many workers sleep and have to be woken. */
  asleep: 48,
  /** How many workers are up. */
  ready: 64,
  /** 1 where a part failed. */
  failed: 65,
  /** The kernel's number; −1 ends the workers. */
  kernel: 66,
  /** 1 while the caller sleeps. */
  callerAsleep: 67,
  /** How many parts each worker has finished since it started. */
  finished: 128,
  /** Byte offset of the values of the parts, and how many each part has. */
  values: 1024,
  valueCount: 16,
  /** How many parts a job can have. */
  parts: 256,
} as const;

/** How often a worker looks for the next job before it sleeps: about a tenth of a millisecond. */
const SPINS = 200_000;

/** What a worker is told when it starts. */
export interface WorkerStart {
  readonly modules: readonly WebAssembly.Module[];
  readonly memory: WebAssembly.Memory;
  readonly names: readonly string[];
  /** Where the pool's part of the memory begins. */
  readonly address: number;
  /** 1 for the first worker; the calling thread is 0. */
  readonly thread: number;
  readonly native?: NativeSource;
}

/** How a worker in Node makes the function that a backend adds to the kernels, under the name "native". */
export interface NativeSource {
  /** The body of a function of (require, memory, data) that returns it. */
  readonly source: string;
  /** What the body needs to know; it is cloned. */
  readonly data: unknown;
}

const values = Array.from({ length: POOL.valueCount }, (_, i) => `values[at + ${i}]`).join(", ");

export const WORKER_SOURCE = `"use strict";
function work({ modules, memory, names, address, thread, native }) {
  const kernels = {};
  for (const module of modules) {
    const instance = new WebAssembly.Instance(module, { env: { memory } }).exports;
    instance.setThread(thread);
    Object.assign(kernels, instance);
  }
  const functions = names.map((name) => kernels[name]);
  if (native) functions[names.indexOf("native")] = new Function("require", "memory", "data", native.source)(require, memory, native.data);
  const shared = new Int32Array(memory.buffer, address, ${POOL.values / 4});
  const values = new Float64Array(memory.buffer, address + ${POOL.values}, ${POOL.valueCount * POOL.parts});
  let generation = 0;
  Atomics.add(shared, ${POOL.ready}, 1);
  for (;;) {
    let next = kernels.spinWhile(address, generation, ${SPINS});
    if (next === generation) {
      Atomics.add(shared, ${POOL.asleep}, 1);
      next = kernels.sleepWhile(address, generation);
      Atomics.sub(shared, ${POOL.asleep}, 1);
    }
    generation = next;
    if (Atomics.load(shared, ${POOL.kernel}) < 0) return;
    while (Atomics.sub(shared, ${POOL.left}, 1) > 0) {
      const at = ${POOL.valueCount} * (Atomics.sub(shared, ${POOL.end}, 1) - 1);
      try {
        functions[shared[${POOL.kernel}]](${values});
      } catch {
        Atomics.store(shared, ${POOL.failed}, 1);
      }
      shared[${POOL.finished} + thread]++;
      Atomics.add(shared, ${POOL.done}, 1);
      if (Atomics.load(shared, ${POOL.callerAsleep})) Atomics.notify(shared, ${POOL.done});
    }
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
