// The scopes that are open and the storages that they own. Below the backends, so that one whose memory runs out can look
// for storages to move out of it, and can say what the memory is held by.

import type { Backend, BackendBuffer } from "./backends/backend.js";

/** What a scope owns: a Storage, as far as it is known below the backends. */
export interface Owned {
  readonly backend: Backend;
  /** The op that made it. */
  readonly madeBy: string;
  readonly description: BackendBuffer;
  release(why: string): void;
}

/** What one scope frees when it ends, and the scope around it. */
export class Owner {
  readonly owned = new Set<Owned>();
  readonly outer: Owner | undefined;

  constructor(outer: Owner | undefined) {
    this.outer = outer;
  }
}

let current: Owner | undefined;

/** The owner of what is made now: the innermost open scope. */
export function currentOwner(): Owner | undefined {
  return current;
}

/** Makes `owner` the owner of all that is made from here on. */
export function setOwner(owner: Owner | undefined): void {
  current = owner;
}

/** For each open scope, from the innermost out, what it owns of one backend. */
export function openScopes(backend: Backend): Owned[][] {
  const scopes: Owned[][] = [];
  for (let owner = current; owner; owner = owner.outer) {
    scopes.push([...owner.owned].filter((storage) => storage.backend === backend));
  }
  return scopes;
}
