// What a checkpoint holds, as named tensors: copies of the parts' states on the way out, and on the way in the check that
// they fit, before anything is changed.

import { withBackend } from "../backends/current.js";
import { ReferenceBackend } from "../backends/reference/index.js";
import { StateError } from "../errors.js";
import type { Module, StateDict } from "../nn/module.js";
import { tensor } from "../ops/creation.js";
import { isStepCount, type Optimizer } from "../optim/optimizer.js";
import type { Random, RandomState } from "../random.js";
import { formatShape, type Shape, sameShape } from "../shape.js";
import type { FileArray, Float64FileArray } from "./element-types.js";

/** What can be saved and restored: each part under a name of the caller's. */
export interface CheckpointParts {
  readonly models?: Readonly<Record<string, Module>>;
  readonly optimizers?: Readonly<Record<string, Optimizer>>;
  readonly randoms?: Readonly<Record<string, Random>>;
}

/** An array of a checkpoint, in the element type that it had. */
export type StoredArray = FileArray | Float64FileArray;

/** The values of all models and optimizers, as they are when this is called: `models/<name>/<parameter>`, …. */
export async function collectTensors(parts: CheckpointParts): Promise<Map<string, StoredArray>> {
  const states = [...partsOf(parts)].flatMap(([prefix, part]) =>
    [...part.stateDict()].map(([name, value]) => [`${prefix}/${name}`, value] as const),
  );
  const reading = states.map(async ([name, value]) => {
    return [name, { shape: value.shape, data: await value.data() } as StoredArray] as const;
  });
  return new Map(await Promise.all(reading));
}

/** What a checkpoint holds. */
export interface Stored {
  readonly tensors: ReadonlyMap<string, StoredArray>;
  readonly randoms: ReadonlyMap<string, RandomState>;
}

/**
 * Throws a StateError with every name that is missing, unexpected, misshapen or worthless.
 *
 * @param allowUnused whether the checkpoint may hold more than the parts ask for
 */
export function checkFits(where: string, parts: CheckpointParts, stored: Stored, allowUnused: boolean): void {
  const shapes = expectedShapes(parts);
  const names = [...shapes.keys(), ...Object.keys(parts.randoms ?? {}).map((name) => `randoms/${name}`)];
  const found = [...stored.tensors.keys(), ...[...stored.randoms.keys()].map((name) => `randoms/${name}`)];
  const missing = names.filter((name) => !found.includes(name));
  const unexpected = allowUnused ? [] : found.filter((name) => !names.includes(name));
  const misshapen = [...shapes].flatMap(([name, shape]) => {
    const given = stored.tensors.get(name)?.shape;
    if (given === undefined || sameShape(given, shape)) return [];
    return [`${name} is ${formatShape(given)}, expected ${formatShape(shape)}`];
  });
  const problems = [
    ...(missing.length ? [`missing: ${missing.join(", ")}`] : []),
    ...(unexpected.length ? [`unexpected: ${unexpected.join(", ")}`] : []),
    ...(misshapen.length ? [`wrong shape: ${misshapen.join(", ")}`] : []),
    ...wrongSteps(parts, stored),
  ];
  if (problems.length > 0) throw new StateError(where, `does not fit: ${problems.join("; ")}`);
}

/** Gives the parts their values. To be called where they fit. */
export async function applyTensors(parts: CheckpointParts, stored: Stored): Promise<void> {
  const host = new ReferenceBackend();
  const loading = [...partsOf(parts)].map(([prefix, part]) => part.loadStateDict(stateOf(prefix, stored, host)));
  for (const [name, random] of Object.entries(parts.randoms ?? {})) {
    random.restore(stored.randoms.get(name) as RandomState);
  }
  await Promise.all(loading);
}

function* partsOf({ models = {}, optimizers = {} }: CheckpointParts): Generator<[string, Module | Optimizer]> {
  for (const [name, model] of Object.entries(models)) yield [`models/${name}`, model];
  for (const [name, optimizer] of Object.entries(optimizers)) yield [`optimizers/${name}`, optimizer];
}

function expectedShapes({ models = {}, optimizers = {} }: CheckpointParts): Map<string, Shape> {
  const shapes = new Map<string, Shape>();
  for (const [name, model] of Object.entries(models)) {
    for (const [variable, { shape }] of model.namedVariables()) shapes.set(`models/${name}/${variable}`, shape);
  }
  for (const [name, optimizer] of Object.entries(optimizers)) {
    for (const [entry, shape] of optimizer.stateShapes()) shapes.set(`optimizers/${name}/${entry}`, shape);
  }
  return shapes;
}

function wrongSteps({ optimizers = {} }: CheckpointParts, { tensors }: Stored): string[] {
  return Object.entries(optimizers).flatMap(([optimizer, { parameters }]) =>
    parameters.flatMap((_, i) => {
      const name = `optimizers/${optimizer}/${i}.step`;
      const data = tensors.get(name)?.data;
      if (data?.length !== 1 || isStepCount(data[0])) return [];
      return [`${name} must be a whole number ≥ 0, got ${data[0]}`];
    }),
  );
}

/** One part's state, on a backend whose values are at hand: loading it then needs no waiting in between. */
function stateOf(prefix: string, { tensors }: Stored, host: ReferenceBackend): StateDict {
  const own = [...tensors].filter(([name]) => name.startsWith(`${prefix}/`));
  return withBackend(host, () => {
    return new Map(
      own.map(([name, { shape, data }]) => {
        const dtype = data instanceof Float64Array ? "float64" : "float32";
        return [name.slice(prefix.length + 1), tensor(data, { shape, dtype })] as const;
      }),
    );
  });
}
