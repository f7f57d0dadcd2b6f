// Tensors as text, laid out as NumPy prints arrays: equal columns, 8 digits after the point, scientific notation where
// magnitudes differ widely, and only the edges of what is large. Rules: arrayprint of NumPy 2.4.

import type { FloatArray } from "./dtype.js";
import { type Shape, sizeOf, stridesOf } from "./shape.js";

const PRECISION = 8;
const LINE_WIDTH = 75;
/** Above this many elements only EDGE_ITEMS at either end of each axis are shown. */
const SUMMARIZE_ABOVE = 1000;
const EDGE_ITEMS = 3;
/** As many digits as toFixed and toExponential give: all there are, of the numbers that ties are looked for in. */
const MAX_DIGITS = 100;

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
    return `[${wrapWords(words, indent)}]`;
  }
  const blocks = along.map((i) => (i < 0 ? "..." : layOut(data, shape, indices, format, axis + 1, base + i * step)));
  return `[${blocks.join("\n".repeat(shape.length - 1 - axis) + indent)}]`;
}

/** Words separated by blanks, broken into lines: as much room is left for closing brackets as opening ones took. */
function wrapWords(words: readonly string[], indent: string): string {
  const room = LINE_WIDTH - 2 * indent.length;
  const lines: string[] = [];
  let line = "";
  for (const word of words) {
    if (line !== "" && line.length + 1 + word.length > room) {
      lines.push(line.trimEnd());
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return [...lines, line].join(`\n${indent}`);
}

/** A function that writes each of `values` in the same width. */
function columnFormat(values: readonly number[], single: boolean): (x: number) => string {
  const finite = values.filter(Number.isFinite);
  const writeFinite = needsExponent(finite, single) ? exponentColumn(finite, single) : fixedColumn(finite, single);
  const write = (x: number) => (Number.isFinite(x) ? writeFinite(x) : nameOf(x));
  const width = longest(values.map(write));
  return (x) => write(x).padStart(width);
}

/** Whether magnitudes are so large, so small or so different that NumPy writes an exponent. */
function needsExponent(finite: readonly number[], single: boolean): boolean {
  const magnitudes = finite.map(Math.abs).filter((x) => x > 0);
  if (magnitudes.length === 0) return false;
  // NumPy compares in the element type
  const round = single ? Math.fround : Number;
  const largest = magnitudes.reduce((a, b) => Math.max(a, b));
  const smallest = magnitudes.reduce((a, b) => Math.min(a, b));
  return largest >= (single ? 1e6 : 1e8) || smallest < round(1e-4) || round(largest / smallest) > 1000;
}

function fixedColumn(finite: readonly number[], single: boolean): (x: number) => string {
  const write = (x: number) => {
    const text = roundedFixed(x, Math.min(PRECISION, fractionDigits(x, single)));
    return withPoint(text.includes(".") ? text.replace(/0+$/, "") : text, x);
  };
  const fraction = (text: string) => text.length - text.indexOf(".");
  const room = finite.reduce((most, x) => Math.max(most, fraction(write(x))), 0);
  return (x) => {
    const text = write(x);
    return text.padEnd(text.length + room - fraction(text));
  };
}

function exponentColumn(finite: readonly number[], single: boolean): (x: number) => string {
  const parts = finite.map((x) => roundedExponential(x, Math.min(PRECISION, mantissaDigits(x, single))).split("e"));
  // the digits that are left when zeros at the end are not counted
  const places = longest(parts.map(([mantissa = ""]) => (mantissa.split(".")[1] ?? "").replace(/0+$/, "")));
  const exponentDigits = Math.max(2, longest(parts.map(([, exponent = ""]) => exponent.slice(1))));
  return (x) => exponential(roundedExponential(x, places), x, exponentDigits, ".");
}

function longest(texts: readonly string[]): number {
  return texts.reduce((length, text) => Math.max(length, text.length), 0);
}

function nameOf(x: number): string {
  if (Number.isNaN(x)) return "nan";
  return x > 0 ? "inf" : "-inf";
}

/** `toFixed`, but halves go to the even digit, as in NumPy, where JavaScript takes the larger number. */
function roundedFixed(x: number, places: number): string {
  const all = x.toFixed(MAX_DIGITS);
  const kept = all.length - MAX_DIGITS + places;
  return isHalfAboveEven(all, kept) ? all.slice(0, places === 0 ? kept - 1 : kept) : x.toFixed(places);
}

/** `toExponential`, but halves go to the even digit. */
function roundedExponential(x: number, places: number): string {
  const [all = "", exponent] = x.toExponential(MAX_DIGITS).split("e");
  const kept = all.length - MAX_DIGITS + places;
  if (!isHalfAboveEven(all, kept)) return x.toExponential(places);
  return `${all.slice(0, places === 0 ? kept - 1 : kept)}e${exponent}`;
}

/** Whether the digits of `all` after the first `kept` characters are a half, and the digit before them is even. */
function isHalfAboveEven(all: string, kept: number): boolean {
  return /^50*$/.test(all.slice(kept)) && /[02468][.]?$/.test(all.slice(0, kept));
}

/** The shortest decimal digits that read back as the same float. */
function shortest(x: number, single: boolean): string {
  if (!single) return x.toExponential();
  for (let precision = 0; precision < 8; precision++) {
    const text = roundedExponential(x, precision);
    if (Math.fround(Number(text)) === x) return text;
  }
  return roundedExponential(x, 8);
}

/** Digits after the point that tell the number from all others of its type. */
function fractionDigits(x: number, single: boolean): number {
  const exponent = Number(shortest(x, single).split("e")[1]);
  return Math.max(0, mantissaDigits(x, single) - exponent);
}

/** Digits after the point of the number's scientific notation that tell it from all others of its type. */
function mantissaDigits(x: number, single: boolean): number {
  return shortest(x, single).split("e")[0]?.split(".")[1]?.length ?? 0;
}

/** Adds the point that NumPy writes also after whole numbers, and the sign of −0. */
function withPoint(text: string, x: number): string {
  const signed = Object.is(x, -0) ? `-${text}` : text;
  return signed.includes(".") ? signed : `${signed}.`;
}

/** JavaScript's scientific notation as NumPy writes it: at least two digits of exponent, and `point` where none is. */
function exponential(text: string, x: number, exponentDigits: number, point: string): string {
  const [mantissa = "", exponent = ""] = text.split("e");
  const whole = mantissa.includes(".") ? mantissa : mantissa + point;
  return `${Object.is(x, -0) ? "-" : ""}${whole}e${exponent[0]}${exponent.slice(1).padStart(exponentDigits, "0")}`;
}

function formatScalar(x: number, single: boolean): string {
  if (!Number.isFinite(x)) return nameOf(x);
  const magnitude = Math.abs(x);
  if (magnitude !== 0 && (magnitude >= (single ? 1e6 : 1e16) || magnitude < 1e-4)) {
    return exponential(shortest(x, single), x, 2, "");
  }
  return withPoint(roundedFixed(x, Math.max(1, fractionDigits(x, single))), x);
}
