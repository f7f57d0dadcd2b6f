// The machine and the program that runs this, as far as a bug report needs to know: versions and hardware, no names of
// people or folders.

import { availableThreads, canShareMemory } from "../backends/wasm/start-worker.js";
import { VERSION } from "../version.js";

/** Where a diagnosis was made. */
export interface Environment {
  /** The version of this library. */
  readonly adjoint: string;
  /** `Node 20.19.0, linux x64`, or what a browser says it is. */
  readonly runtime: string;
  /** The processor's model, where it is known. */
  readonly processor: string;
  /** How many threads run at once. */
  readonly threads: number;
  /** In GiB; undefined where it is not known. */
  readonly memory: number | undefined;
  /** Whether memory can be shared between threads: not in a page that is not cross-origin isolated. */
  readonly sharedMemory: boolean;
}

interface NodeProcess {
  readonly platform: string;
  readonly arch: string;
  readonly versions?: { readonly node?: string };
  getBuiltinModule?(name: string): unknown;
}

interface NodeSystem {
  cpus(): readonly { readonly model: string }[];
  totalmem(): number;
}

/** What is known of this machine. */
export function describeEnvironment(): Environment {
  const { process, navigator } = globalThis as {
    readonly process?: NodeProcess;
    readonly navigator?: { readonly userAgent?: string };
  };
  const common = { adjoint: VERSION, threads: availableThreads(), sharedMemory: canShareMemory() };
  const node = process?.versions?.node;
  const system = node ? (process?.getBuiltinModule?.("node:os") as NodeSystem | undefined) : undefined;
  if (!process || !system) {
    const runtime = navigator?.userAgent ?? "unknown";
    return { ...common, runtime, processor: "not told by browsers", memory: undefined };
  }
  const processor = system.cpus()[0]?.model.trim() || "unknown";
  const memory = Math.round(system.totalmem() / 2 ** 30);
  return { ...common, runtime: `Node ${node}, ${process.platform} ${process.arch}`, processor, memory };
}
