// Reductions: a thread for each element of the result, which goes over what it reduces. Where that is much, it is cut in
// pieces of one length first, and what they give is reduced again: the order depends on the shape alone.

import { BackendError } from "../../errors.js";
import { type Shape, sizeOf, stridesOf } from "../../shape.js";
import type { ReduceName } from "../backend.js";
import type { Dialect } from "./dialect.js";
import type { Expression, FunctionName } from "./expression.js";
import { type IndexMap, indexMap } from "./index-map.js";
import { type Program, ProgramWriter } from "./program.js";
import type { StoredValue } from "./stored-value.js";
import type { ValueStore } from "./value-store.js";

/** The most elements that one thread goes over where there is a choice, and the length of the pieces beyond it. */
const LONGEST = 512;
const PIECE = 128;

/** Up to here scripts divide an index exactly. */
const EXACT = 2 ** 24;

/** A reduction of a graph's elements. */
interface Plan {
  readonly name: ReduceName;
  /** Where each result begins, and where the elements that it reduces lie from there. */
  readonly kept: IndexMap;
  readonly reduced: IndexMap;
  readonly results: number;
  /** How many are reduced to one, and to how many pieces. */
  readonly length: number;
  readonly pieces: number;
}

/** What is reduced: elements in a shape, over some of its axes. */
export interface Reduction {
  readonly name: ReduceName;
  readonly shape: Shape;
  readonly axes: readonly number[];
}

/** Reduces what `element` gives for each index of a shape. None of its sizes is 0. */
export function reduce(store: ValueStore, dialect: Dialect, element: Expression, of: Reduction): StoredValue {
  const { name, shape, axes } = of;
  const strides = stridesOf(shape);
  const pick = (list: readonly number[], inside: boolean) => list.filter((_, axis) => axes.includes(axis) === inside);
  const [length, results] = [sizeOf(pick(shape, true)), sizeOf(pick(shape, false))];
  const reduced = indexMap(pick(shape, true), pick(strides, true));
  if (reduced.extents.length > 1 && length > EXACT) return reduceInTurn(store, dialect, element, of);
  const pieces = length > LONGEST && name !== "argMax" ? Math.ceil(length / PIECE) : 1;
  const kept = indexMap(pick(shape, false), pick(strides, false));
  const program = reduction(dialect, element, { name, length, pieces, results, kept, reduced });
  const partial = store.launch(program, results * pieces);
  return pieces === 1 ? partial : reduceAgain(store, dialect, partial, { name, shape: [results, pieces], axes: [1] });
}

/** The last of the axes first, then the others. */
function reduceInTurn(store: ValueStore, dialect: Dialect, element: Expression, of: Reduction): StoredValue {
  const { name, shape, axes } = of;
  const last = axes[axes.length - 1] as number;
  const partial = reduce(store, dialect, element, { name, shape, axes: [last] });
  const rest = shape.filter((_, axis) => axis !== last);
  return reduceAgain(store, dialect, partial, { name, shape: rest, axes: axes.slice(0, -1) });
}

/** Reduces what a reduction gave, and lets go of it. */
function reduceAgain(store: ValueStore, dialect: Dialect, partial: StoredValue, of: Reduction): StoredValue {
  try {
    return reduce(store, dialect, { kind: "load", value: partial, map: indexMap([partial.size], [1]) }, of);
  } finally {
    store.drop(partial);
  }
}

function reduction(dialect: Dialect, element: Expression, plan: Plan): Program {
  const { name, kept, reduced, results, length, pieces } = plan;
  const writer = new ProgramWriter(dialect);
  const size = results * pieces;
  // a thread's place is a result, and a piece of it
  const threads = dialect.threadsFor(size, [indexMap([results, pieces], [1, 0]), kept]);
  if (!threads) throw new BackendError(name, `${size} results in this order are too many for one kernel in this mode`);
  const at = dialect.threadIndex(threads);
  const cut = pieces > 1;
  const start = writer.index(
    cut ? dialect.indexThrough(kept, dialect.quotient(at, pieces)) : dialect.indexThrough(kept, at, threads),
  );
  const counter = dialect.counter(COUNTER);
  const place = cut ? writer.index(`${dialect.remainder(at, pieces)} * ${PIECE}`) : "";
  const state = [writer.newName("w"), writer.newName("w")] as const;
  FOLDS[name].begin(writer, dialect, state);
  const body = writer.within(() => {
    const r = cut ? writer.index(`${place} + ${counter}`) : counter;
    const fold = writer.within(() => {
      const value = writer.element(element, writer.index(`${start} + ${dialect.indexThrough(reduced, r)}`));
      FOLDS[name].step(writer, dialect, state, value);
    });
    const whole = !cut || length % PIECE === 0;
    for (const line of whole ? fold : [dialect.whenLess(r, length, fold)]) writer.add(line);
  });
  writer.add(dialect.loop(COUNTER, cut ? PIECE : length, body));
  return writer.finish(name, name === "argMax" ? state[1] : state[0], threads, size);
}

const COUNTER = "n";

/** The best so far, and where it was. */
type State = readonly [value: string, place: string];

/** How a reduction begins, and what it does with a value. */
interface Fold {
  begin(writer: ProgramWriter, dialect: Dialect, state: State): void;
  step(writer: ProgramWriter, dialect: Dialect, state: State, value: string): void;
}

function foldBy(name: FunctionName, start: (writer: ProgramWriter) => string): Fold {
  return {
    begin: (writer, dialect, [total]) => writer.add(dialect.variable(total, start(writer))),
    step: (writer, _dialect, [total], value) => writer.add(`${total} = ${writer.apply(name, [total, value])};`),
  };
}

const FOLDS: Readonly<Record<ReduceName, Fold>> = {
  sum: foldBy("add", () => "0.0"),
  max: foldBy("maximum", (writer) => writer.infinity(-1)),
  min: foldBy("minimum", (writer) => writer.infinity(1)),
  argMax: {
    begin: (writer, dialect, [value, place]) => {
      writer.add(dialect.variable(value, writer.infinity(-1)));
      writer.add(dialect.variable(place, "0.0"));
    },
    step: (writer, dialect, [best, place], value) => {
      const better = writer.newName("v");
      writer.add(dialect.constant(better, writer.apply("beats", [value, best])));
      writer.add(`${place} = ${writer.apply("select", [better, dialect.counted(COUNTER), place])};`);
      writer.add(`${best} = ${writer.apply("select", [better, value, best])};`);
    },
  },
};
