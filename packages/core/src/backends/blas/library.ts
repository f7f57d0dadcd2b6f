// Finding the system's BLAS: the names that it goes by, and the proof that what was found computes products.

import { BackendError } from "../../errors.js";
import { type Identity, identify } from "./families.js";
import type { Koffi, NativeFunction, NativeLibrary } from "./koffi.js";

/** The numbers of CBLAS for the layout of a matrix and for its being transposed. */
export const CBLAS = { rowMajor: 101, asIs: 111, transposed: 112 } as const;

const SGEMM =
  "void cblas_sgemm(int layout, int transposeA, int transposeB, int m, int n, int k, float alpha, " +
  "const float *a, int lda, const float *b, int ldb, float beta, _Inout_ float *c, int ldc)";

/** A BLAS that was found. */
export interface Blas extends Identity {
  /** The name or path it was opened by, and the C prototype of its cblas_sgemm: enough to open it once more. */
  readonly library: string;
  readonly prototype: string;
  /** cblas_sgemm: layout, transposeA, transposeB, m, n, k, α, A, lda, B, ldb, β, C, ldc. */
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

/** What decides where to look, as Node's `process` has it. */
export interface System {
  readonly platform: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * Opens the BLAS that the environment names by ADJOINT_BLAS, or else the first that is found and known to be fast.
 *
 * @throws BackendError that says how to get one where there is none, and what is wrong with each that was tried
 */
export function openBlas(koffi: Koffi, { platform, env }: System): Blas {
  const named = env[VARIABLE];
  if (named) {
    const found = tryLibrary(koffi, named, true);
    if (typeof found !== "string") return found;
    throw new BackendError("blas", `${VARIABLE} names ${found}`);
  }
  const { names, cure } = PLACES[platform] ?? LINUX;
  const refusals: string[] = [];
  for (const name of names) {
    const found = tryLibrary(koffi, name, false);
    if (typeof found !== "string") return found;
    refusals.push(found);
  }
  const problem = `no fast BLAS was found; ${cure}, or name a library that has cblas_sgemm by ${VARIABLE}`;
  throw new BackendError("blas", `${problem}\n  ${refusals.join("\n  ")}`);
}

/** A library, or why it is not taken. @param chosen whether it was named by hand: then it may be of any family */
function tryLibrary(koffi: Koffi, name: string, chosen: boolean): Blas | string {
  let library: NativeLibrary;
  let sgemm: NativeFunction;
  try {
    library = koffi.load(name);
    sgemm = library.func(SGEMM);
  } catch (error) {
    return `${name}: ${error instanceof Error ? error.message : String(error)}`;
  }
  const identity = identify(library, name);
  if (!identity && !chosen) {
    return `${name}: it is none of OpenBLAS, MKL and BLIS, and the reference BLAS is slower than the wasm backend`;
  }
  if (identity?.refusal) return `${name}: ${identity.refusal}`;
  return multiplies(sgemm)
    ? { description: name, ...identity, library: name, prototype: SGEMM, sgemm }
    : `${name}: it computes wrong products`;
}

/** Whether a product comes out right whose result is known, as it is and transposed. */
function multiplies(sgemm: NativeFunction): boolean {
  const { rowMajor, asIs, transposed } = CBLAS;
  const product = new Float32Array(4).fill(Number.NaN);
  const [a, b] = [Float32Array.of(1, 2, 3, 4, 5, 6), Float32Array.of(7, 8, 9, 10, 11, 12)];
  sgemm(rowMajor, asIs, asIs, 2, 2, 3, 1, a, 3, b, 2, 0, product, 2);
  const plain = product.join();
  sgemm(rowMajor, transposed, transposed, 2, 2, 3, 1, a, 2, b, 3, 0, product, 2);
  return plain === "58,64,139,154" && product.join() === "76,103,100,136";
}
