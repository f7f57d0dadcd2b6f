// The GLSL of a product in WebGL 2, in three passes, each a rectangle of fragments.
//
// 1. Pack, for each operand: a texture with a row for each row of A, or each column of B, and in it the values along the
//    inner index, four a texel, with zeros beyond. Transposes and odd sizes end here.
// 2. Multiply: a fragment computes four columns of so many rows, and writes each row to a texture of its own: nothing else
//    lets a fragment have so many results, and the more it has, the more often is a value used that was fetched.
// 3. Finish: the rows in the order of the result, four values a texel, with the bias and the activation.

import type { MatmulSpec } from "../backend.js";
import { activationText, type Ending } from "./product-epilogue.js";
import { partLength } from "./product-parts.js";
import type { Sides } from "./webgl2-drawing.js";

/** The textures of a product. */
export interface ProductLayout {
  readonly spec: MatmulSpec;
  /** Rows that a fragment of the second pass computes. */
  readonly rows: number;
  readonly packedA: Sides;
  readonly packedB: Sides;
  /** Of each of the textures that the second pass writes, one for each of those rows. */
  readonly tiles: Sides;
}

const LANES = 4;

/** Lays out the textures of a product. */
export function layOut(spec: MatmulSpec, rows: number): ProductLayout {
  const { batch, m, n, k, sharedA, sharedB } = spec;
  const [across, down] = [Math.ceil(n / LANES), Math.ceil(m / rows)];
  const inner = Math.ceil(k / LANES);
  return {
    spec,
    rows,
    packedA: [inner, (sharedA ? 1 : batch) * down * rows],
    packedB: [inner, (sharedB ? 1 : batch) * across * LANES],
    tiles: [across, batch * down],
  };
}

function header(inputs: number, outputs: number): string {
  const samplers = range(inputs).map((i) => `uniform sampler2D input${i};`);
  const targets = range(outputs).map((i) => `layout(location = ${i}) out vec4 output${i};`);
  const precision = ["float", "int", "sampler2D"].map((type) => `precision highp ${type};`);
  return ["#version 300 es", ...precision, ...samplers, ...targets].join("\n");
}

/** Packs operand A, or B; `width` is that of the texture in which it lies, in the order of its values. */
export function packSource({ spec, packedA, packedB }: ProductLayout, operand: "a" | "b", width: number): string {
  const { batch, m, n, k, transposeA, transposeB, sharedA, sharedB } = spec;
  const isA = operand === "a";
  const extent = isA ? m : n;
  const members = (isA ? sharedA : sharedB) ? 1 : batch;
  const padded = (isA ? packedA : packedB)[1] / members;
  // whether values along the inner index lie one after the other
  const adjacent = isA ? !transposeA : transposeB;
  const [rowStride, innerStride] = adjacent ? [k, 1] : [1, extent];
  const single = range(LANES).map((lane) => {
    const at = `start + (q * ${LANES} + ${lane}) * ${innerStride}`;
    return `if (q * ${LANES} + ${lane} < ${k}) { output0[${lane}] = value(${at}); }`;
  });
  const whole = adjacent && k % LANES === 0;
  return `${header(1, 1)}
vec4 texel(int i) { return texelFetch(input0, ivec2(i % ${width}, i / ${width}), 0); }
float value(int i) { return texel(i / ${LANES})[i % ${LANES}]; }
void main() {
  int q = int(gl_FragCoord.x);
  int row = int(gl_FragCoord.y) % ${padded};
  int member = int(gl_FragCoord.y) / ${padded};
  output0 = vec4(0.0);
  if (row >= ${extent}) { return; }
  int start = member * ${extent * k} + row * ${rowStride};
  ${whole ? `output0 = texel(start / ${LANES} + q);` : single.join("\n  ")}
}`;
}

/** Multiplies what was packed. */
export function multiplySource({ spec, rows, packedA, packedB, tiles }: ProductLayout): string {
  const { batch, sharedA, sharedB } = spec;
  const down = tiles[1] / batch;
  const columnsOfMember = sharedB ? 0 : packedB[1] / batch;
  const step = [
    ...range(rows).map((i) => `vec4 a${i} = texelFetch(input0, ivec2(q, row + ${i}), 0);`),
    ...range(LANES).flatMap((column) => [
      `vec4 b${column} = texelFetch(input1, ivec2(q, column + ${column}), 0);`,
      ...range(rows).map((i) => `sum${i}[${column}] += dot(a${i}, b${column});`),
    ]),
  ];
  const part = partLength(spec.k) / LANES;
  const moves = range(rows).map((i) => `total${i} += sum${i}; sum${i} = vec4(0.0);`);
  return `${header(2, rows)}
void main() {
  int place = int(gl_FragCoord.y);
  int row = ${sharedA ? `place % ${down}` : "place"} * ${rows};
  int column = int(gl_FragCoord.x) * ${LANES} + place / ${down} * ${columnsOfMember};
  ${range(rows)
    .map((i) => `vec4 sum${i} = vec4(0.0); vec4 total${i} = vec4(0.0);`)
    .join(" ")}
  for (int q = 0; q < ${packedA[0]}; q++) {
    ${step.join("\n    ")}
    ${part > 0 ? `if (q % ${part} == ${part - 1}) { ${moves.join(" ")} }` : ""}
  }
  ${range(rows)
    .map((i) => `output${i} = ${part > 0 ? `total${i} + ` : ""}sum${i};`)
    .join(" ")}
}`;
}

/** Puts the rows in order, in a texture of a given width. Its inputs are the rows and, if there is one, the bias. */
export function finishSource(layout: ProductLayout, width: number, ending: Ending, biasWidth: number): string {
  const { spec, rows, tiles } = layout;
  const { batch, m, n } = spec;
  const { biased, activation } = ending;
  const down = tiles[1] / batch;
  const choices = range(rows - 1).map(
    (i) => `if (row % ${m} % ${rows} == ${i}) { return texelFetch(input${i}, place, 0); }`,
  );
  const bias = `texelFetch(input${rows}, ivec2(column / ${LANES} % ${biasWidth}, column / ${LANES} / ${biasWidth}), 0)`;
  const whole = n % LANES === 0;
  const lane = (i: number): string =>
    whole
      ? `output0[${i}] = ended(sums[${i}], at % ${n} + ${i});`
      : `if (at + ${i} < ${batch * m * n}) { output0[${i}] = cell((at + ${i}) / ${n}, (at + ${i}) % ${n}); }`;
  return `${header(rows + (biased ? 1 : 0), 1)}
int index;
${activationText(activation, "glsl3")}
vec4 sumsOf(int row, int q) {
  ivec2 place = ivec2(q, row / ${m} * ${down} + row % ${m} / ${rows});
  ${choices.join("\n  ")}
  return texelFetch(input${rows - 1}, place, 0);
}
float ended(float x, int column) {
  ${biased ? `x += ${bias}[column % ${LANES}];` : ""}
  ${activation ? "x = activate(x);" : ""}
  return x;
}
float cell(int row, int column) { return ended(sumsOf(row, column / ${LANES})[column % ${LANES}], column); }
void main() {
  // the functions of the activation make infinity of a number that a compiler does not know
  index = int(gl_FragCoord.y) * ${width} + int(gl_FragCoord.x);
  int at = index * ${LANES};
  output0 = vec4(0.0);
  ${whole ? `vec4 sums = sumsOf(at / ${n}, at % ${n} / ${LANES});` : ""}
  ${range(LANES).map(lane).join("\n  ")}
}`;
}

function range(length: number): number[] {
  return Array.from({ length }, (_, i) => i);
}
