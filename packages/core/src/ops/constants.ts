// Numbers among the arguments of ops, as tensors. Programs use few of them, again and again, so each is made once.

import type { Backend } from "../backends/backend.js";
import type { DType } from "../dtype.js";
import { Storage } from "../storage.js";
import { Tensor, wrap } from "../tensor.js";

/** So many numbers are kept for each backend: the first ones, since those of a program that counts never come again. */
const MOST_KEPT = 64;
const MADE_BY = "a number";

const kept = new WeakMap<Backend, Map<number, Storage>>();

/** A number as a scalar. */
export function constantOf(backend: Backend, dtype: DType, value: number): Tensor {
  // a map takes −0 for 0, and has one type of elements
  if (Object.is(value, -0) || dtype !== backend.dtypes[0]) return made(backend, dtype, value);
  let storages = kept.get(backend);
  if (!storages) {
    storages = new Map();
    kept.set(backend, storages);
  }
  let storage = storages.get(value);
  // released by a dispose() of a view of it, or by the end of its backend
  if (!storage || storage.released) {
    if (storages.size >= MOST_KEPT) return made(backend, dtype, value);
    storage = Storage.pinned(backend, backend.fill(dtype, 1, value), MADE_BY);
    storages.set(value, storage);
  }
  return new Tensor({ storage, shape: SCALAR });
}

const SCALAR = Object.freeze([]);

function made(backend: Backend, dtype: DType, value: number): Tensor {
  return wrap(backend, backend.fill(dtype, 1, value), SCALAR, MADE_BY);
}
