// Kernels as gpu.js takes them: in its own part of JavaScript, for the modes cpu and webasm. gpu.js computes in float32
// wherever it is not told otherwise, and all divisions: an index is divided only where that is exact, below 2²⁴, and
// made a whole number again at once. For longer results the threads lie in rows.

import { BackendError } from "../../errors.js";
import { stridesOf } from "../../shape.js";
import type { Dialect, ProgramParts, Threads } from "./dialect.js";
import type { FunctionName } from "./expression.js";
import { axesOf, type IndexMap, type MapAxis } from "./index-map.js";
import type { KernelDescription } from "./kernel-cache.js";

/** From here on a float32 skips whole numbers. */
const EXACT = 2 ** 24;

const FUNCTIONS: Readonly<Record<FunctionName, (x: string, y: string, z: string) => string>> = {
  neg: (x) => `-${x}`,
  exp: (x) => `Math.exp(${x})`,
  log: (x) => `Math.log(${x})`,
  sqrt: (x) => `Math.sqrt(${x})`,
  square: (x) => `${x}*${x}`,
  abs: (x) => `Math.abs(${x})`,
  sign: (x) => `(${x}>0?1.0:(${x}<0?-1.0:${x}))`,
  tanh: (x) => `Math.tanh(${x})`,
  sigmoid: (x) => `(${x}>=0?1/(1+Math.exp(-${x})):Math.exp(${x})/(1+Math.exp(${x})))`,
  relu: (x) => `(${x}<=0?0.0:${x})`,
  leakyRelu: (x, slope) => `(${x}>0?${x}:${slope}*${x})`,
  softplus: (x) => `((${x}<=0?0.0:${x})+Math.log1p(Math.exp(-Math.abs(${x}))))`,
  clip: (x, low, high) => `(${x}<${low}?${low}:(${x}>${high}?${high}:${x}))`,
  add: (x, y) => `${x}+${y}`,
  sub: (x, y) => `${x}-${y}`,
  mul: (x, y) => `${x}*${y}`,
  div: (x, y) => `${x}/${y}`,
  // JavaScript says NaN where C, and the contract, say 1
  pow: (x, y) => `(${x}===1?1.0:(${x}===-1&&Math.abs(${y})===Infinity?1.0:Math.pow(${x},${y})))`,
  // a sum is NaN where one of them is
  maximum: (x, y) => `(${x}>${y}?${x}:(${y}>=${x}?${y}:${x}+${y}))`,
  minimum: (x, y) => `(${x}<${y}?${x}:(${y}<=${x}?${y}:${x}+${y}))`,
  equal: (x, y) => `(${x}===${y}?1.0:0.0)`,
  notEqual: (x, y) => `(${x}!==${y}?1.0:0.0)`,
  less: (x, y) => `(${x}<${y}?1.0:0.0)`,
  lessEqual: (x, y) => `(${x}<=${y}?1.0:0.0)`,
  greater: (x, y) => `(${x}>${y}?1.0:0.0)`,
  greaterEqual: (x, y) => `(${x}>=${y}?1.0:0.0)`,
  select: (condition, x, y) => `(${condition}===0?${y}:${x})`,
  tanhGradient: (dy, y) => `${dy}*(1-${y}*${y})`,
  sigmoidGradient: (dy, y) => `${dy}*(${y}*(1-${y}))`,
  reluGradient: (dy, y) => `(${y}<=0?0.0:${dy})`,
  beats: (x, best) => `(${x}>${best}||(${x}!==${x}&&${best}===${best})?1.0:0.0)`,
  leakyReluGradient: (dy, y, slope) => `(${y}>0?${dy}:${slope}*${dy})`,
};

/** Writes kernels in gpu.js's JavaScript. */
export class ScriptDialect implements Dialect {
  readonly #rounding: boolean;

  /** @param options.rounding whether every value is rounded to float32: where the language computes in float64 */
  constructor({ rounding }: { rounding: boolean }) {
    this.#rounding = rounding;
  }

  threadsFor(size: number, maps: readonly IndexMap[]): Threads | undefined {
    const divided = maps.filter((map) => map.extents.length > 1);
    if (size <= EXACT || divided.length === 0) return { columns: size, rows: 1 };
    // rows as long as the inner axes of every map: then no axis lies across two rows
    const [first, ...others] = divided.map(({ extents }) => stridesOf(extents));
    const fits = (inner: number) => inner < EXACT && size / inner < EXACT;
    const columns = first?.find((inner) => fits(inner) && others.every((other) => other.includes(inner)));
    return columns === undefined || columns === 1 ? undefined : { columns, rows: size / columns };
  }

  threadIndex({ columns, rows }: Threads): string {
    return rows === 1 ? "this.thread.x" : `(this.thread.y*${columns}+this.thread.x)`;
  }

  indexThrough(map: IndexMap, at: string, threads?: Threads): string {
    const terms = axesOf(map).map((axis) => {
      const coordinate = threads ? this.#coordinateOf(axis, threads) : this.#coordinate(axis, at);
      return axis.stride === 1 ? coordinate : `${coordinate}*${axis.stride}`;
    });
    if (map.offset !== 0 || terms.length === 0) terms.push(String(map.offset));
    return terms.join("+");
  }

  quotient(at: string, divisor: number): string {
    return divisor === 1 ? at : `(Math.floor(${at}/${divisor})|0)`;
  }

  remainder(at: string, divisor: number): string {
    return `((${at}%${divisor})|0)`;
  }

  load(array: number, index: string): string {
    return `a${array}[${index}]`;
  }

  number(place: number): string {
    return `s${place}`;
  }

  toIndex(text: string): string {
    return `(${text}|0)`;
  }

  counter(name: string): string {
    // webasm counts in float32, whatever the loop looks like
    return `(${name}|0)`;
  }

  counted(name: string): string {
    return name;
  }

  apply(name: FunctionName, [x = "", y = "", z = ""]: readonly string[]): string {
    const text = FUNCTIONS[name](x, y, z);
    return this.#rounding ? `Math.fround(${text})` : text;
  }

  byte(): string {
    throw new BackendError("gpu", "bytes are taken from the host in this mode");
  }

  constant(name: string, value: string): string {
    return `const ${name}=${value};`;
  }

  /** Whole numbers cannot be named: a variable made of them is a float. */
  nameIndex(_name: string, value: string): { statement: string; text: string } {
    return { statement: "", text: `(${value})` };
  }

  variable(name: string, value: string): string {
    return `let ${name}=${value};`;
  }

  loop(counter: string, count: number, statements: readonly string[]): string {
    // beyond it, webasm's counter would stand still
    if (count > EXACT)
      throw new BackendError("gpu", `more than 2^24 elements cannot be counted in this mode: ${count}`);
    return `for(let ${counter}=0;${counter}<${count};${counter}++){${statements.join("")}}`;
  }

  whenLess(at: string, limit: number | string, statements: readonly string[]): string {
    return `if(${at}<${limit}){${statements.join("")}}`;
  }

  infinity(sign: 1 | -1): string {
    return sign === 1 ? "Infinity" : "-Infinity";
  }

  describe(
    { arrays, numbers, statements, result }: ProgramParts,
    { columns, rows }: Threads,
    lengths: readonly number[],
    results: number,
  ): KernelDescription {
    const names = [...namesOf("a", arrays), ...namesOf("s", numbers)].join(",");
    const source = `function(${names}){${statements.join("")}return ${result};}`;
    return { source, output: rows === 1 ? [columns] : [columns, rows], lengths, numbers, results };
  }

  #coordinate({ extent, inner, outermost }: MapAxis, at: string): string {
    const whole = this.quotient(at, inner);
    return outermost ? whole : this.remainder(whole, extent);
  }

  /** The coordinate from the thread's own place: from the row where the axis lies across rows, else from the column. */
  #coordinateOf(axis: MapAxis, { columns, rows }: Threads): string {
    const across = rows > 1 && axis.inner >= columns;
    if (across) return this.#coordinate({ ...axis, inner: axis.inner / columns }, "this.thread.y");
    const outermost = axis.outermost || axis.inner * axis.extent === columns;
    return this.#coordinate({ ...axis, outermost }, "this.thread.x");
  }
}

/** `a0`, `a1`, … */
export function namesOf(letter: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${letter}${i}`);
}
