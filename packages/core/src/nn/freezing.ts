// withFrozen: parameters frozen for the length of a function.

import { isContainer, pathTo, visitContents } from "../containers.js";
import { describe } from "../describe.js";
import { ArgumentError } from "../errors.js";
import { refusePromise } from "../synchronous.js";
import { type AnyModule, Module } from "./module.js";
import { Parameter } from "./parameter.js";

/** What `withFrozen` takes: models and parameters, and arrays, iterables, maps, sets and plain objects of them. */
export type Freezable =
  | AnyModule
  | Parameter
  | Iterable<Freezable>
  | ReadonlyMap<unknown, Freezable>
  | { readonly [name: string]: Freezable };

/**
 * Runs `fn` with all parameters of `target` frozen, and restores what was frozen before and what was not, also when
 * `fn` throws. Gradients still flow through to whatever feeds the frozen model.
 *
 * @throws AdjointError where `fn` returns a promise: what runs after an `await` would not be frozen; ArgumentError where
 *   something else than a model or a parameter is to be frozen
 */
export function withFrozen<T>(target: Freezable, fn: () => T): T {
  const former = new Map(parametersOf(target).map((parameter) => [parameter, parameter.frozen]));
  for (const parameter of former.keys()) parameter.freeze();
  try {
    return refusePromise("withFrozen", fn());
  } finally {
    for (const [parameter, frozen] of former) {
      if (frozen) parameter.freeze();
      else parameter.unfreeze();
    }
  }
}

function parametersOf(target: Freezable): Parameter[] {
  if (target instanceof Module) return target.parameters();
  if (target instanceof Parameter) return [target];
  const found: Parameter[] = [];
  const targets = isContainer(target) || !isIterable(target) ? [target] : [[...target]];
  visitContents(targets, "", (value, path, key) => {
    if (value instanceof Module) found.push(...value.parameters());
    else if (value instanceof Parameter) found.push(value);
    else if (isContainer(value)) return false;
    else throw notFreezable(value, pathTo(path, key));
    return true;
  });
  return found;
}

function isIterable(value: unknown): value is Iterable<Freezable> {
  return typeof value === "object" && value !== null && Symbol.iterator in value;
}

function notFreezable(value: unknown, path: string): ArgumentError {
  const [, ...inside] = path.split(".");
  const place = inside.length > 0 ? ` at "${inside.join(".")}"` : "";
  return new ArgumentError("withFrozen", `expected models and parameters, got ${describe(value)}${place}`);
}
