// What is computed for one element, as a graph: elements of buffers and numbers, and functions of them. An elementwise
// op is such a graph; ops that follow each other grow into one, which becomes one kernel.

import type { BinaryName, UnaryName } from "../backend.js";
import type { IndexMap } from "./index-map.js";
import type { StoredValue } from "./stored-value.js";

/**
 * The functions of the contract. `leakyRelu` takes its slope and `clip` its bounds as further arguments; `…Gradient`
 * is dy · f′ from dy, the result y, and what f takes besides; `select` takes the condition first; `beats` says whether
 * a value takes the place of the largest so far.
 */
export type FunctionName =
  | UnaryName
  | BinaryName
  | "select"
  | "tanhGradient"
  | "sigmoidGradient"
  | "reluGradient"
  | "leakyReluGradient"
  | "beats";

/** The element of a buffer that belongs to an element of the result. */
export interface Load {
  readonly kind: "load";
  readonly value: StoredValue;
  readonly map: IndexMap;
}

/** An element of the row that `rows` names: element t is in row rows[t / rowSize] of `value`. */
export interface Gather {
  readonly kind: "gather";
  readonly value: StoredValue;
  readonly rows: StoredValue;
  readonly rowSize: number;
  /** Whether `value` holds bytes, three in each of its numbers. */
  readonly bytes: boolean;
}

/** A number, the same for all elements; another number is no other kernel. */
export interface Scalar {
  readonly kind: "scalar";
  readonly value: number;
}

/** A function of what its inputs are. */
export interface Apply {
  readonly kind: "apply";
  readonly name: FunctionName;
  readonly inputs: readonly Expression[];
}

export type Expression = Load | Gather | Scalar | Apply;

/** What a graph takes to compute. */
export interface Extent {
  /** The buffers that it reads. */
  readonly values: ReadonlySet<StoredValue>;
  /** The windows through which it reads them. */
  readonly maps: readonly IndexMap[];
  /** Functions and elements in it. */
  readonly nodes: number;
  /** Whether functions are among them that cost far more than what they read. */
  readonly costly: boolean;
  /** Whether every element is read from the place where it is written. */
  readonly flat: boolean;
}

const COSTLY: ReadonlySet<FunctionName> = new Set(["exp", "log", "tanh", "sigmoid", "softplus", "pow"]);

/** Goes over a graph once. */
export function extentOf(root: Expression): Extent {
  const values = new Set<StoredValue>();
  const seen = new Set<Expression>();
  const maps: IndexMap[] = [];
  let [costly, flat] = [false, true];
  const visit = (node: Expression): void => {
    if (seen.has(node)) return;
    seen.add(node);
    if (node.kind === "apply") {
      costly ||= COSTLY.has(node.name);
      node.inputs.forEach(visit);
    } else if (node.kind === "load") {
      values.add(node.value);
      maps.push(node.map);
      flat &&= node.map.extents.length < 2;
    } else if (node.kind === "gather") {
      values.add(node.value).add(node.rows);
      flat = false;
    }
  };
  visit(root);
  return { values, maps, nodes: seen.size, costly, flat };
}
