// Starting a worker where we are: worker_threads in Node, a Web Worker from a Blob in browsers.

import { type NodeProcess, nodeModule } from "./node-module.js";
import { nodeWorkerSource, type WorkerStart, webWorkerSource } from "./worker-source.js";

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
interface NodeWorkerOptions {
  readonly eval: true;
  readonly workerData: unknown;
  readonly execArgv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}
interface NodeWorkers {
  readonly Worker: new (source: string, options: NodeWorkerOptions) => NodeWorker;
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

/** Why no worker can compute here and how to change that, as far as it is known before one is started. */
export function whyNoWorkers(): string | undefined {
  if (!canShareMemory()) {
    return "memory cannot be shared with workers: a page must be cross-origin isolated (COOP and COEP headers)";
  }
  const { process } = globalThis as { process?: NodeProcess };
  if (process?.permission?.has("worker") === false) {
    return "Node's permission model forbids workers: start Node with --allow-worker";
  }
  if (!nodeModule("node:worker_threads") && typeof Worker !== "function") return "there are no workers here";
  return undefined;
}

/**
 * Whether a worker starts wherever `whyNoWorkers` knows of no obstacle: in Node. In a browser, a page's policy may forbid
 * it, which shows only when one is started.
 */
export function surelyStarts(): boolean {
  const { process } = globalThis as { process?: NodeProcess };
  const { node, bun, deno, electron } = process?.versions ?? {};
  return node !== undefined && !bun && !deno && !electron;
}

/**
 * Starts a worker that does not keep the process alive. Throws where the system refuses it at once.
 *
 * @param native the body of the function that the worker adds to the kernels: see `NativeSource`
 * @param onEnd called when it ends, with the reason, whether or not it was meant to
 */
export function startWorker(
  start: WorkerStart,
  native: string | undefined,
  onEnd: (reason: string) => void,
): StartedWorker {
  const node = nodeModule<NodeWorkers>("node:worker_threads");
  if (!node) return startWebWorker(start, onEnd);
  try {
    return startNodeWorker(node, start, native, onEnd);
  } catch (error) {
    // the windows of Electron have Node's modules, but only the web's workers
    if (typeof Worker !== "function") throw error;
    return startWebWorker(start, onEnd);
  }
}

function startNodeWorker(
  { Worker }: NodeWorkers,
  start: WorkerStart,
  native: string | undefined,
  onEnd: (reason: string) => void,
): StartedWorker {
  // No flag or preloaded module of the program, be it from the command line or from NODE_OPTIONS, is meant for this
  // worker. V8's own flags hold for the whole process anyway.
  const worker = new Worker(nodeWorkerSource(native), { eval: true, workerData: start, execArgv: [], env: {} });
  worker.on("error", (error) => onEnd(error instanceof Error ? error.message : String(error)));
  worker.on("exit", (code) => onEnd(`it ended with code ${String(code)}`));
  worker.unref();
  return { terminate: () => void worker.terminate() };
}

/** What an error event says that has no message: a policy is the usual reason. */
const REFUSED = "the browser refused it; does the page's Content-Security-Policy allow `worker-src blob:`?";

function startWebWorker(start: WorkerStart, onEnd: (reason: string) => void): StartedWorker {
  const address = URL.createObjectURL(new Blob([webWorkerSource()], { type: "text/javascript" }));
  const worker = new Worker(address);
  worker.onerror = (event) => onEnd(event.message || REFUSED);
  worker.postMessage(start);
  return {
    terminate() {
      worker.terminate();
      URL.revokeObjectURL(address);
    },
  };
}
