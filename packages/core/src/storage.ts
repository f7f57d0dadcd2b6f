// Memory and its owner: a Storage is one buffer of a backend, shared by all tensors that are views of it, and belongs
// to the scope in which it was made until that ends.

import type { Backend, BackendBuffer } from "./backends/backend.js";
import { ReleasedError } from "./errors.js";
import { currentOwner, type Owned, type Owner } from "./owners.js";

/** Frees the memory of pinned storages that nobody references any more. */
const abandoned = new FinalizationRegistry<() => void>((free) => free());

/** A backend's buffer, with the op that made it and the scope that owns it. */
export class Storage implements Owned {
  readonly backend: Backend;
  /** The op that made the values, as errors name it. */
  madeBy: string;
  /** How often the values were changed in place. Derivatives are refused where this moved since they were recorded. */
  version = 0;
  #buffer: BackendBuffer;
  #owner: Owner | undefined;
  #released: string | undefined;
  readonly #pinned: boolean;

  constructor(backend: Backend, buffer: BackendBuffer, madeBy: string, pinned = false) {
    this.backend = backend;
    this.madeBy = madeBy;
    this.#buffer = buffer;
    this.#pinned = pinned;
    if (!pinned) this.#belongTo(currentOwner());
  }

  /**
   * A storage that belongs to no scope and whose backend knows that it lives on, however long: for parameters. Its memory
   * is given back when the storage is collected.
   */
  static pinned(backend: Backend, buffer: BackendBuffer, madeBy: string): Storage {
    const storage = new Storage(backend, buffer, madeBy, true);
    const free = backend.pin?.(buffer, madeBy);
    if (free) abandoned.register(storage, free, storage);
    return storage;
  }

  /** The buffer; throws where it was given back. */
  bufferFor(where: string): BackendBuffer {
    if (this.#released !== undefined) {
      throw new ReleasedError(where, `the tensor made by ${this.madeBy} ${this.#released}`);
    }
    return this.#buffer;
  }

  /** Element type and size, known also after the memory is gone. */
  get description(): BackendBuffer {
    return this.#buffer;
  }

  get released(): boolean {
    return this.#released !== undefined;
  }

  /** Hands the storage to another owner; to nobody, and it lives as long as it is referenced. */
  adopt(owner: Owner | undefined): void {
    // a parameter that is kept stays pinned, and what the collector has once is not moved again
    if (owner === this.#owner) return;
    this.#owner?.owned.delete(this);
    this.#belongTo(owner);
  }

  #belongTo(owner: Owner | undefined): void {
    this.#owner = owner;
    if (owner) owner.owned.add(this);
    else if (this.backend.leaveToCollector) this.#buffer = this.backend.leaveToCollector(this.#buffer);
  }

  /** Gives the memory back. `why` completes the sentence that a later use is refused with. */
  release(why: string): void {
    if (this.#released !== undefined) return;
    this.#released = why;
    this.#owner?.owned.delete(this);
    this.#owner = undefined;
    if (this.#pinned) abandoned.unregister(this);
    const { dtype, size } = this.#buffer;
    this.backend.free(this.#buffer);
    this.#buffer = { dtype, size };
  }
}
