// Finding the system's BLAS: the names that it goes by, and the proof that what was found computes products.

import { BackendError } from "../../errors.js";
import { type Identity, identify } from "./families.js";
import type { Koffi, NativeFunction, NativeLibrary } from "./koffi.js";
import { betterCore, CORE_VARIABLE } from "./openblas-core.js";
import type { System } from "./system.js";

/** The numbers of CBLAS for the layout of a matrix and for its being transposed. */
export const CBLAS = { rowMajor: 101, asIs: 111, transposed: 112 } as const;

/** The C prototype with matrices of these types. */
function sgemmOf(operand: string, result: string): string {
  return (
    "void cblas_sgemm(int layout, int transposeA, int transposeB, int m, int n, int k, float alpha, " +
    `${operand} a, int lda, ${operand} b, int ldb, float beta, ${result} c, int ldc)`
  );
}

/** Matrices as typed arrays, and as addresses, which koffi hands on in a third of the time. */
const OF_ARRAYS = sgemmOf("const float *", "_Inout_ float *");
const OF_ADDRESSES = sgemmOf("uintptr_t", "uintptr_t");

/** A BLAS that was found. */
export interface Blas extends Identity {
  /** The name or path it was opened by, and the C prototype of its cblas_sgemm: enough to open it once more. */
  readonly library: string;
  readonly prototype: string;
  /** cblas_sgemm: layout, transposeA, transposeB, m, n, k, α, A, lda, B, ldb, β, C, ldc; matrices are addresses. */
  readonly sgemm: NativeFunction;
}

/** Where to look on a system, first things first, and how to get what was not found. */
interface Place {
  readonly names: readonly string[];
  readonly cure: string;
}

const LINUX: Place = {
  names: [
    ...["libopenblas.so.0", "libopenblasp.so.0", "libopenblas.so"],
    ...["libmkl_rt.so.2", "libmkl_rt.so"],
    ...["libblis.so.4", "libblis-mt.so.4", "libblis.so"],
    ...["libcblas.so.3", "libblas.so.3"],
  ],
  cure: "apt-get install libopenblas0-pthread (Debian, Ubuntu) or dnf install openblas-threads (Fedora)",
};

const PLACES: Readonly<Record<string, Place>> = {
  linux: LINUX,
  darwin: {
    names: ["/System/Library/Frameworks/Accelerate.framework/Accelerate"],
    cure: "macOS has had one since 10.3; brew install openblas is another",
  },
  win32: {
    names: ["libopenblas.dll", "openblas.dll", "mkl_rt.2.dll", "mkl_rt.dll"],
    cure: "put the folder of OpenBLAS's libopenblas.dll on the PATH",
  },
};

/** The environment variable that names the library by hand. */
const VARIABLE = "ADJOINT_BLAS";

/**
 * Opens the BLAS that the environment names by ADJOINT_BLAS, or else the first that is found and known to be fast.
 *
 * @throws BackendError that says how to get one where there is none, and what is wrong with each that was tried
 */
export function openBlas(koffi: Koffi, system: System): Blas {
  const named = system.env[VARIABLE];
  if (named) {
    const found = tryLibrary(koffi, system, named, true);
    if (typeof found !== "string") return found;
    throw new BackendError("blas", `${VARIABLE} names ${found}`);
  }
  const { names, cure } = PLACES[system.platform] ?? LINUX;
  const refusals: string[] = [];
  for (const name of names) {
    const found = tryLibrary(koffi, system, name, false);
    if (typeof found !== "string") return found;
    refusals.push(found);
  }
  const problem = `no fast BLAS was found; ${cure}, or name a library that has cblas_sgemm by ${VARIABLE}`;
  throw new BackendError("blas", `${problem}\n  ${refusals.join("\n  ")}`);
}

/** A library, or why it is not taken. @param chosen whether it was named by hand: then it may be of any family */
function tryLibrary(koffi: Koffi, system: System, name: string, chosen: boolean): Blas | string {
  let library: NativeLibrary;
  let identity: Identity | undefined;
  let sgemm: NativeFunction;
  let ofArrays: NativeFunction;
  try {
    [library, identity] = loadWell(koffi, system, name);
    [sgemm, ofArrays] = [library.func(OF_ADDRESSES), library.func(OF_ARRAYS)];
  } catch (error) {
    return `${name}: ${error instanceof Error ? error.message : String(error)}`;
  }
  if (!identity && !chosen) {
    return `${name}: it is none of OpenBLAS, MKL and BLIS, and the reference BLAS is slower than the wasm backend`;
  }
  if (identity?.refusal) return `${name}: ${identity.refusal}`;
  return multiplies(ofArrays)
    ? { description: name, ...identity, library: name, prototype: OF_ADDRESSES, sgemm }
    : `${name}: it computes wrong products`;
}

/** Loads a library; an OpenBLAS that took kernels for another processor is loaded once more, and told which to take. */
function loadWell(koffi: Koffi, system: System, name: string): [NativeLibrary, Identity | undefined] {
  const library = koffi.load(name);
  const identity = identify(library, name);
  const better = identity?.core && betterCore(identity.core, system);
  if (!better) return [library, identity];
  library.unload();
  system.env[CORE_VARIABLE] = better;
  try {
    const again = koffi.load(name);
    return [again, identify(again, name)];
  } finally {
    // it has been read: child processes need not have it
    delete system.env[CORE_VARIABLE];
  }
}

/**
 * Whether products of whole numbers come out right to the last digit, as they are and transposed: a small one, whose
 * result anybody can check, and one that is large enough for the library's main kernels and their edges.
 */
function multiplies(sgemm: NativeFunction): boolean {
  const { rowMajor, asIs, transposed } = CBLAS;
  const [a, b] = [Float32Array.of(1, 2, 3, 4, 5, 6), Float32Array.of(7, 8, 9, 10, 11, 12)];
  const small = new Float32Array(4).fill(Number.NaN);
  sgemm(rowMajor, asIs, asIs, 2, 2, 3, 1, a, 3, b, 2, 0, small, 2);
  const plain = small.join();
  sgemm(rowMajor, transposed, transposed, 2, 2, 3, 1, a, 2, b, 3, 0, small, 2);
  if (plain !== "58,64,139,154" || small.join() !== "76,103,100,136") return false;

  // each row of A has the numbers from 0 to k − 1; each column of B has ones, but its own number in the second place
  const [m, n, k] = [67, 83, 97];
  const rows = Float32Array.from({ length: m * k }, (_, i) => i % k);
  const columns = Float32Array.from({ length: n * k }, (_, i) => (i % k === 1 ? Math.floor(i / k) : 1));
  const product = new Float32Array(m * n).fill(Number.NaN);
  sgemm(rowMajor, asIs, transposed, m, n, k, 1, rows, k, columns, k, 0, product, n);
  const sum = (k * (k - 1)) / 2;
  return product.every((value, i) => value === sum - 1 + (i % n));
}
