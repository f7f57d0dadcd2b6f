// Starting a worker where we are: worker_threads in Node, a Web Worker from a Blob in browsers.

import { nodeModule } from "./node-module.js";
import { WORKER_SOURCE, type WorkerStart } from "./worker-source.js";

/** A worker that was started, as far as a pool needs to know it. */
export interface StartedWorker {
  terminate(): void;
}

/** The little that we need of Node's worker_threads. */
interface NodeWorker {
  on(event: "error" | "exit", listener: (value: unknown) => void): void;
  unref(): void;
  terminate(): Promise<number>;
}
interface NodeWorkers {
  readonly Worker: new (source: string, options: { eval: true; workerData: unknown }) => NodeWorker;
}
interface NodeSystem {
  availableParallelism(): number;
}

/** How many threads this machine runs at once. */
export function availableThreads(): number {
  const system = nodeModule<NodeSystem>("node:os");
  if (system) return system.availableParallelism();
  return globalThis.navigator?.hardwareConcurrency ?? 1;
}

/** Whether memory can be shared with workers here: always in Node, in browsers where a page is cross-origin isolated. */
export function canShareMemory(): boolean {
  const { crossOriginIsolated } = globalThis as { crossOriginIsolated?: boolean };
  return typeof SharedArrayBuffer === "function" && crossOriginIsolated !== false;
}

/**
 * Starts a worker that does not keep the process alive.
 *
 * @param onEnd called when it ends, with the reason, whether or not it was meant to
 */
export function startWorker(start: WorkerStart, onEnd: (reason: string) => void): StartedWorker {
  const node = nodeModule<NodeWorkers>("node:worker_threads");
  if (node) {
    const worker = new node.Worker(WORKER_SOURCE, { eval: true, workerData: start });
    worker.on("error", (error) => onEnd(error instanceof Error ? error.message : String(error)));
    worker.on("exit", (code) => onEnd(`it ended with code ${String(code)}`));
    worker.unref();
    return { terminate: () => void worker.terminate() };
  }
  const address = URL.createObjectURL(new Blob([WORKER_SOURCE], { type: "text/javascript" }));
  const worker = new Worker(address);
  worker.onerror = (event) => onEnd(event.message || "it could not be started");
  worker.postMessage(start);
  return {
    terminate() {
      worker.terminate();
      URL.revokeObjectURL(address);
    },
  };
}
