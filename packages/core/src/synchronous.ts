// Functions whose effect ends when they return (a scope, a frozen model, a pause of recording) take synchronous
// functions only: what runs after an `await` would run outside. This is where a promise is refused.

import { AdjointError } from "./errors.js";

/** Returns `result`, and throws where it is a promise. */
export function refusePromise<T>(where: string, result: T): T {
  if (typeof result === "object" && result !== null && "then" in result && typeof result.then === "function") {
    // its failure, if any, is not lost in an unhandled rejection: the error below tells of the real mistake
    result.then(undefined, () => undefined);
    throw new AdjointError(where, "its function must be synchronous, got a promise; await before it, or after it");
  }
  return result;
}
