// Every primitive of the backend contract on the wasm backend, at sizes at which threads take part: the sum of each
// result, and how many threads computed it. Runs in Node, in a page and in a Web Worker.

import { type Backend, useBackend, WasmBackend } from "@adjoint/core";
import { sha256 } from "./hashes.js";
import { type KernelCase, kernelCases, ONE_THREAD } from "./kernel-cases.js";
import { Operands } from "./kernel-operands.js";
import { leaveAllToWorkers, type WorkerCensus, watchWorkers } from "./worker-census.js";

/** What the kernels gave. */
export interface KernelOutcome {
  /** SHA-256 sums of the results, by the name of the case. */
  readonly sums: Record<string, string>;
  /** Threads that the backend says it has. */
  readonly threads: number;
  /** The cases that ran on the calling thread alone, other than those of ONE_THREAD. */
  readonly alone: readonly string[];
  /** The cases that gave NaN, whose bits engines may choose. */
  readonly notNumbers: readonly string[];
}

/** Runs all cases on a new wasm backend with so many threads, all up before the first; the workers do what is cut. */
export async function runKernels(threads: number, { wide = false } = {}): Promise<KernelOutcome> {
  const census = watchWorkers();
  try {
    const { backend } = await useBackend("wasm", { threads, wide });
    if (!(backend instanceof WasmBackend)) throw new Error("useBackend gave another backend than the wasm one");
    try {
      await backend.ready();
      const takePartAgain = leaveAllToWorkers();
      try {
        return { ...(await runCases(backend, census)), threads: backend.info().threads };
      } finally {
        takePartAgain();
      }
    } finally {
      await backend.dispose();
    }
  } finally {
    census.stop();
  }
}

async function runCases(backend: Backend, census: WorkerCensus): Promise<Omit<KernelOutcome, "threads">> {
  const sums: Record<string, string> = {};
  const alone: string[] = [];
  const notNumbers: string[] = [];
  for (const kernelCase of kernelCases) {
    const { name } = kernelCase;
    if (name in sums) throw new Error(`two cases are named ${name}`);
    const before = census.parts();
    const values = compute(backend, kernelCase);
    const isAlone = census.parts().every((count, i) => count === before[i]);
    if (isAlone && !ONE_THREAD.includes(name)) alone.push(name);
    if (values.some(Number.isNaN)) notNumbers.push(name);
    sums[name] = await sha256(values);
  }
  return { sums, alone, notNumbers };
}

/** The results of a case one after the other. All that it made is freed. */
function compute(backend: Backend, { run }: KernelCase): Float32Array {
  const operands = new Operands(backend);
  const results = run(operands);
  const values = new Float32Array(results.reduce((size, result) => size + result.size, 0));
  let at = 0;
  for (const result of results) {
    values.set(backend.readSync(result), at);
    at += result.size;
    backend.free(result);
  }
  operands.free();
  return values;
}
