// State dictionaries as the arrays that files hold, and back.

import type { StateDict } from "../nn/module.js";
import { tensor } from "../ops/creation.js";
import type { FileArray } from "./element-types.js";

/**
 * The values of named tensors, read at once, as `writeSafetensors` takes them. float64 is rounded to float32.
 */
export async function toArrays(state: StateDict): Promise<Map<string, FileArray>> {
  const reading = [...state].map(async ([name, value]) => {
    const data = await value.data();
    return [name, { shape: value.shape, data: data instanceof Float32Array ? data : Float32Array.from(data) }] as const;
  });
  return new Map(await Promise.all(reading));
}

/**
 * Tensors of the current backend from the arrays of a file: what `loadStateDict` takes.
 *
 * @throws ShapeError where values do not fill a shape
 */
export function fromArrays(arrays: ReadonlyMap<string, FileArray>): StateDict {
  return new Map([...arrays].map(([name, { shape, data }]) => [name, tensor(data, { shape })]));
}
