// The source text of a product's kernel. Shapes are baked in as integer literals, and every index is computed in
// integers: in float32, as gpu.js computes wherever a type is left to it, an index goes wrong past 2²⁴.

import type { GpuMode } from "./modes.js";
import { partLength } from "./product-parts.js";
import type { ProductPlan } from "./product-plan.js";

/** Steps of the inner index in one turn of the loop. */
const UNROLL = 4;

/** How a mode writes the thread's place and the loop's counter. */
interface Dialect {
  readonly prologue: string;
  readonly x: string;
  readonly y: string;
  readonly z: string;
  /** The counter, as an integer. */
  readonly counter: string;
  /** The counter of parts, likewise. */
  readonly partCounter: string;
  readonly unroll: number;
}

const THREAD = { x: "this.thread.x", y: "this.thread.y", z: "this.thread.z" } as const;
const GPU: Dialect = { prologue: "", ...THREAD, counter: "i", partCounter: "p", unroll: 1 };

const DIALECTS: Readonly<Record<GpuMode, Dialect>> = {
  // a counter that goes up by ++ is an integer in WGSL and GLSL
  webgpu: GPU,
  webgl2: GPU,
  headlessgl: GPU,
  // webasm's counter is a float, whatever its loop looks like, and so is a local variable made of integers: the
  // counter is made an integer where it is used, and the thread's place is written out
  webasm: { prologue: "", ...THREAD, counter: "(i|0)", partCounter: "(p|0)", unroll: UNROLL },
  // in cpu mode the kernel is JavaScript, where numbers are exact and a property costs a look-up each time
  cpu: {
    prologue: "const x=this.thread.x;const y=this.thread.y;const z=this.thread.z;",
    x: "x",
    y: "y",
    z: "z",
    counter: "i",
    partCounter: "p",
    unroll: UNROLL,
  },
};

/** A value of the inner index: a number, or the loop's counter plus a number. */
interface Inner {
  readonly counter: string;
  readonly plus: number;
}

/** The kernel of a product: function (a, b) of the two operands, flat. */
export function productSource(plan: ProductPlan): string {
  const dialect = DIALECTS[plan.mode];
  const { k } = plan.spec;
  const rows = range(0, plan.tile);
  const each = (text: (row: number) => string): string => rows.map(text).join("");
  const result = plan.tile === 1 ? "s0" : `[${rows.map((row) => `s${row}`).join(",")}]`;
  const part = partLength(k);
  const parts = part === 0 ? 0 : Math.ceil(k / part) - 1;
  const start = { counter: times(dialect.partCounter, part), plus: 0 };
  // all parts but the last go into totals
  const body = `${each((row) => `s${row}=0;`)}${loop(plan, dialect, start, part)}${each((row) => `t${row}+=s${row};`)}`;
  return [
    `function(a,b){${dialect.prologue}${each((row) => `let s${row}=0;`)}`,
    parts > 0 ? `${each((row) => `let t${row}=0;`)}for(let p=0;p<${parts};p++){${body}}` : "",
    parts > 0 ? each((row) => `s${row}=0;`) : "",
    loop(plan, dialect, { counter: "", plus: parts * part }, k - parts * part),
    parts > 0 ? each((row) => `s${row}+=t${row};`) : "",
    `return ${result};}`,
  ].join("");
}

/** A number of steps along the inner index, beginning at `start`. */
function loop(plan: ProductPlan, dialect: Dialect, start: Inner, length: number): string {
  const { unroll, counter: turn } = dialect;
  const whole = length - (length % unroll);
  const before = start.counter === "" ? String(start.plus) : start.counter;
  const counter = before === "0" ? turn : `(${before}+${turn})`;
  const turns = range(0, unroll).map((plus) => step(plan, dialect, { counter, plus }, `v${plus}`));
  const rest = range(whole, length).map((i) => {
    return step(plan, dialect, { counter: start.counter, plus: start.plus + i }, `w${start.plus + i}`);
  });
  const update = unroll === 1 ? "i++" : `i+=${unroll}`;
  return `${whole > 0 ? `for(let i=0;i<${whole};${update}){${turns.join("")}}` : ""}${rest.join("")}`;
}

/** One step of the inner index: a value of B, times one of A for each row of the tile. */
function step(plan: ProductPlan, dialect: Dialect, inner: Inner, name: string): string {
  const products = range(0, plan.tile).map((row) => `s${row}+=a[${indexOfA(plan, dialect, inner, row)}]*${name};`);
  return `const ${name}=b[${indexOfB(plan, dialect, inner)}];${products.join("")}`;
}

/** Row `y·tile + row` of A, at the inner index. */
function indexOfA({ spec, tile }: ProductPlan, { y, z }: Dialect, inner: Inner, row: number): string {
  const { batch, m, k } = spec;
  const member = spec.sharedA || batch === 1 ? "" : times(z, m * k);
  if (spec.transposeA) return sum(member, timesInner(inner, m), times(y, tile), row);
  return sum(member, times(y, tile * k), timesInner(inner, 1), row * k);
}

/** Column x of B, at the inner index. */
function indexOfB({ spec }: ProductPlan, { x, z }: Dialect, inner: Inner): string {
  const { batch, n, k } = spec;
  const member = spec.sharedB || batch === 1 ? "" : times(z, k * n);
  return spec.transposeB ? sum(member, times(x, k), timesInner(inner, 1)) : sum(member, timesInner(inner, n), x);
}

function timesInner({ counter, plus }: Inner, factor: number): string {
  // a product of two literals would be one of floats
  if (counter === "") return String(plus * factor);
  return times(plus === 0 ? counter : `(${counter}+${plus})`, factor);
}

function times(text: string, factor: number): string {
  return factor === 1 ? text : `${text}*${factor}`;
}

/** The sum of what is neither nothing nor 0; literals are added up, since a sum of two would be one of floats. */
function sum(...terms: readonly (string | number)[]): string {
  const literal = terms.reduce<number>((total, term) => (Number.isNaN(Number(term)) ? total : total + Number(term)), 0);
  const texts = terms.filter((term) => Number.isNaN(Number(term)));
  return [...texts, ...(literal === 0 && texts.length > 0 ? [] : [literal])].join("+");
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first }, (_, i) => first + i);
}
