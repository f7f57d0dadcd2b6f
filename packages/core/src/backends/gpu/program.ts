// From graphs to the text of kernels. A program collects what it reads and the statements that compute it; the text is
// also what tells one kernel from another.

import type { Dialect, Threads } from "./dialect.js";
import type { Expression, FunctionName, Gather, Load, Scalar } from "./expression.js";
import { type IndexMap, isFlat } from "./index-map.js";
import type { KernelDescription } from "./kernel-cache.js";
import type { StoredValue } from "./stored-value.js";

/** A kernel with what it is to be called with. */
export interface Program {
  readonly label: string;
  readonly inputs: readonly StoredValue[];
  readonly numbers: readonly number[];
  describe(): KernelDescription;
}

/** Statements that are written one after the other, in the body of a kernel or of a loop. */
export class ProgramWriter {
  readonly #dialect: Dialect;
  readonly #inputs = new Map<StoredValue, number>();
  readonly #numbers: number[] = [];
  readonly #helpers = new Set<string>();
  /** Texts of what is at hand already, by what they stand for. */
  #known = new Map<unknown, string>();
  #statements: string[] = [];
  #names = 0;

  constructor(dialect: Dialect) {
    this.#dialect = dialect;
  }

  add(statement: string): void {
    if (statement !== "") this.#statements.push(statement);
  }

  /** Runs `write`, and returns the statements that it added, which are not part of the body. What they name ends there. */
  within(write: () => void): readonly string[] {
    const [outer, known] = [this.#statements, this.#known];
    this.#statements = [];
    this.#known = new Map(known);
    try {
      write();
      return this.#statements;
    } finally {
      this.#statements = outer;
      this.#known = known;
    }
  }

  /** The value of a graph for flat index `at`; `threads` where that is the thread's. */
  element(node: Expression, at: string, threads?: Threads): string {
    const known = this.#known.get(node);
    if (known !== undefined) return known;
    const text = this.#elementText(node, at, threads);
    this.#known.set(node, text);
    return text;
  }

  /** A function of names. */
  apply(name: FunctionName, inputs: readonly string[]): string {
    return this.#dialect.apply(name, inputs, this.#helpers);
  }

  /** −∞ or ∞. */
  infinity(sign: 1 | -1): string {
    return this.#dialect.infinity(sign, this.#helpers);
  }

  /** An index, written once. */
  index(value: string): string {
    if (/^\w+$/.test(value)) return value;
    const known = this.#known.get(value);
    if (known !== undefined) return known;
    const { statement, text } = this.#dialect.nameIndex(this.newName("i"), value);
    this.add(statement);
    this.#known.set(value, text);
    return text;
  }

  /** Element `index` of a buffer. */
  load(value: StoredValue, index: string): string {
    let place = this.#inputs.get(value);
    if (place === undefined) {
      place = this.#inputs.size;
      this.#inputs.set(value, place);
    }
    return this.#dialect.load(place, index);
  }

  newName(letter: string): string {
    return `${letter}${this.#names++}`;
  }

  /** The program of what was written, for `results` results. */
  finish(title: string, result: string, threads: Threads, results: number): Program {
    const inputs = [...this.#inputs.keys()];
    const lengths = inputs.map(({ size }) => size);
    const [statements, helpers, numbers] = [this.#statements, this.#helpers, this.#numbers];
    const label = `${title} ${results} of ${lengths.join()}: ${statements.join("")}${result}`;
    const parts = { arrays: inputs.length, numbers: numbers.length, statements, result, helpers };
    return { label, inputs, numbers, describe: () => this.#dialect.describe(parts, threads, lengths, results) };
  }

  #elementText(node: Expression, at: string, threads?: Threads): string {
    const dialect = this.#dialect;
    if (node.kind === "scalar") {
      this.#numbers.push(node.value);
      return dialect.number(this.#numbers.length - 1);
    }
    const value = this.#valueText(node, at, threads);
    const name = this.newName("v");
    this.add(dialect.constant(name, value));
    return name;
  }

  #valueText(node: Exclude<Expression, Scalar>, at: string, threads?: Threads): string {
    if (node.kind === "load") return this.#loadText(node, at, threads);
    if (node.kind === "gather") return this.#gatherText(node, at);
    return this.apply(
      node.name,
      node.inputs.map((input) => this.element(input, at, threads)),
    );
  }

  #loadText({ value, map }: Load, at: string, threads?: Threads): string {
    return this.load(value, isFlat(map) ? at : this.index(this.#dialect.indexThrough(map, at, threads)));
  }

  #gatherText({ value, rows, rowSize, bytes }: Gather, at: string): string {
    const dialect = this.#dialect;
    const row = dialect.toIndex(this.load(rows, this.index(dialect.quotient(at, rowSize))));
    const place = this.index(`${row} * ${rowSize} + ${dialect.remainder(at, rowSize)}`);
    if (!bytes) return this.load(value, place);
    const word = this.load(value, this.index(dialect.quotient(place, 3)));
    return dialect.byte(word, dialect.remainder(place, 3), this.#helpers);
  }
}

/** The program that computes a graph for each of `size` elements; undefined where it cannot be written. */
export function elementwiseProgram(dialect: Dialect, root: Expression, size: number, maps: readonly IndexMap[]) {
  const threads = dialect.threadsFor(size, maps);
  if (!threads) return undefined;
  const writer = new ProgramWriter(dialect);
  const result = writer.element(root, dialect.threadIndex(threads), threads);
  return writer.finish("elementwise", result, threads, size);
}
