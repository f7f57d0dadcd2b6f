// Names of what a module holds.

import { StateError } from "../errors.js";

/** Adds `value` under `name`; throws where that is another's name: `{ "a.b": … }` beside `{ a: { b: … } }`. */
export function addNamed<T>(owner: string, found: Map<string, T>, name: string, value: T): void {
  if (found.has(name) && found.get(name) !== value) {
    throw new StateError(owner, `two of its parts are named "${name}"; rename a field, or a key with a dot in it`);
  }
  found.set(name, value);
}
