// The WGSL of a product. A thread computes a tile of `rows` rows by `vectors` vectors of four columns, in its registers;
// vector j of a thread is `across` vectors beyond vector j − 1, so that neighbouring threads read neighbouring memory.
// With `depth`, a group first copies what it needs of both operands to its shared memory.
//
// Shapes are literals, and indices are unsigned integers. What a tile reads beyond an edge of the result is the last row
// or column once more, and is not written; beyond the inner size, where it would count, it is 0 in both operands.

import type { MatmulSpec } from "../backend.js";
import { activationText, type Ending } from "./product-epilogue.js";
import { partLength } from "./product-parts.js";
import { extentAcross, extentDown, LANES, type Tile } from "./product-tiles.js";

/** An operand as it is stored, and where its vectors of four lie. */
interface Operand {
  readonly name: "A" | "B";
  readonly rows: number;
  readonly columns: number;
  /** Whether vectors run along the inner index, so that an inner index of 4 is one step of a vector. */
  readonly alongInner: boolean;
  readonly shared: boolean;
  /** Rows or columns of the result for which a group needs it. */
  readonly extent: number;
}

/** The kernel of a product. Its bindings are A, B, the result and, if there is one, the bias. */
export function webGpuProductSource(spec: MatmulSpec, tile: Tile, ending: Ending): string {
  const { m, n, k, transposeA, transposeB, sharedA, sharedB } = spec;
  const a: Operand = {
    ...{ name: "A", rows: transposeA ? k : m, columns: transposeA ? m : k, alongInner: !transposeA, shared: sharedA },
    extent: extentDown(tile),
  };
  const b: Operand = {
    ...{ name: "B", rows: transposeB ? n : k, columns: transposeB ? k : n, alongInner: transposeB, shared: sharedB },
    extent: extentAcross(tile),
  };
  const operands = [a, b];
  return [
    ...operands.map((operand, i) => binding(i, operand.name, operand.columns, "read")),
    binding(2, "C", n, "read_write"),
    ending.biased ? binding(3, "bias", n, "read") : "",
    ...operands.map((operand) => loadText(operand, k)),
    storeText(spec, ending),
    ...(tile.depth > 0 ? operands.map((operand) => sharedText(operand, tile.depth)) : []),
    mainText(spec, tile, a, b),
  ].join("\n");
}

function binding(place: number, name: string, columns: number, access: string): string {
  const element = columns % LANES === 0 ? "vec4f" : "f32";
  return `@group(0) @binding(${place}) var<storage, ${access}> ${name} : array<${element}>;`;
}

/**
 * `loadA(z, row, q)`: values 4q … 4q + 3 of a row of member z, as it is stored. `innerA` likewise, with zeros beyond the
 * inner size.
 */
function loadText({ name, rows, columns, alongInner, shared, extent }: Operand, k: number): string {
  // whether tiles end where the operand does
  const exact = (alongInner ? rows : columns) % extent === 0;
  const aligned = columns % LANES === 0;
  const width = aligned ? columns / LANES : columns;
  const member = shared ? "" : `z * ${rows * width}u + `;
  const vectors = Math.ceil(columns / LANES);
  const read = (lane: number): string => {
    // whatever lies beyond the row's end is not used
    const place = lane === 0 ? "q * 4u" : `min(q * 4u + ${lane}u, ${columns - 1}u)`;
    return `${name}[start + ${place}]`;
  };
  const value = aligned ? `${name}[start + q]` : `vec4f(${[0, 1, 2, 3].map(read).join(", ")})`;
  const row = alongInner && !exact ? `min(r, ${rows - 1}u)` : "r";
  const q = alongInner || exact ? "p" : `min(p, ${vectors - 1}u)`;
  const lanes = [0, 1, 2, 3].map((lane) => `q * 4u + ${lane}u < ${k}u`).join(", ");
  const masked = alongInner ? `select(vec4f(), load${name}(z, r, q), vec4<bool>(${lanes}))` : `load${name}(z, r, q)`;
  const outside = alongInner ? `q >= ${vectors}u` : `r >= ${k}u`;
  return `fn load${name}(z : u32, r : u32, p : u32) -> vec4f {
  let q = ${q}; let start = ${member}${row} * ${width}u;
  return ${value};
}
fn inner${name}(z : u32, r : u32, q : u32) -> vec4f {
  if (${outside}) { return vec4f(); }
  return ${masked};
}`;
}

/** `store(z, row, q, sum)`: writes four columns of a row, with the ending, as far as they are there. */
function storeText({ m, n }: MatmulSpec, { biased, activation }: Ending): string {
  const aligned = n % LANES === 0;
  const lanes = [0, 1, 2, 3];
  const biases = lanes.map((lane) => `bias[min(q * 4u + ${lane}u, ${n - 1}u)]`).join(", ");
  const statements = [
    `if (row >= ${m}u || q >= ${Math.ceil(n / LANES)}u) { return; }`,
    "var v = sum;",
    biased ? `v += ${aligned ? "bias[q]" : `vec4f(${biases})`};` : "",
    activation ? `v = vec4f(${lanes.map((lane) => `activate(v[${lane}])`).join(", ")});` : "",
    aligned ? `C[(z * ${m}u + row) * ${n / LANES}u + q] = v;` : `let start = (z * ${m}u + row) * ${n}u + q * 4u;`,
    ...(aligned ? [] : lanes.map((lane) => `if (q * 4u + ${lane}u < ${n}u) { C[start + ${lane}u] = v[${lane}]; }`)),
  ];
  // the functions of the epilogue make infinity of a number that a compiler does not know
  const parameters = activation ? "struct Params { outputY : u32 }\nvar<private> params : Params;\n" : "";
  const functions = activationText(activation, "wgsl");
  return `${parameters}${functions}
fn store(z : u32, row : u32, q : u32, sum : vec4f) {
  ${statements.filter((statement) => statement !== "").join("\n  ")}
}`;
}

/** Vectors of a row of the shared copy. */
function widthOf({ alongInner, extent }: Operand, depth: number): number {
  return (alongInner ? depth : extent) / LANES;
}

/**
 * The shared copy of an operand, in the order in which it is stored, and `placeA(row, q)`, where a vector lies in it.
 * Where threads read one vector each of neighbouring rows, rows of 64 bytes would fall into the same banks of the
 * memory; the vectors of every other row change places, which spreads them.
 */
function sharedText(operand: Operand, depth: number): string {
  const { name, alongInner, extent } = operand;
  const width = widthOf(operand, depth);
  const rows = alongInner ? extent : depth;
  const q = alongInner ? `(q ^ ((r >> 1u) & ${width - 1}u))` : "q";
  return `var<workgroup> tile${name} : array<vec4f, ${rows * width}>;
fn place${name}(r : u32, q : u32) -> u32 { return r * ${width}u + ${q}; }`;
}

function mainText(spec: MatmulSpec, tile: Tile, a: Operand, b: Operand): string {
  const { k } = spec;
  const { rows, vectors, across, down, depth } = tile;
  const cells = cellsOf(tile);
  const whole = Math.floor(k / LANES);
  const direct = (name: string, r: string, q: string): string => `load${name}(z, ${r}, ${q})`;
  const tail = (name: string, r: string, q: string): string => `inner${name}(z, ${r}, ${q})`;
  const inParts = partLength(k) > 0;
  const loops =
    depth > 0
      ? stagedText(tile, k, a, b)
      : [
          `if (x >= ${Math.ceil(spec.n / LANES)}u || y >= ${spec.m}u) { return; }`,
          `for (var p = 0u; p < ${whole}u; p++) {`,
          stepText(tile, a, b, { row: "y", vector: "x", inner: "p", read: direct }),
          endOfPartText(tile, k, "p", LANES),
          "}",
          k % LANES === 0
            ? ""
            : `{ ${stepText(tile, a, b, { row: "y", vector: "x", inner: `${whole}u`, read: tail })} }`,
        ].join("\n");
  return `@compute @workgroup_size(${across}, ${down}, 1)
fn main(@builtin(workgroup_id) group : vec3u, @builtin(local_invocation_id) thread : vec3u,
  @builtin(local_invocation_index) place : u32) {
  let z = group.z;
  let x = group.x * ${across * vectors}u + thread.x;
  let y = (group.y * ${down}u + thread.y) * ${rows}u;
  ${cells.map(({ sum, total }) => `var ${sum} = vec4f(); ${inParts ? `var ${total} = vec4f();` : ""}`).join(" ")}
  ${loops}
  ${inParts ? cells.map(({ sum, total }) => `${sum} += ${total};`).join(" ") : ""}
  ${cells.map(({ sum, row, vector }) => `store(z, y + ${row}u, x + ${vector * across}u, ${sum});`).join("\n  ")}
}`;
}

/** Copies a slice of both operands, lets all threads use it, and goes on to the next. */
function stagedText(tile: Tile, k: number, a: Operand, b: Operand): string {
  const { rows, vectors, across, down, depth } = tile;
  const copy = (operand: Operand, first: string): string => {
    const { name, alongInner } = operand;
    const width = widthOf(operand, depth);
    const total = (operand.extent * depth) / LANES;
    const [r, q] = alongInner
      ? [`${first} + i / ${width}u`, `p / 4u + i % ${width}u`]
      : [`p + i / ${width}u`, `${first} / 4u + i % ${width}u`];
    // a slice that ends with the inner size needs no zeros
    const load = k % depth === 0 ? "load" : "inner";
    return `for (var i = place; i < ${total}u; i += ${across * down}u) {
  tile${name}[place${name}(i / ${width}u, i % ${width}u)] = ${load}${name}(z, ${r}, ${q});
}`;
  };
  const read = (name: string, r: string, q: string): string => `tile${name}[place${name}(${r}, ${q})]`;
  const start = { row: `(thread.y * ${rows}u)`, vector: "thread.x", inner: "q", read };
  return `for (var p = 0u; p < ${k}u; p += ${depth}u) {
${copy(a, `group.y * ${down * rows}u`)}
${copy(b, `group.x * ${across * vectors * LANES}u`)}
workgroupBarrier();
for (var q = 0u; q < ${depth / LANES}u; q++) {
${stepText(tile, a, b, start)}
}
${endOfPartText(tile, k, "p", 1)}
workgroupBarrier();
}`;
}

/** Adds the sums of a part to the totals in the last turn of it; a turn begins at `counter`, in units of `unit`. */
function endOfPartText(tile: Tile, k: number, counter: string, unit: number): string {
  const part = partLength(k) / unit;
  if (part === 0) return "";
  const step = unit === 1 ? tile.depth : 1;
  const moves = cellsOf(tile).map(({ sum, total }) => `${total} += ${sum}; ${sum} = vec4f();`);
  return `if (${counter} % ${part}u == ${part - step}u) { ${moves.join(" ")} }`;
}

/** From where on a step reads, and how. */
interface Start {
  readonly row: string;
  readonly vector: string;
  /** The inner index, in steps of 4. */
  readonly inner: string;
  read(name: string, row: string, vector: string): string;
}

/** Four steps of the inner index: all cells of the tile plus the products of four columns of A with four rows of B. */
function stepText(tile: Tile, a: Operand, b: Operand, { row, vector, inner, read }: Start): string {
  const { rows, vectors, across } = tile;
  const lines: string[] = [];
  const define = (name: string, value: string): string => {
    lines.push(`let ${name} = ${value};`);
    return name;
  };
  const at = (step: number): string => `${inner} * 4u + ${step}u`;
  // a[row][step]: a number
  const ofA = a.alongInner
    ? range(rows)
        .map((i) => define(`a${i}`, read("A", `${row} + ${i}u`, inner)))
        .map((v) => range(LANES).map((step) => `${v}[${step}]`))
    : transposedVectors(rows, (group, step) =>
        define(`a${group}_${step}`, read("A", at(step), `${row} / 4u + ${group}u`)),
      );
  const columns = (j: number): string => `${vector} + ${j * across}u`;
  const ofB = b.alongInner
    ? range(vectors).map((j) =>
        range(LANES).map((lane) => define(`t${j}_${lane}`, read("B", `(${columns(j)}) * 4u + ${lane}u`, inner))),
      )
    : [];
  for (const step of range(LANES)) {
    for (const j of range(vectors)) {
      // four columns of B in row `step`: a vector
      const value = b.alongInner
        ? `vec4f(${ofB[j]?.map((v) => `${v}[${step}]`).join(", ")})`
        : read("B", at(step), columns(j));
      const name = define(`b${step}_${j}`, value);
      for (const i of range(rows)) lines.push(`s${i}_${j} += ${ofA[i]?.[step]} * ${name};`);
    }
  }
  return lines.join("\n");
}

/** Rows that lie along a vector: row i of a step is lane i % 4 of vector i / 4. */
function transposedVectors(rows: number, vector: (group: number, step: number) => string): string[][] {
  const vectors = range(rows / LANES).map((group) => range(LANES).map((step) => vector(group, step)));
  return range(rows).map((i) => range(LANES).map((step) => `${vectors[Math.floor(i / LANES)]?.[step]}[${i % LANES}]`));
}

function cellsOf({ rows, vectors }: Tile) {
  return range(rows).flatMap((row) =>
    range(vectors).map((vector) => ({ row, vector, sum: `s${row}_${vector}`, total: `t${row}_${vector}_` })),
  );
}

function range(length: number): number[] {
  return Array.from({ length }, (_, i) => i);
}
