// Moving elements: fills, windows into buffers, rows by index, and batches of images straight from their bytes.

import { loadPart, storePart } from "./lanes";
import { transposeBlock } from "./packing";
import { startOf } from "./pieces";

/** Up to so many floats are copied here: beyond, `memory.copy` is worth its call. */
// @ts-ignore: decorator
@inline const SHORT: usize = 256;

/** `count` elements of one value. */
export function fill(out: usize, count: usize, value: f32): void {
  const all = f32x4.splat(value);
  const end = out + (count & ~3) * 4;
  if (out < end) do {
    v128.store(out, all);
    out += 16;
  } while (out < end);
  if (count & 3) storePart(out, all, count & 3);
}

/** Twelve 32-bit whole numbers. */
export function storeIntegers(
  out: usize, a: i32, b: i32, c: i32, d: i32, e: i32, f: i32, g: i32, h: i32, i: i32, j: i32, k: i32, l: i32,
): void {
  v128.store(out, i32x4.replace_lane(i32x4.replace_lane(i32x4.replace_lane(i32x4.splat(a), 1, b), 2, c), 3, d));
  v128.store(out, i32x4.replace_lane(i32x4.replace_lane(i32x4.replace_lane(i32x4.splat(e), 1, f), 2, g), 3, h), 16);
  v128.store(out, i32x4.replace_lane(i32x4.replace_lane(i32x4.replace_lane(i32x4.splat(i), 1, j), 2, k), 3, l), 32);
}

/** `bytes` bytes; the two ranges do not overlap. */
export function copyBytes(x: usize, out: usize, bytes: usize): void {
  memory.copy(out, x, bytes);
}

/** `count` floats; for a few of them this is faster than `memory.copy`. */
export function copyFloats(from: usize, to: usize, count: usize): void {
  const end = to + (count & ~3) * 4;
  if (to < end) do {
    v128.store(to, v128.load(from));
    from += 16;
    to += 16;
  } while (to < end);
  for (let i: usize = count & 3; i > 0; i--) {
    store<f32>(to, load<f32>(from));
    from += 4;
    to += 4;
  }
}

/** Columns of x that lie side by side become rows: out[i·toRow + j] = x[i + j·step]. */
function transposeWindow(x: usize, step: usize, out: usize, toRow: usize, rows: usize, columns: usize): void {
  let i: usize = 0;
  for (; i + 4 <= rows; i += 4) {
    let j: usize = 0;
    for (; j + 4 <= columns; j += 4) {
      const from = x + (i + j * step) * 4;
      const pitch = step * 4;
      transposeBlock(from, from + pitch, from + 2 * pitch, from + 3 * pitch, out + (i * toRow + j) * 4, toRow * 4);
    }
    for (; j < columns; j++) {
      for (let r = i; r < i + 4; r++) store<f32>(out + (r * toRow + j) * 4, load<f32>(x + (r + j * step) * 4));
    }
  }
  for (; i < rows; i++) {
    for (let j: usize = 0; j < columns; j++) store<f32>(out + (i * toRow + j) * 4, load<f32>(x + (i + j * step) * 4));
  }
}

/** out[i·toRow + j·toColumn] = x[i·fromRow + j·fromColumn], strides in elements, possibly 0 or negative on `x`. */
export function copyWindow(
  x: usize, fromRow: isize, fromColumn: isize, out: usize, toRow: isize, toColumn: isize, rows: usize, columns: usize,
): void {
  if (fromColumn == 1 && toColumn == 1) {
    for (let i: usize = 0; i < rows; i++) {
      if (columns <= SHORT) copyFloats(x, out, columns);
      else memory.copy(out, x, columns * 4);
      x += fromRow * 4;
      out += toRow * 4;
    }
    return;
  }
  if (fromRow == 1 && toColumn == 1 && fromColumn > 0 && toRow > 0) {
    return transposeWindow(x, fromColumn, out, toRow, rows, columns);
  }
  for (let i: usize = 0; i < rows; i++) {
    let from = x;
    let to = out;
    for (let j: usize = 0; j < columns; j++) {
      store<f32>(to, load<f32>(from));
      from += fromColumn * 4;
      to += toColumn * 4;
    }
    x += fromRow * 4;
    out += toRow * 4;
  }
}

/** `copyWindow` for the pieces [from, to) that the `count` outer axes at `axes` count, with strides on `x` and `out`. */
export function copyPieces(
  x: usize, fromRow: isize, fromColumn: isize, out: usize, toRow: isize, toColumn: isize, rows: usize, columns: usize,
  axes: usize, count: usize, from: usize, to: usize,
): void {
  for (let piece = from; piece < to; piece++) {
    copyWindow(
      x + startOf(axes, count, 2, 0, piece), fromRow, fromColumn, out + startOf(axes, count, 2, 1, piece), toRow,
      toColumn, rows, columns,
    );
  }
}

/** Row i of `out` is row indices[i] of `x`. */
export function gatherRows(x: usize, indices: usize, out: usize, count: usize, rowSize: usize): void {
  for (let i: usize = 0; i < count; i++) {
    memory.copy(out, x + load<u32>(indices + i * 4) * rowSize * 4, rowSize * 4);
    out += rowSize * 4;
  }
}

/** Adds columns [from, to) of row i of `x` to row indices[i] of `out`, in order of i. */
export function scatterRows(
  x: usize, indices: usize, out: usize, count: usize, rowSize: usize, from: usize, to: usize,
): void {
  for (let i: usize = 0; i < count; i++) {
    let source = x + (i * rowSize + from) * 4;
    let target = out + (load<u32>(indices + i * 4) * rowSize + from) * 4;
    let left = to - from;
    for (; left >= 4; left -= 4) {
      v128.store(target, f32x4.add(v128.load(target), v128.load(source)));
      source += 16;
      target += 16;
    }
    if (left) storePart(target, f32x4.add(loadPart(target, left), loadPart(source, left)), left);
  }
}

/** Four whole numbers as n·scale + offset in float64, rounded to float32 once. */
// @ts-ignore: decorator
@inline
function scaled(words: v128, scale: v128, offset: v128): v128 {
  const low = f64x2.add(f64x2.mul(f64x2.convert_low_i32x4_u(words), scale), offset);
  const upper = i8x16.shuffle(words, words, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7);
  const high = f64x2.add(f64x2.mul(f64x2.convert_low_i32x4_u(upper), scale), offset);
  return i64x2.shuffle(f32x4.demote_f64x2_zero(low), f32x4.demote_f64x2_zero(high), 0, 2);
}

/** The `count` bytes at `x` as byte·scale + offset, with the one rounding that the other backends have too. */
export function scaleBytes(x: usize, out: usize, count: usize, scale: f64, offset: f64): void {
  const scales = f64x2.splat(scale);
  const offsets = f64x2.splat(offset);
  let left = count;
  for (; left >= 8; left -= 8) {
    const words = v128.load8x8_u(x);
    v128.store(out, scaled(i32x4.extend_low_i16x8_u(words), scales, offsets));
    v128.store(out, scaled(i32x4.extend_high_i16x8_u(words), scales, offsets), 16);
    x += 8;
    out += 32;
  }
  for (; left > 0; left--) {
    store<f32>(out, <f32>(<f64>load<u8>(x) * scale + offset));
    x++;
    out += 4;
  }
}
