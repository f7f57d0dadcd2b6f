// A buffer of the gpu backend, as the library holds it.

import type { Backend, BackendBuffer } from "../backend.js";
import type { StoredValue } from "./stored-value.js";

/** What stands for values of one gpu backend. */
export class GpuBuffer implements BackendBuffer {
  readonly dtype = "float32";
  readonly size: number;
  /** Whose it is. */
  readonly owner: Backend;
  /** What it holds; nothing once it was given back. An object of its own, which outlives the buffer. */
  readonly held: { value: StoredValue | undefined };

  constructor(owner: Backend, value: StoredValue) {
    this.owner = owner;
    this.size = value.size;
    this.held = { value };
  }
}
