// Kernels as a GPU takes them, in WGSL or GLSL, put in the place of what gpu.js would translate: all else of a kernel, its
// bindings, its textures, its handles, stays gpu.js's. There are whole numbers here, so an index is right up to 2³¹.

import type { Dialect, ProgramParts, Threads } from "./dialect.js";
import type { FunctionName } from "./expression.js";
import type { TranslatedKernel } from "./gpu-js.js";
import { axesOf, type IndexMap } from "./index-map.js";
import type { KernelDescription } from "./kernel-cache.js";
import { namesOf } from "./script-dialect.js";
import { type ShaderLanguage, shaderFunctions } from "./shader-functions.js";

const OPERATORS: Partial<Readonly<Record<FunctionName, string>>> = { add: "+", sub: "-", mul: "*", div: "/" };

/** Functions that are written in place. */
const PLAIN: Partial<Readonly<Record<FunctionName, (x: string, y: string) => string>>> = {
  neg: (x) => `-${x}`,
  square: (x) => `${x} * ${x}`,
  abs: (x) => `abs(${x})`,
  tanhGradient: (dy, y) => `${dy} * (1.0 - ${y} * ${y})`,
  sigmoidGradient: (dy, y) => `${dy} * (${y} * (1.0 - ${y}))`,
};

/** Writes kernels in one of the shader languages. */
export class ShaderDialect implements Dialect {
  readonly #language: ShaderLanguage;

  constructor(language: ShaderLanguage) {
    this.#language = language;
  }

  threadsFor(size: number): Threads {
    return { columns: size, rows: 1 };
  }

  threadIndex(): string {
    return this.#isWgsl ? "data_index" : "index";
  }

  indexThrough(map: IndexMap, at: string): string {
    const terms = axesOf(map).map(({ extent, stride, inner, outermost }) => {
      const whole = this.quotient(at, inner);
      const coordinate = outermost ? whole : this.remainder(whole, extent);
      return stride === 1 ? coordinate : `${coordinate} * ${stride}`;
    });
    if (map.offset !== 0 || terms.length === 0) terms.push(String(map.offset));
    return terms.join(" + ");
  }

  quotient(at: string, divisor: number): string {
    return divisor === 1 ? at : `(${at} / ${divisor})`;
  }

  remainder(at: string, divisor: number): string {
    // GLSL ES 1.00 has no remainder
    return this.#language === "glsl1" ? `(${at} - ${at} / ${divisor} * ${divisor})` : `(${at} % ${divisor})`;
  }

  load(array: number, index: string): string {
    return this.#isWgsl ? `user_a${array}[${index}]` : `load${array}(${index})`;
  }

  number(place: number): string {
    return this.#isWgsl ? `params.user_s${place}` : `user_s${place}`;
  }

  toIndex(text: string): string {
    return this.#isWgsl ? `i32(${text})` : `int(${text})`;
  }

  counter(name: string): string {
    return name;
  }

  counted(name: string): string {
    return `${this.#isWgsl ? "f32" : "float"}(${name})`;
  }

  apply(name: FunctionName, inputs: readonly string[], helpers: Set<string>): string {
    const [x = "", y = ""] = inputs;
    const operator = OPERATORS[name];
    if (operator) return `${x} ${operator} ${y}`;
    const plain = PLAIN[name];
    if (plain) return plain(x, y);
    helpers.add(`${name}Of`);
    return `${name}Of(${inputs.join(", ")})`;
  }

  byte(word: string, place: string, helpers: Set<string>): string {
    helpers.add("byteOf");
    return `byteOf(${word}, ${this.#isWgsl ? "f32" : "float"}(${place}))`;
  }

  constant(name: string, value: string): string {
    return this.#isWgsl ? `let ${name} : f32 = ${value};` : `float ${name} = ${value};`;
  }

  nameIndex(name: string, value: string): { statement: string; text: string } {
    const statement = this.#isWgsl ? `let ${name} : i32 = ${value};` : `int ${name} = ${value};`;
    return { statement, text: name };
  }

  variable(name: string, value: string): string {
    return this.#isWgsl ? `var ${name} : f32 = ${value};` : `float ${name} = ${value};`;
  }

  loop(counter: string, count: number, statements: readonly string[]): string {
    const start = this.#isWgsl ? `var ${counter} : i32 = 0` : `int ${counter} = 0`;
    return `for (${start}; ${counter} < ${count}; ${counter}++) { ${statements.join(" ")} }`;
  }

  whenLess(at: string, limit: number | string, statements: readonly string[]): string {
    return `if (${at} < ${limit}) { ${statements.join(" ")} }`;
  }

  infinity(sign: 1 | -1, helpers: Set<string>): string {
    helpers.add("infinity");
    return sign === 1 ? "infinity()" : "-infinity()";
  }

  describe(parts: ProgramParts, threads: Threads, lengths: readonly number[], results: number): KernelDescription {
    const { arrays, numbers } = parts;
    const names = [...namesOf("a", arrays), ...namesOf("s", numbers)];
    return {
      // what a program without a text of its own would be: gpu.js reads the arguments' names here
      source: `function(${names.join(",")}){return 0;}`,
      output: [threads.columns],
      lengths,
      numbers,
      results,
      customize: (kernel) => {
        kernel.translateSource = this.#isWgsl ? wgslTranslation(parts) : this.#glslTranslation(parts);
      },
    };
  }

  get #isWgsl(): boolean {
    return this.#language === "wgsl";
  }

  #glslTranslation({ arrays, statements, result, helpers }: ProgramParts): (this: TranslatedKernel) => void {
    const loads = Array.from({ length: arrays }, (_, i) => this.#loadFunction(i));
    const functions = shaderFunctions(helpers, this.#language);
    const text = [...loads, functions, `void kernel() { ${statements.join("\n")}\nkernelResult = ${result}; }`];
    return function () {
      this.translatedSource = `${text.join("\n")}\n`;
      this.returnType = "Number";
    };
  }

  #loadFunction(array: number): string {
    const name = `user_a${array}`;
    if (this.#language === "glsl1") {
      return `float load${array}(int at) { return getMemoryOptimized32(${name}, ${name}Size, ${name}Dim, 0, 0, at); }`;
    }
    const texel = `texelFetch(${name}, ivec2((at / 4) % ${name}Size.x, (at / 4) / ${name}Size.x), 0)`;
    return `float load${array}(int at) { return ${texel}[at % 4]; }`;
  }
}

function wgslTranslation({ statements, result, helpers }: ProgramParts): (this: TranslatedKernel) => void {
  const functions = shaderFunctions(helpers, "wgsl");
  return function () {
    this.translatedFunctions = functions;
    this.translatedBody = `${statements.join("\n")}\nresult[data_index] = ${result};`;
    this.componentCount = 1;
    this.returnType = "Number";
  };
}
