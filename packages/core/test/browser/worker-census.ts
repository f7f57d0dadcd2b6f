// Which workers a wasm backend starts, in Node and in browsers alike, and how many parts of jobs each of them finished: the
// proof that several threads computed.

import { POOL, type WorkerStart } from "../../src/backends/wasm/worker-source.js";

/** The little of Node's process that finds its worker_threads. */
interface NodeProcess {
  getBuiltinModule?(name: string): { Worker: NodeWorkerClass };
}
type NodeWorkerClass = new (source: string, options: { workerData?: unknown }) => NodeWorker;
/** A worker of Node, as far as tests need to know it. */
export interface NodeWorker {
  readonly threadId: number;
  once(event: "exit", listener: () => void): void;
  terminate(): Promise<number>;
}

/** The workers started since `watchWorkers` was called. */
export interface WorkerCensus {
  /** How many parts of jobs each worker finished so far. */
  parts(): number[];
  /** How many workers sleep now. */
  sleepers(): number;
  /** The workers themselves, in Node. */
  readonly nodeWorkers: readonly NodeWorker[];
  /** Ends the watching. */
  stop(): void;
}

let helping = true;
const OriginalInstance = WebAssembly.Instance;

// An instance's exports cannot be changed: those of instances made after this module was loaded are copies, in which the
// calling thread finds no part to take while it does not help.
WebAssembly.Instance = new Proxy(OriginalInstance, {
  construct(target, [module, imports]: [WebAssembly.Module, WebAssembly.Imports]) {
    const { exports } = new target(module, imports);
    const { takePart } = exports as { takePart?: (at: number, last: number) => number };
    if (!takePart) return { exports };
    return { exports: { ...exports, takePart: (at: number, last: number) => (helping ? takePart(at, last) : -1) } };
  },
});

/**
 * Makes the calling thread take no part of any job, from here until what is returned is called: whatever is cut into
 * parts is then computed by workers alone. For engines made after this module was loaded.
 */
export function leaveAllToWorkers(): () => void {
  helping = false;
  return () => {
    helping = true;
  };
}

/** Notes down each worker that is started with kernels to compute, from here to `stop`. */
export function watchWorkers(): WorkerCensus {
  const starts: WorkerStart[] = [];
  const nodeWorkers: NodeWorker[] = [];
  const note = (message: unknown) => {
    if (isStart(message)) starts.push(message);
  };
  const { process } = globalThis as { process?: NodeProcess };
  const stop = process?.getBuiltinModule
    ? watchNode(process.getBuiltinModule("node:worker_threads"), note, nodeWorkers)
    : watchBrowser(note);
  const sleepers = () => starts.reduce((most, start) => Math.max(most, sleepersOf(start)), 0);
  return { parts: () => starts.map(partsOf), sleepers, nodeWorkers, stop };
}

function watchNode(
  modules: { Worker: NodeWorkerClass },
  note: (message: unknown) => void,
  workers: NodeWorker[],
): () => void {
  const original = modules.Worker;
  modules.Worker = class extends original {
    constructor(source: string, options: { workerData?: unknown }) {
      super(source, options);
      note(options.workerData);
      workers.push(this);
    }
  };
  return () => {
    modules.Worker = original;
  };
}

function watchBrowser(note: (message: unknown) => void): () => void {
  const original = globalThis.Worker;
  globalThis.Worker = class extends original {
    override postMessage(message: unknown): void {
      note(message);
      super.postMessage(message);
    }
  };
  return () => {
    globalThis.Worker = original;
  };
}

function isStart(message: unknown): message is WorkerStart {
  return typeof message === "object" && message !== null && "address" in message && "memory" in message;
}

function partsOf({ memory, address, thread }: WorkerStart): number {
  return Atomics.load(new Int32Array(memory.buffer, address + POOL.finished, thread + 1), thread);
}

/** All workers of an engine count in one place. */
function sleepersOf({ memory, address }: WorkerStart): number {
  return Atomics.load(new Int32Array(memory.buffer, address + POOL.sleepers, 1), 0);
}
