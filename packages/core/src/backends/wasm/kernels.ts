// The compiled kernels: from text to a module, and from a module to functions. One set of bytes serves both kinds of
// memory: they differ in one flag of the import.

import { BackendError } from "../../errors.js";
import { KERNELS, RELAXED_KERNELS } from "./kernels.generated.js";

/** What the module exports that is called by number: a job for a worker names its kernel by its place here. */
export const KERNEL_NAMES = [
  "unary",
  "activationGradient",
  "binary",
  "binaryPieces",
  "select",
  "selectPieces",
  "epilogue",
  "packB",
  "productRows",
  "rowsTimesVector",
  "vectorTimesRows",
  "outerProduct",
  "reduceRows",
  "reduceColumns",
  "reduceBlocks",
  "combineBlocks",
  "addToTotals",
  "argMax",
  "fill",
  "copyBytes",
  "copyWindow",
  "copyPieces",
  "gatherRows",
  "scatterRows",
  "gatherWindows",
  "scatterWindows",
  "winogradImages",
  "winogradResults",
  "winogradResultsBack",
  "winogradKernel",
  "winogradKernelBack",
  "scaleBytes",
  "storeIntegers",
  "adam",
  "rmsprop",
  "sgd",
  "fillNormal",
  "fillUniform",
  // not of the module: a function that a backend adds
  "native",
] as const;

export type KernelName = (typeof KERNEL_NAMES)[number];

/** A kernel's function in the calling thread. */
export type Kernel = (...values: number[]) => void;

/** The functions of an instance. All take and give numbers: byte addresses, sizes in elements, codes. */
export type Kernels = Readonly<Record<Exclude<KernelName, "native">, Kernel>> & {
  readonly native?: Kernel;
  /** Bytes of a B of k×n as `packB` leaves it. */
  packedSize(k: number, n: number): number;
  /** Bytes that `productRows` needs for each thread, which packs a B of k×n for itself; k×0 where that is done before. */
  productScratch(k: number, n: number): number;
  /** Tells an instance which thread it computes in, from 0: it finds its own scratch memory by that. */
  setThread(thread: number): void;
  /** Tells an instance how many panels of B a tile of a product takes at once: 2 where V8 joins vectors, else 1. */
  takePanels(count: number): void;
} & Jobs;

/** The queue of jobs at an address of shared memory: assembly/jobs.ts says what each of them does. */
export interface Jobs {
  placeOfParts(at: number, jobs: number, calls: number): number;
  publish(at: number, count: number, calls: number): void;
  takePart(at: number, last: number): number;
  endPart(at: number, thread: number, failed: number): void;
  awaitPart(at: number, looks: number, forMore: number): number;
  sleep(at: number, milliseconds: number): void;
}

/**
 * The end of what the kernels of so many threads have for themselves, from address 64 on, 128 bytes each:
 * assembly/thread.ts has the same numbers.
 */
export function endOfPlaces(threads: number): number {
  return 64 + 128 * threads;
}

/** The most pages of 64 KiB that a 32-bit memory has. */
export const MAXIMUM_PAGES = 65_536;

/** A module's bytes. */
export type KernelBytes = Uint8Array<ArrayBuffer>;

/** The bytes of the modules: of all kernels and, where it is relaxed, of those that it puts in the place of some. */
export function kernelBytes(shared: boolean, relaxed: boolean): KernelBytes[] {
  return (relaxed ? [KERNELS, RELAXED_KERNELS] : [KERNELS]).map((text) => decode(text, shared));
}

/** A module's bytes from hexadecimal digits, for a shared memory or one that is not. */
function decode(digits: string, shared: boolean): KernelBytes {
  const bytes = new Uint8Array(digits.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = 16 * digitAt(digits, 2 * i) + digitAt(digits, 2 * i + 1);
  if (!shared) clearSharedFlag(bytes);
  return bytes;
}

function digitAt(digits: string, at: number): number {
  const code = digits.charCodeAt(at);
  return code < 58 ? code - 48 : code - 87;
}

/** The functions of the modules on a memory; of those with one name, the last. */
export function instantiate(modules: readonly WebAssembly.Module[], memory: WebAssembly.Memory): Kernels {
  const instances = modules.map((module) => new WebAssembly.Instance(module, { env: { memory } }).exports);
  return Object.assign({}, ...instances) as Kernels;
}

/** "env", "memory", then what is imported: a memory (2), with a maximum and shared (3) or with a maximum only (1). */
function clearSharedFlag(bytes: Uint8Array): void {
  const name = [3, 0x65, 0x6e, 0x76, 6, 0x6d, 0x65, 0x6d, 0x6f, 0x72, 0x79, 2, 3];
  // the import is near the start
  for (let at = 0; at < 4096; at++) {
    if (name.every((byte, i) => bytes[at + i] === byte)) {
      bytes[at + name.length - 1] = 1;
      return;
    }
  }
  throw new BackendError("wasm", "the kernels do not import a memory as expected; build them again");
}
