// What a worker runs, as text, since it is started from a string in Node and from a Blob in a browser: then no file
// has to be found, in no bundle. It takes parts of jobs from a queue in shared memory: see assembly/jobs.ts.

/** Where the pool's part of shared memory has what: byte offsets. The queue's own are those of assembly/jobs.ts. */
export const POOL = {
  /** How many threads sleep, or are about to. */
  sleepers: 192,
  /** 1 where a part failed. */
  failed: 256,
  /** How many workers are up. */
  ready: 320,
  /** 1 where the workers shall end. */
  closed: 324,
  /** How many parts each thread has finished since it started. */
  finished: 512,
  /** 1 for each thread that has come up. */
  up: 768,
  /** Which kernel a call is of, for all calls that there is room for, and of the first of a part how many it has. */
  codes: 3072,
  /** The values of a call. */
  values: 16_384,
  /** How many values a call has. */
  valueCount: 16,
  /** How many jobs there is room for, and how many calls. */
  jobs: 256,
  places: 2048,
} as const;

/** A word of the codes has the number of calls above so many bits. */
export const CODE_BITS = 16;

/** The bytes that the pool takes. */
export const POOL_BYTES = POOL.values + 8 * POOL.valueCount * POOL.places;

/** How often a thread looks for the next part before it looks at the clock: some hundredths of a millisecond. */
export const LOOKS = 20_000;

/** What a worker is told when it starts. */
export interface WorkerStart {
  readonly modules: readonly WebAssembly.Module[];
  readonly memory: WebAssembly.Memory;
  readonly names: readonly string[];
  /** Where the pool's part of the memory begins. */
  readonly address: number;
  /** 1 for the first worker; the calling thread is 0. */
  readonly thread: number;
  /** How many panels of B a tile of a product takes at once. */
  readonly panels: number;
  /** How long it looks for a part before it sleeps, in milliseconds. */
  readonly awake: number;
  /** The data of `NativeSource`. */
  readonly native?: unknown;
}

/** How a worker in Node makes the function that a backend adds to the kernels, under the name "native". */
export interface NativeSource {
  /** The body of a function of (require, memory, data) that returns it. `require` takes absolute paths. */
  readonly source: string;
  /** What the body needs to know; it is cloned. */
  readonly data: unknown;
}

const values = Array.from({ length: POOL.valueCount }, (_, i) => `values[at + ${i}]`).join(", ");

const WORK = `"use strict";
function work({ modules, memory, names, address, thread, panels, awake, native }, makeNative) {
  const kernels = {};
  for (const module of modules) {
    const instance = new WebAssembly.Instance(module, { env: { memory } }).exports;
    instance.setThread(thread);
    instance.takePanels(panels);
    Object.assign(kernels, instance);
  }
  const functions = names.map((name) => kernels[name]);
  if (makeNative) functions[names.indexOf("native")] = makeNative(memory, native);
  const words = new Int32Array(memory.buffer, address, ${POOL.values / 4});
  const values = new Float64Array(memory.buffer, address + ${POOL.values}, ${POOL.valueCount * POOL.places});
  const { takePart, endPart, awaitPart, sleep } = kernels;
  Atomics.store(words, ${POOL.up / 4} + thread, 1);
  Atomics.add(words, ${POOL.ready / 4}, 1);
  let idleSince = 0;
  while (!Atomics.load(words, ${POOL.closed / 4})) {
    const part = takePart(address, 1);
    if (part < 0) {
      if (awaitPart(address, ${LOOKS}, 1)) continue;
      const now = performance.now();
      idleSince ||= now;
      if (now - idleSince < awake) continue;
      Atomics.add(words, ${POOL.sleepers / 4}, 1);
      sleep(address, -1);
      Atomics.sub(words, ${POOL.sleepers / 4}, 1);
      idleSince = 0;
      continue;
    }
    idleSince = 0;
    let failed = 0;
    try {
      const calls = words[${POOL.codes / 4} + part] >>> ${CODE_BITS};
      for (let i = 0; i < calls; i++) {
        const place = (part + i) & ${POOL.places - 1};
        const at = ${POOL.valueCount} * place;
        functions[words[${POOL.codes / 4} + place] & ${2 ** CODE_BITS - 1}](${values});
      }
    } catch {
      failed = 1;
    }
    endPart(address, thread, failed);
  }
}
`;

/**
 * For Node: a script and a module alike, so that it needs no `require` of its own, and no code is made from a string in
 * it, which a flag of V8 forbids.
 *
 * @param native the body of the function that is added to the kernels
 */
export function nodeWorkerSource(native: string | undefined): string {
  const load = 'process.getBuiltinModule("node:module").createRequire(process.execPath)';
  const make = native ? `(memory, data) => ((require) => {${native}})(${load})` : "undefined";
  return `${WORK}work(process.getBuiltinModule("node:worker_threads").workerData, ${make});\n`;
}

/** For a Web Worker, which is sent its start. */
export function webWorkerSource(): string {
  return `${WORK}self.onmessage = (event) => {
  work(event.data);
  self.close();
};
self.onmessageerror = () => {
  throw new Error("it could not take over the kernels or the shared memory");
};
`;
}
