// scope(fn): what is made in fn is given back when fn ends, except what fn returns. The nesting of scopes and the
// current backend are the library's only state.

import { visitContents } from "./containers.js";
import { currentOwner, Owner, setOwner } from "./owners.js";
import { refusePromise } from "./synchronous.js";
import { Tensor } from "./tensor.js";

const ENDED = "was released when its scope ended; return it from the scope's function, or keep(tensor) it";

/**
 * Runs `fn` and gives back the memory of every tensor made in it, except those it returns: a tensor, or arrays, maps
 * and plain objects of tensors. They belong to the enclosing scope, if there is one. Parameters always stay.
 *
 * A tensor used after its scope ended throws ReleasedError, naming the op that made it.
 *
 * @throws AdjointError where `fn` returns a promise; whatever `fn` throws, after freeing
 */
export function scope<T>(fn: () => T): T {
  const parent = currentOwner();
  const owner = new Owner(parent);
  setOwner(owner);
  try {
    const result = refusePromise("scope", fn());
    forEachTensor(result, (tensor) => {
      // only what this scope owns: a tensor from outside stays where it is
      if (owner.owned.has(tensor.storage)) tensor.storage.adopt(parent);
    });
    return result;
  } finally {
    setOwner(parent);
    for (const storage of [...owner.owned]) storage.release(ENDED);
  }
}

/** Takes a tensor out of all scopes: it lives as long as it is referenced. Returns it. */
export function keep<T extends Tensor>(tensor: T): T {
  tensor.bufferFor("keep");
  tensor.storage.adopt(undefined);
  return tensor;
}

function forEachTensor(result: unknown, visit: (tensor: Tensor) => void): void {
  const take = (value: unknown): boolean => {
    if (!(value instanceof Tensor)) return false;
    visit(value);
    return true;
  };
  if (!take(result)) visitContents(result, "", take);
}
