// The modules that are being applied, and the check that the outermost of them lists whatever takes part. What `#private`
// fields and closures hold cannot be searched, so a parameter there would not be trained, frozen or saved, in silence.

import { visitContents } from "../containers.js";
import { UnregisteredError } from "../errors.js";
import { formatShape } from "../shape.js";
import { describeKind, nameLayer } from "./layer-path.js";
import type { AnyModule } from "./module.js";
import type { Variable } from "./parameter.js";

/** @internal Stands around every call of `apply`: computes the output by `forward`, and hands it on. */
export type ApplyObserver = <Output>(module: AnyModule, forward: () => Output) => Output;

/** What a model consists of. */
export type Part = AnyModule | Variable;

interface Run {
  /** The modules that are being applied, outermost first. */
  readonly modules: AnyModule[];
  /** What the outermost was given. */
  readonly inputs: readonly unknown[];
  /** What the outermost lists. */
  listed: ReadonlySet<Part>;
}

let observer: ApplyObserver | undefined;
let current: Run | undefined;
let structureVersion = 0;

/** How often modules were found to hold something else than at the search before. */
export const currentStructure = (): number => structureVersion;

/** Makes all lists out of date: a module holds something else than at the last search. */
export function structureChanged(): void {
  structureVersion++;
}

/** @internal Runs `fn` with an observer of every module that is applied. */
export function withApplyObserver<T>(observe: ApplyObserver, fn: () => T): T {
  const former = observer;
  observer = observe;
  try {
    return fn();
  } finally {
    observer = former;
  }
}

/** @internal Whether somebody stands around the calls of `apply`, and wants to see every one. */
export const isObserved = (): boolean => observer !== undefined;

/**
 * Computes a module's output by `forward`.
 *
 * An error of the library's names the innermost layer from which it comes.
 *
 * @throws UnregisteredError where it runs inside of one that does not list it, or uses what is not listed there
 */
export function run<Output>(module: AnyModule, inputs: readonly unknown[], forward: () => Output): Output {
  const outer = current;
  if (outer) checkListed(module);
  else current = { modules: [], inputs, listed: module.listParts() };
  current?.modules.push(module);
  try {
    return observer ? observer(module, forward) : forward();
  } catch (error) {
    nameLayer(error, current?.modules ?? []);
    throw error;
  } finally {
    current?.modules.pop();
    current = outer;
  }
}

/** The modules that are being applied, outermost first. */
export const runningModules = (): readonly AnyModule[] => current?.modules ?? [];

/** Throws an UnregisteredError where a part is used inside of a module that neither lists it nor was given it. */
export function checkListed(part: Part): void {
  if (current === undefined || current.listed.has(part) || isInput(part, current)) return;
  const [outermost] = current.modules as [AnyModule];
  current.listed = outermost.listParts(true);
  if (current.listed.has(part)) return;
  throw new UnregisteredError(
    "apply",
    `${labelOf(part)} takes part in ${nameOf(outermost)}, which does not list it: it would not be trained, frozen, ` +
      "saved or switched to evaluation. Keep it in a public field, or in an array, plain object, Map, Set, ModuleList or " +
      "ModuleDict there; pass what is not the model's own to apply, as an input",
  );
}

/** Runs `fn` as if no module were being applied: what an optimizer remembers is no part of any. */
export function apart<T>(fn: () => T): T {
  const former = current;
  current = undefined;
  try {
    return fn();
  } finally {
    current = former;
  }
}

function isInput(part: Part, { inputs }: Run): boolean {
  let found = false;
  visitContents(inputs, "", (value) => {
    found ||= value === part || (isModule(value) && value.listParts().has(part));
    return found;
  });
  return found;
}

// by its method: the class itself would be an import in a circle
function isModule(value: unknown): value is AnyModule {
  return typeof value === "object" && value !== null && "listParts" in value;
}

function labelOf(part: Part): string {
  if (!isModule(part)) return part.label;
  const parameters = [...part.namedParameters()].map(([name, { shape }]) => `${name} ${formatShape(shape)}`);
  return nameOf(part) + (parameters.length > 0 ? ` with the parameters ${parameters.join(", ")}` : "");
}

function nameOf(module: AnyModule): string {
  return module.name === undefined ? `a ${describeKind(module)}` : `the ${describeKind(module)} "${module.name}"`;
}
