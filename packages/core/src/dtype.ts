// Element types. float32 everywhere; float64 where a backend offers it (the reference backend, for checking).

import { BackendError } from "./errors.js";

/** The type of a tensor's elements. */
export type DType = "float32" | "float64";

/** The typed array that holds elements on the host. */
export type FloatArray = Float32Array | Float64Array;

/**
 * A new host array of zeros.
 *
 * @throws BackendError where the engine has no array of that size
 */
export function allocate(dtype: DType, size: number): FloatArray {
  try {
    return dtype === "float64" ? new Float64Array(size) : new Float32Array(size);
  } catch (cause) {
    throw new BackendError("allocate", `there is no memory for an array of ${size} elements of ${dtype}`, { cause });
  }
}

/** The element type of a host array. */
export function dtypeOf(data: FloatArray): DType {
  return data instanceof Float64Array ? "float64" : "float32";
}
