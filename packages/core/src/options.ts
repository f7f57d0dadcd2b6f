// Objects of options: what every public function and constructor refuses before it looks at them. A misspelt option is
// an error that says the right name, also where the name is known from Keras, PyTorch or TensorFlow.js.

import { describe, show } from "./describe.js";
import { ArgumentError } from "./errors.js";
import { suggestionFor } from "./option-names.js";

/** What the value of an option may be. Ranges are the function's own business. */
export interface OptionKind {
  /** Completes "axis must be …". */
  readonly expected: string;
  readonly accepts: (value: unknown) => boolean;
  /** Whether a value that was passed without a name can be meant; `accepts` by default. */
  readonly suits?: (value: unknown) => boolean;
  /** Whether there is no default. */
  readonly required?: boolean;
}

/** The options of a function by name. */
interface Table {
  readonly kinds: Readonly<Record<string, OptionKind>>;
  /** Those without a default. */
  readonly required: readonly string[];
}

/** A table for options of a type; made by `optionsOf`. */
export interface OptionTable<Options> extends Table {
  /** Never there: it tells tables of different types apart. */
  readonly of?: (options: Options) => void;
}

/** Every option of a type with its kind, so that the compiler finds one that is not listed. */
export function optionsOf<Options extends object>(
  kinds: {
    readonly [Name in keyof Options]-?: OptionKind;
  },
): OptionTable<Options> {
  const named: Readonly<Record<string, OptionKind>> = Object.assign(Object.create(null), kinds);
  const required = Object.keys(named).filter((name) => named[name]?.required);
  return { kinds: named, required };
}

export const flag: OptionKind = { expected: "true or false", accepts: (value) => typeof value === "boolean" };

export const numeric: OptionKind = { expected: "a number", accepts: (value) => typeof value === "number" };

/** A number that becomes a setting, which checks it. */
export const setting: OptionKind = { ...numeric, accepts: () => true, suits: numeric.accepts };

export const text: OptionKind = { expected: "a string", accepts: (value) => typeof value === "string" };

export const callable: OptionKind = { expected: "a function", accepts: (value) => typeof value === "function" };

/** An axis, or several. */
export const axes: OptionKind = {
  expected: "a number or an array of numbers",
  accepts: (value) => typeof value === "number" || isListOf(value, "number"),
};

export const numbers: OptionKind = {
  expected: "an array of numbers",
  accepts: (value) => isListOf(value, "number"),
};

/** A number, or one each for several axes. Which numbers they may be is checked where they are used. */
export const sizes: OptionKind = {
  expected: "a number, or two of them",
  accepts: (value) => typeof value === "number" || isListOf(value, "number"),
};

/** What the function itself looks at closely. */
export const anything: OptionKind = { expected: "anything", accepts: () => true, suits: () => false };

/** An array, of which the function itself looks at the entries. */
export const list: OptionKind = { expected: "an array", accepts: Array.isArray };

/** What can be iterated over; a string is none. */
export const iterable: OptionKind = { expected: "an iterable", accepts: isIterable };

/** An object that holds things by name. */
export const record: OptionKind = {
  expected: "an object",
  accepts: (value) => typeof value === "object" && value !== null && !Array.isArray(value),
};

/** One of some texts. */
export function oneOf(...values: readonly string[]): OptionKind {
  const quoted = values.map((value) => `"${value}"`);
  const expected = `${quoted.slice(0, -1).join(", ")} or ${quoted.at(-1)}`;
  return { expected, accepts: (value) => values.some((known) => known === value) };
}

/** What is an instance of a class. */
export function instanceOf(expected: string, kind: abstract new (...values: never[]) => object): OptionKind {
  return { expected, accepts: (value) => value instanceof kind };
}

/** An option without a default. */
export function required(kind: OptionKind): OptionKind {
  return { ...kind, required: true };
}

/**
 * The options as they were given, `{}` where they are undefined.
 *
 * @throws ArgumentError where they are no object, one has a name that is not in the table or a value of another kind, or
 *   a required one is missing; undefined stands for the default
 */
export function readOptions<Options extends object>(
  where: string,
  options: Options | undefined,
  table: OptionTable<Options>,
): Options {
  const given = options === undefined ? {} : options;
  if (typeof given !== "object" || given === null) throw notOptions(where, given, table);
  const values = given as Readonly<Record<string, unknown>>;
  let empty = true;
  for (const name in values) {
    empty = false;
    const kind = table.kinds[name];
    if (kind === undefined) throw unknownOption(where, values, name, table);
    const value = values[name];
    if (value !== undefined && !kind.accepts(value)) throw wrongValue(where, name, kind, value);
  }
  // a Map or a Date has no names that one could refuse
  if (empty && !isPlain(given)) throw notOptions(where, given, table);
  for (const name of table.required) {
    if (values[name] === undefined) throw wrongValue(where, name, table.kinds[name] as OptionKind, undefined);
  }
  return given as Options;
}

/** Whether an object was written in braces, in any realm. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null || (!Array.isArray(value) && isLast(prototype as object));
}

function isLast(prototype: object): boolean {
  return Object.getPrototypeOf(prototype) === null;
}

function isListOf(value: unknown, type: "number"): boolean {
  return Array.isArray(value) && value.every((entry) => typeof entry === type);
}

function isIterable(value: unknown): boolean {
  return typeof value === "object" && value !== null && Symbol.iterator in value;
}

function wrongValue(where: string, name: string, { expected }: OptionKind, value: unknown): ArgumentError {
  return new ArgumentError(where, `${name} must be ${expected}, got ${show(value)}`);
}

function unknownOption(where: string, values: object, name: string, table: Table): ArgumentError {
  if (!isPlain(values)) return notOptions(where, values, table);
  const names = Object.keys(table.kinds);
  return new ArgumentError(where, `unknown option ${show(name)}; ${suggestionFor(name, names)}`);
}

/** Says how a value that was passed alone is passed by name, where an option takes it. */
function notOptions(where: string, value: unknown, table: Table): ArgumentError {
  const isShort = typeof value !== "object" || Array.isArray(value);
  const name = isShort && Object.keys(table.kinds).find((key) => suits(table.kinds[key] as OptionKind, value));
  const call = /^[A-Z]/.test(where) ? `new ${where}` : where;
  const hint = name ? `; did you mean ${call}(…, { ${name}: ${show(value)} })?` : "";
  return new ArgumentError(where, `options must be an object, got ${isShort ? show(value) : describe(value)}${hint}`);
}

function suits(kind: OptionKind, value: unknown): boolean {
  return (kind.suits ?? kind.accepts)(value);
}
