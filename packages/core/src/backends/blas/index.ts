// The blas backend: the wasm backend with its products computed by the system's cblas_sgemm, called through koffi, an
// optional peer dependency, on the same memory and without copies. For Node. This folder is all that knows koffi.

import { BackendError } from "../../errors.js";
import { createEngine } from "../wasm/create-engine.js";
import { WasmBackend, type WasmOptions } from "../wasm/index.js";
import { fileOf, loadKoffi } from "./koffi.js";
import { openBlas } from "./library.js";
import { multiplyByBlas, sgemmKernel } from "./products.js";
import type { System } from "./system.js";

/**
 * Starts a blas backend on OpenBLAS, MKL or BLIS (Linux, Windows) or Accelerate (macOS), whichever is found first; the
 * environment variable ADJOINT_BLAS names another library that has cblas_sgemm. `info().products` says which it is. An
 * OpenBLAS that does not know this machine's processor, and would take kernels for one without AVX2, is told better.
 *
 * `threads` of ours share a product, each with a part of it for the library, which is told to take one thread, for the
 * whole process. One that cannot be told (Accelerate) computes whole products, with threads of its own.
 *
 * Products are not bit for bit the same from one machine, library or number of threads to another, as those of the wasm
 * backend are: each BLAS sums in an order of its own, and chooses it by the processor.
 *
 * @throws BackendError that says what to install where koffi or a library is missing, or why there are not so many
 * threads
 */
export async function createBlasBackend(options: WasmOptions = {}): Promise<WasmBackend> {
  const { process: system } = globalThis as { process?: System & { readonly versions?: { readonly node?: string } } };
  if (!system?.versions?.node) {
    throw new BackendError("blas", "a system's BLAS can be called from Node only; choose wasm");
  }
  const koffi = await loadKoffi();
  const blas = openBlas(koffi, system);
  // Two pools of threads would fight for the processors: a library that can be kept to one thread is called by each of ours.
  const file = blas.setThreads && fileOf(koffi);
  const engine = await createEngine(options, sgemmKernel(blas, koffi, file));
  blas.setThreads?.(file ? 1 : engine.wantedThreads);
  return new WasmBackend(engine, {
    name: "blas",
    description: blas.description,
    multiply: (product) => multiplyByBlas(engine, product, file !== undefined),
  });
}
