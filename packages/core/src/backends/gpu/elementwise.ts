// Elementwise functions. Nothing is computed when one is called: its result is a graph, which grows with the functions
// of it that follow, and becomes one kernel where its values are needed. A graph that was used before and costs more to
// compute than to read is computed once.

import { broadcastStrides, type Shape, sizeOf } from "../../shape.js";
import type { BinaryName, UnaryName } from "../backend.js";
import { binaryFunctions, unaryFunctions } from "../reference/scalar-functions.js";
import { type Expression, extentOf, type FunctionName } from "./expression.js";
import { indexMap, isFlat } from "./index-map.js";
import type { StoredValue } from "./stored-value.js";
import type { ValueStore } from "./value-store.js";

/** A value in the shape it is read in, or a number. */
export type Input = number | { readonly value: StoredValue; readonly shape: Shape };

/** The largest graph that becomes one kernel. */
const MOST_NODES = 48;

/** Up to here every mode finds its way back from a flat index. */
const EXACT = 2 ** 24;

/** Makes graphs of values of one store. */
export class Elementwise {
  readonly #store: ValueStore;
  readonly #mostValues: number;

  /** @param mostValues how many values a kernel can read */
  constructor(store: ValueStore, mostValues: number) {
    this.#store = store;
    this.#mostValues = mostValues;
  }

  /** A function of values that broadcast to `shape`. */
  apply(name: FunctionName, inputs: readonly Input[], shape: Shape): StoredValue {
    const size = sizeOf(shape);
    if (size === 0) return this.#store.constant(0, 0);
    const constant = constantOf(name, inputs);
    if (constant !== undefined) return this.#store.constant(size, Math.fround(constant));
    const joined: Expression = { kind: "apply", name, inputs: inputs.map((input) => this.#node(input, shape, true)) };
    const { values, nodes } = extentOf(joined);
    if (values.size <= this.#mostValues && nodes <= MOST_NODES) return this.#store.expression(size, joined);
    // too large: what went in is computed first
    return this.#store.expression(size, {
      ...joined,
      inputs: inputs.map((input) => this.#node(input, shape, false)),
    });
  }

  /** A value as it is read by a kernel of its own size. */
  load(value: StoredValue): Expression {
    return { kind: "load", value: this.#store.evaluate(value), map: indexMap([value.size], [1]) };
  }

  /** What a reduction goes over: a graph as it is, or its values. */
  elementToReduce(value: StoredValue): Expression {
    const { content } = value;
    if (content.kind === "constant") return { kind: "scalar", value: content.number };
    if (content.kind !== "expression") return this.load(value);
    const { root, extent, uses } = content;
    const again = uses > 0 && extent.costly;
    if (again || (!extent.flat && value.size > EXACT)) return this.load(value);
    content.uses++;
    return root;
  }

  #node(input: Input, shape: Shape, joining: boolean): Expression {
    if (typeof input === "number") return { kind: "scalar", value: input };
    const { value } = input;
    const { content } = value;
    if (content.kind === "constant") return { kind: "scalar", value: content.number };
    const map = indexMap(shape, broadcastStrides(input.shape, shape));
    const whole = isFlat(map) && value.size === sizeOf(shape);
    if (joining && whole && content.kind === "expression" && !(content.uses > 0 && content.extent.costly)) {
      content.uses++;
      return content.root;
    }
    return { kind: "load", value: this.#store.evaluate(value), map };
  }
}

/** The result where all that goes in are numbers. */
function constantOf(name: FunctionName, inputs: readonly Input[]): number | undefined {
  const numbers = inputs.map(numberOf);
  if (!numbers.every((number) => number !== undefined)) return undefined;
  const [x = 0, y = 0, z = 0] = numbers;
  if (name in unaryFunctions) return unaryFunctions[name as UnaryName](x, y, z);
  if (name in binaryFunctions) return binaryFunctions[name as BinaryName](x, y);
  if (name === "select") return x === 0 ? z : y;
  return undefined;
}

function numberOf(input: Input): number | undefined {
  if (typeof input === "number") return input;
  const { content } = input.value;
  return content.kind === "constant" ? content.number : undefined;
}
