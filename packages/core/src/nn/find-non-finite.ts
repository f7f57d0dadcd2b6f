// Where an infinity or a NaN came from: a computation is run once more, with every op and every layer watched, and the
// way is followed back from its result to the first op that made such a value out of finite ones.

import { withOpWatcher } from "../autodiff.js";
import { visitContents } from "../containers.js";
import type { FloatArray } from "../dtype.js";
import type { Storage } from "../storage.js";
import { refusePromise } from "../synchronous.js";
import { Tensor } from "../tensor.js";
import { describeLayer } from "./layer-path.js";
import { Parameter } from "./parameter.js";
import { type ApplyObserver, runningModules, withApplyObserver } from "./running.js";

/** The first value of a computation that was infinite or not a number. */
export interface NonFiniteOrigin {
  /** The value: NaN, Infinity or −Infinity. */
  readonly value: number;
  /** The op that made it; undefined where it was there before: in a parameter or in what was fed in. */
  readonly op: string | undefined;
  /** The layer in which that op ran, with the path to it: `discriminator/3 (Dense 128→1)`. */
  readonly layer: string | undefined;
  /** The parameter that held it before any op ran. */
  readonly parameter: string | undefined;
  /** All of it in words. */
  readonly description: string;
}

/** What is to be explained: a tensor, or several in arrays and plain objects. */
export type NonFiniteResult = Tensor | readonly NonFiniteResult[] | { readonly [name: string]: NonFiniteResult };

/** Where a tensor's values came from: an op that ran, or nothing that was watched. */
interface Source {
  readonly tensor: Tensor;
  /** How often the tensor had been changed in place. */
  readonly version: number;
  /** The first value that is not finite, once it is known. */
  wrong: Promise<number | undefined> | number | undefined;
  /** For what an op made: the op, what it was given, and the layer in which it ran. */
  readonly made?: { readonly op: string; readonly from: readonly Source[]; readonly layer: string | undefined };
}

/**
 * Runs a computation and finds the op, and the layer, that first made a value which is infinite or not a number, and
 * from which the result got its own. A masked infinity, which the result does not depend on, is none.
 *
 * Every result of every op is read, so that this is slow: it is meant for a computation of which the result is known
 * to be wrong. It is a run like any other: it draws random numbers, and where `fn` trains, it trains.
 *
 * @param fn returns what to explain: a loss, or several tensors; what it calls need not record gradients
 * @returns undefined where the result is finite
 * @throws AdjointError where `fn` returns a promise
 */
export async function findNonFinite(fn: () => NonFiniteResult): Promise<NonFiniteOrigin | undefined> {
  const trace = new Trace();
  const result = trace.run(fn);
  await trace.settle();
  return trace.originOf(result);
}

/** @internal The same at once, for synchronous backends. */
export function findNonFiniteSync(fn: () => NonFiniteResult): NonFiniteOrigin | undefined {
  const trace = new Trace();
  return trace.originOf(trace.run(fn));
}

class Trace {
  /** By memory: a view of something that was made before is the work of the op that made that. */
  readonly #sources = new Map<Storage, Source>();
  readonly #all: Source[] = [];

  run<T>(fn: () => T): T {
    // somebody who looks on has every layer computed by itself
    const observe: ApplyObserver = (_, forward) => forward();
    const watch = (op: string, inputs: readonly Tensor[], output: Tensor) => this.#note(op, inputs, output);
    return withApplyObserver(observe, () => withOpWatcher(watch, () => refusePromise("findNonFinite", fn())));
  }

  /** Waits until all values have been read. */
  async settle(): Promise<void> {
    for (const source of this.#all) source.wrong = await source.wrong;
  }

  /** Goes back from the first tensor that is not finite to the first that was not. */
  originOf(result: NonFiniteResult): NonFiniteOrigin | undefined {
    const isWrong = ({ wrong }: Source) => wrong !== undefined;
    let origin: Source | undefined;
    let source = tensorsIn(result)
      .map((tensor) => this.#sourceOf(tensor))
      .find(isWrong);
    while (source) {
      origin = source;
      source = source.made?.from.find(isWrong);
    }
    return origin && describeOrigin(origin);
  }

  /** What is known of a tensor. One that no op made is read now, before anything can change it. */
  #sourceOf(tensor: Tensor): Source {
    const { storage } = tensor;
    const known = this.#sources.get(storage);
    if (known && known.version === storage.version) return known;
    return this.#add({ tensor, version: storage.version, wrong: firstNonFinite(tensor) });
  }

  #note(op: string, inputs: readonly Tensor[], output: Tensor): void {
    const from = inputs.map((input) => this.#sourceOf(input));
    const { version } = output.storage;
    if (this.#sources.has(output.storage)) return;
    const made = { op, from, layer: describeLayer(runningModules()) };
    this.#add({ tensor: output, version, wrong: firstNonFinite(output), made });
  }

  #add(source: Source): Source {
    this.#sources.set(source.tensor.storage, source);
    this.#all.push(source);
    return source;
  }
}

function tensorsIn(result: NonFiniteResult): Tensor[] {
  const tensors: Tensor[] = [];
  visitContents([result], "", (value) => {
    if (!(value instanceof Tensor)) return false;
    tensors.push(value);
    return true;
  });
  return tensors;
}

function firstNonFinite(tensor: Tensor): Source["wrong"] {
  const find = (values: FloatArray) => values.find((value) => !Number.isFinite(value));
  return tensor.backend.synchronous ? find(tensor.dataSync()) : tensor.data().then(find);
}

function describeOrigin({ tensor, wrong, made }: Source): NonFiniteOrigin {
  const value = wrong as number;
  if (!made) {
    const parameter = tensor instanceof Parameter ? tensor.name : undefined;
    return {
      value,
      op: undefined,
      layer: undefined,
      parameter,
      description: `${tensor.label} held a value of ${value}`,
    };
  }
  const { op, layer } = made;
  const where = layer === undefined ? "outside of any layer" : `in the layer ${layer}`;
  return { value, op, layer, parameter: undefined, description: `the first ${value} was made by ${op}, ${where}` };
}
