// Tensors as text, laid out as NumPy prints arrays: equal columns, 8 digits after the point, scientific notation where
// magnitudes differ widely, and only the edges of what is large. Rules: NumPy's arrayprint.

import type { FloatArray } from "./dtype.js";
import { type Shape, sizeOf, stridesOf } from "./shape.js";

const PRECISION = 8;
const LINE_WIDTH = 75;
/** Above this many elements only EDGE_ITEMS at either end of each axis are shown. */
const SUMMARIZE_ABOVE = 1000;
const EDGE_ITEMS = 3;

/** The values of a row-major array as NumPy prints them. */
export function formatTensor(data: FloatArray, shape: Shape): string {
  const single = !(data instanceof Float64Array);
  if (shape.length === 0) return formatScalar(data[0] as number, single);
  if (sizeOf(shape) === 0) return "[]";
  const indices = shape.map((extent) => shownIndices(extent, sizeOf(shape) > SUMMARIZE_ABOVE));
  const format = columnFormat(shownValues(data, shape, indices), single);
  return layOut(data, shape, indices, format);
}

/** The indices shown along an axis; −1 stands for the dots. */
function shownIndices(extent: number, summarize: boolean): number[] {
  const all = Array.from({ length: extent }, (_, i) => i);
  if (!summarize || extent <= 2 * EDGE_ITEMS) return all;
  return [...all.slice(0, EDGE_ITEMS), -1, ...all.slice(-EDGE_ITEMS)];
}

function shownValues(data: FloatArray, shape: Shape, indices: readonly number[][]): number[] {
  const strides = stridesOf(shape);
  let offsets = [0];
  indices.forEach((along, axis) => {
    const steps = along.filter((i) => i >= 0).map((i) => i * (strides[axis] as number));
    offsets = offsets.flatMap((base) => steps.map((step) => base + step));
  });
  return offsets.map((offset) => data[offset] as number);
}

function layOut(
  data: FloatArray,
  shape: Shape,
  indices: readonly number[][],
  format: (x: number) => string,
  axis = 0,
  base = 0,
): string {
  const step = stridesOf(shape)[axis] as number;
  const along = indices[axis] as number[];
  const indent = " ".repeat(axis + 1);
  if (axis === shape.length - 1) {
    const words = along.map((i) => (i < 0 ? "..." : format(data[base + i * step] as number)));
    return `[${wrapWords(words, indent, shape.length - axis)}]`;
  }
  const blocks = along.map((i) => (i < 0 ? "..." : layOut(data, shape, indices, format, axis + 1, base + i * step)));
  return `[${blocks.join("\n".repeat(shape.length - 1 - axis) + indent)}]`;
}

/** Words separated by blanks, broken into lines; `closing` is the room that brackets need at the end. */
function wrapWords(words: readonly string[], indent: string, closing: number): string {
  const lines: string[] = [];
  let line = "";
  words.forEach((word, i) => {
    const room = LINE_WIDTH - indent.length - (i === words.length - 1 ? closing : 0);
    if (line !== "" && line.length + 1 + word.length > room) {
      lines.push(line.trimEnd());
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  });
  return [...lines, line].join(`\n${indent}`);
}

/** A function that writes each of `values` in the same width. */
function columnFormat(values: readonly number[], single: boolean): (x: number) => string {
  const finite = values.filter(Number.isFinite);
  const magnitudes = finite.map(Math.abs).filter((x) => x > 0);
  const [largest, smallest] = [
    magnitudes.reduce((a, b) => Math.max(a, b), 0),
    magnitudes.reduce((a, b) => Math.min(a, b), Infinity),
  ];
  const scientific = magnitudes.length > 0 && (largest >= 1e8 || smallest < 1e-4 || largest / smallest > 1000);
  const digits = finite.map((x) => (scientific ? mantissaDigits(x, single) : fractionDigits(x, single)));
  const places = digits.reduce((a, b) => Math.max(a, b), 0);
  const write = (x: number): string => {
    if (!Number.isFinite(x)) return nameOf(x);
    if (scientific) return exponential(x, places);
    return withPoint(x.toFixed(fractionDigits(x, single)), x).padEnd(integerWidth(x) + 1 + places);
  };
  const integerRoom = finite.reduce((room, x) => Math.max(room, integerWidth(x)), 0);
  const width = scientific
    ? values.reduce((room, x) => Math.max(room, write(x).length), 0)
    : Math.max(
        finite.length ? integerRoom + 1 + places : 0,
        ...values.filter((x) => !Number.isFinite(x)).map((x) => nameOf(x).length),
      );
  return (x) => write(x).padStart(width);
}

function nameOf(x: number): string {
  if (Number.isNaN(x)) return "nan";
  return x > 0 ? "inf" : "-inf";
}

/** The shortest decimal digits that read back as the same float. */
function shortest(x: number, single: boolean): string {
  if (!single) return x.toExponential();
  for (let precision = 0; precision < 9; precision++) {
    const text = x.toExponential(precision);
    if (Math.fround(Number(text)) === x) return text;
  }
  return x.toExponential(8);
}

function fractionDigits(x: number, single: boolean): number {
  const [mantissa = "", exponent = "0"] = shortest(x, single).split("e");
  const needed = (mantissa.split(".")[1]?.length ?? 0) - Number(exponent);
  if (needed <= PRECISION) return Math.max(0, needed);
  return x.toFixed(PRECISION).replace(/0+$/, "").split(".")[1]?.length ?? 0;
}

function mantissaDigits(x: number, single: boolean): number {
  const written = shortest(x, single).split("e")[0]?.split(".")[1]?.length ?? 0;
  if (written <= PRECISION) return written;
  return x.toExponential(PRECISION).split("e")[0]?.replace(/0+$/, "").split(".")[1]?.length ?? 0;
}

function integerWidth(x: number): number {
  return Math.trunc(Math.abs(x)).toFixed(0).length + (isNegative(x) ? 1 : 0);
}

function isNegative(x: number): boolean {
  return x < 0 || Object.is(x, -0);
}

/** Adds the point that NumPy writes also after whole numbers, and the sign that toFixed drops. */
function withPoint(text: string, x: number): string {
  const signed = isNegative(x) && !text.startsWith("-") ? `-${text}` : text;
  return signed.includes(".") ? signed : `${signed}.`;
}

function exponential(x: number, places: number): string {
  const [mantissa = "", exponent = "+0"] = x.toExponential(places).split("e");
  return `${withPoint(mantissa, x)}e${exponent[0]}${exponent.slice(1).padStart(2, "0")}`;
}

function formatScalar(x: number, single: boolean): string {
  if (!Number.isFinite(x)) return nameOf(x);
  const magnitude = Math.abs(x);
  if (magnitude !== 0 && (magnitude >= 1e16 || magnitude < 1e-4)) {
    const [mantissa = "", exponent = "+0"] = shortest(x, single).split("e");
    return `${mantissa}e${exponent[0]}${exponent.slice(1).padStart(2, "0")}`;
  }
  const [mantissa = "", exponent = "0"] = shortest(x, single).split("e");
  const places = Math.max(1, (mantissa.split(".")[1]?.length ?? 0) - Number(exponent));
  return withPoint(x.toFixed(places), x);
}
