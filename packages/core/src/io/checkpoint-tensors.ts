// What a checkpoint holds, as named tensors: copies of the parts' states on the way out, and on the way in the check that
// they fit, before anything is changed.

import { withBackend } from "../backends/current.js";
import { ReferenceBackend } from "../backends/reference/index.js";
import { ArgumentError, StateError } from "../errors.js";
import { type AnyModule, Module, prepareState, type StateDict } from "../nn/module.js";
import { tensor } from "../ops/creation.js";
import { Optimizer } from "../optim/optimizer.js";
import { Random, type RandomState } from "../random.js";
import { scope } from "../scope.js";
import { formatShape, type Shape, sameShape } from "../shape.js";
import type { FileArray, Float64FileArray } from "./element-types.js";

/** What can be saved and restored: each part under a name of the caller's, which may be any text. */
export interface CheckpointParts {
  readonly models?: Readonly<Record<string, AnyModule>>;
  readonly optimizers?: Readonly<Record<string, Optimizer>>;
  readonly randoms?: Readonly<Record<string, Random>>;
}

/** An array of a checkpoint, in the element type that it had. */
export type StoredArray = FileArray | Float64FileArray;

/** What a checkpoint holds, and how it names that. */
export interface Stored {
  readonly tensors: ReadonlyMap<string, StoredArray>;
  readonly randoms: ReadonlyMap<string, RandomState>;
  readonly nameOf: EntryName;
}

/** The name of a part's entry in a file. */
type EntryName = (kind: string, part: string, entry: string) => string;

/**
 * Names of format version 2: `models/<part>/<entry>`. As in a JSON pointer (RFC 6901) `~` and `/` of the part are `~0`
 * and `~1`, so that the second slash is where the part ends, whatever the part and the entry are.
 */
export const entryName: EntryName = (kind, part, entry) =>
  `${kind}/${part.replaceAll("~", "~0").replaceAll("/", "~1")}/${entry}`;

/** Names of format version 1: the same without that, where `gan/ema` and a part of `gan` could not be told apart. */
export const formerEntryName: EntryName = (kind, part, entry) => `${kind}/${part}/${entry}`;

const PARTS = [
  ["models", Module, "Module"],
  ["optimizers", Optimizer, "Optimizer"],
  ["randoms", Random, "Random"],
] as const;

/** Throws an ArgumentError for a part that is none. */
export function checkParts(where: string, parts: CheckpointParts): void {
  for (const [kind, type, typeName] of PARTS) {
    const named: unknown = parts[kind] ?? {};
    if (typeof named !== "object" || named === null)
      throw new ArgumentError(where, `${kind} must be an object of parts`);
    for (const [name, part] of Object.entries(named)) {
      if (!(part instanceof type)) throw new ArgumentError(where, `${kind}: ${JSON.stringify(name)} is no ${typeName}`);
    }
  }
}

/** The values of all models and optimizers, as they are when this is called, by `entryName`. */
export async function collectTensors({ models = {}, optimizers = {} }: CheckpointParts) {
  const states = [
    ...Object.entries(models).map(([name, model]) => ["models", name, model.stateDict()] as const),
    ...Object.entries(optimizers).map(([name, optimizer]) => ["optimizers", name, optimizer.stateDict()] as const),
  ];
  const reading = states.flatMap(([kind, part, state]) =>
    [...state].map(async ([entry, value]) => {
      const array = { shape: value.shape, data: await value.data() } as StoredArray;
      return [entryName(kind, part, entry), array] as const;
    }),
  );
  return new Map(await Promise.all(reading));
}

/** What one part takes from a checkpoint. */
interface Wanted {
  /** The name in the file. */
  readonly name: string;
  readonly entry: string;
  readonly shape: Shape;
  /** Settings, with which a part can do without, and steps are numbers, and not values for a backend. */
  readonly kind: "values" | "steps" | "settings";
}

/**
 * Throws a StateError with every name that is missing, unexpected, misshapen or worthless.
 *
 * @param allowUnused whether the checkpoint may hold more than the parts ask for
 */
export function checkFits(where: string, parts: CheckpointParts, stored: Stored, allowUnused: boolean): void {
  const wanted = [...wantedOf(parts, stored.nameOf)].flatMap(({ entries }) => entries);
  const randoms = new Set(Object.keys(parts.randoms ?? {}));
  const known = new Set(wanted.map(({ name }) => name));
  const needed = wanted.filter(({ kind }) => kind !== "settings").map(({ name }) => name);
  const missing = [
    ...needed.filter((name) => !stored.tensors.has(name)),
    ...[...randoms].filter((name) => !stored.randoms.has(name)).map((name) => `randoms/${name}`),
  ];
  const unexpected = [
    ...[...stored.tensors.keys()].filter((name) => !known.has(name)),
    ...[...stored.randoms.keys()].filter((name) => !randoms.has(name)).map((name) => `randoms/${name}`),
  ];
  const misshapen = wanted.flatMap(({ name, shape }) => {
    const given = stored.tensors.get(name)?.shape;
    if (given === undefined || sameShape(given, shape)) return [];
    return [`${name} is ${formatShape(given)}, expected ${formatShape(shape)}`];
  });
  const problems = [
    ...(missing.length ? [`missing: ${missing.join(", ")}`] : []),
    ...(unexpected.length && !allowUnused ? [`unexpected: ${unexpected.join(", ")}`] : []),
    ...(misshapen.length ? [`wrong shape: ${misshapen.join(", ")}`] : []),
    ...(misshapen.length || missing.length ? [] : worthless(parts, stored)),
  ];
  if (problems.length > 0) throw new StateError(where, `does not fit: ${problems.join("; ")}`);
}

/**
 * Gives the parts their values. To be called where they fit. All that can fail is done before anything is changed:
 * values are brought to the parts' backends, and parts that are gone are refused.
 */
export function applyStored(parts: CheckpointParts, stored: Stored): void {
  // on this backend the values are at hand, whatever the parts' own ones are: nothing has to be waited for
  const host = new ReferenceBackend();
  scope(() => {
    const changes = [...wantedOf(parts, stored.nameOf)].map(({ name, part, entries }) => {
      const state = withBackend(host, () => stateOf(entries, stored));
      if (part instanceof Module) return prepareState(name, part.namedVariables(), state);
      return part.prepareState(state, numbersOf(entries, stored));
    });
    for (const [name, random] of Object.entries(parts.randoms ?? {})) {
      const state = stored.randoms.get(name) as RandomState;
      changes.push(() => random.restore(state));
    }
    for (const change of changes) change();
  });
}

/** Every model and optimizer, with what it takes. */
function* wantedOf({ models = {}, optimizers = {} }: CheckpointParts, nameOf: EntryName) {
  for (const [name, part] of Object.entries(models)) {
    const entries = [...part.namedVariables()].map(
      ([entry, { shape }]): Wanted => ({ name: nameOf("models", name, entry), entry, shape, kind: "values" }),
    );
    yield { name, part, entries };
  }
  for (const [name, part] of Object.entries(optimizers)) {
    const { slots, steps, settings } = part.stateShapes();
    const named = (shapes: Map<string, Shape>, kind: Wanted["kind"]) =>
      [...shapes].map(([entry, shape]): Wanted => ({ name: nameOf("optimizers", name, entry), entry, shape, kind }));
    const entries = [...named(slots, "values"), ...named(steps, "steps"), ...named(settings, "settings")];
    yield { name, part, entries };
  }
}

/** What is wrong with counts and settings of optimizers, all of which have their shape. */
function worthless(parts: CheckpointParts, stored: Stored): string[] {
  return [...wantedOf(parts, stored.nameOf)].flatMap(({ name, part, entries }) => {
    if (part instanceof Module) return [];
    const problems = part.stateProblems(numbersOf(entries, stored));
    return problems.map((problem) => stored.nameOf("optimizers", name, problem));
  });
}

/** The counts and settings that an optimizer takes. */
function numbersOf(entries: readonly Wanted[], { tensors }: Stored) {
  const numbers = new Map<string, ArrayLike<number>>();
  for (const { name, entry, kind } of entries) {
    const data = tensors.get(name)?.data;
    if (data && kind !== "values") numbers.set(entry, data);
  }
  return numbers;
}

/** One part's state, as tensors of the current backend. */
function stateOf(entries: readonly Wanted[], { tensors }: Stored): StateDict {
  const state = new Map<string, ReturnType<typeof tensor>>();
  for (const { name, entry } of entries) {
    const array = tensors.get(name);
    if (!array) continue;
    const { shape, data } = array;
    state.set(entry, tensor(data, { shape, dtype: data instanceof Float64Array ? "float64" : "float32" }));
  }
  return state;
}
