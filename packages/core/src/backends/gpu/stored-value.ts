// What a buffer of the gpu backend holds: a number that fills it, a graph that nobody had to compute yet, values on the
// device, or what went wrong. Whoever needs a value holds it; the memory of one that nobody holds is given back.
//
// Values never change. `assign` gives a buffer another value; what was called before goes on with the one it took.

import type { Expression, Extent } from "./expression.js";
import type { Handle } from "./handle.js";

/** The states of a value. */
export type Content =
  | { readonly kind: "constant"; readonly number: number }
  /** `uses` is how often the graph was taken into another one. */
  | { readonly kind: "expression"; readonly root: Expression; readonly extent: Extent; uses: number }
  /** A kernel is to bring it. */
  | { readonly kind: "pending" }
  | { readonly kind: "handle"; readonly handle: Handle }
  | { readonly kind: "failed"; readonly error: unknown }
  | { readonly kind: "released" };

/** So many values, in some state. Made, held and dropped by a `ValueStore`. */
export class StoredValue {
  readonly size: number;
  content: Content;
  holders = 1;

  constructor(size: number, content: Content) {
    this.size = size;
    this.content = content;
  }
}
