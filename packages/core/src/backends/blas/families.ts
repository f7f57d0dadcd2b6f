// The families of BLAS that the backend knows, and what each calls its version and its number of threads: CBLAS itself
// has no names for these. A library that is of none of them may be the slow reference BLAS.

import type { NativeFunction, NativeLibrary } from "./koffi.js";

/** What a library says of itself. */
export interface Identity {
  /** The family, with the version where the library tells it: `OpenBLAS 0.3.21 (Cooperlake)`. */
  readonly description: string;
  /** The processor whose kernels it took, as OpenBLAS calls it. */
  readonly core?: string;
  /** Why it cannot be used for all that. */
  readonly refusal?: string;
  /** Sets how many threads its products take, for the whole process; absent where the library has no such call. */
  readonly setThreads?: (count: number) => void;
}

/** Whose library it is; undefined for a family that is not known. @param name the name or path it was opened by */
export function identify(library: NativeLibrary, name: string): Identity | undefined {
  return identifyOpenBlas(library) ?? identifyMkl(library) ?? identifyBlis(library) ?? identifyAccelerate(name);
}

function identifyOpenBlas(library: NativeLibrary): Identity | undefined {
  const configuration = find(library, "str openblas_get_config()")?.();
  if (typeof configuration !== "string") return undefined;
  const version = configuration.split(" ", 2).join(" ");
  const core = find(library, "str openblas_get_corename()")?.();
  // a small product would come out right all the same
  const wide = configuration.includes("USE64BITINT");
  return {
    ...(typeof core === "string" ? { description: `${version} (${core})`, core } : { description: version }),
    ...(wide ? { refusal: "it was built for 64-bit sizes, and is called with 32-bit ones" } : {}),
    ...threading(library, "void openblas_set_num_threads(int)"),
  };
}

function identifyMkl(library: NativeLibrary): Identity | undefined {
  const describe = find(library, "void MKL_Get_Version_String(void *, int)");
  if (!describe) return undefined;
  const text = new Uint8Array(256);
  describe(text, text.length);
  const words = String.fromCharCode(...text.subarray(0, text.indexOf(0)));
  const version = /Version (\S+)/.exec(words)?.[1] ?? "";
  return { description: `MKL ${version}`.trim(), ...threading(library, "void MKL_Set_Num_Threads(int)") };
}

function identifyBlis(library: NativeLibrary): Identity | undefined {
  const version = find(library, "str bli_info_get_version_str()")?.();
  if (typeof version !== "string") return undefined;
  return { description: `BLIS ${version}`, ...threading(library, "void bli_thread_set_num_threads(int64_t)") };
}

function identifyAccelerate(name: string): Identity | undefined {
  return name.endsWith("/Accelerate") ? { description: "Accelerate" } : undefined;
}

function threading(library: NativeLibrary, prototype: string): Pick<Identity, "setThreads"> {
  const set = find(library, prototype);
  return set ? { setThreads: (count) => void set(count) } : {};
}

/** A function of the library; undefined where there is none of that name. */
function find(library: NativeLibrary, prototype: string): NativeFunction | undefined {
  try {
    return library.func(prototype);
  } catch {
    return undefined;
  }
}
