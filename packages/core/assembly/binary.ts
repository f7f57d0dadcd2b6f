// Elementwise functions of two arguments, and the choice between two, over rows × columns with broadcasting.
// The codes are the places of the names in BINARY_NAMES of src/backends/wasm/codes.ts.

import { powerOne } from "./double-functions";
import { loadPart, storePart } from "./lanes";
import { startOf } from "./pieces";

// @ts-ignore: decorator
@inline
function power(a: v128, b: v128): v128 {
  let y = f32x4.splat(powerOne(f32x4.extract_lane(a, 0), f32x4.extract_lane(b, 0)));
  y = f32x4.replace_lane(y, 1, powerOne(f32x4.extract_lane(a, 1), f32x4.extract_lane(b, 1)));
  y = f32x4.replace_lane(y, 2, powerOne(f32x4.extract_lane(a, 2), f32x4.extract_lane(b, 2)));
  return f32x4.replace_lane(y, 3, powerOne(f32x4.extract_lane(a, 3), f32x4.extract_lane(b, 3)));
}

/** The function with this code. Always called with a constant code. */
// @ts-ignore: decorator
@inline
function apply(code: i32, a: v128, b: v128): v128 {
  const one = f32x4.splat(1);
  if (code == 0) return f32x4.add(a, b);
  if (code == 1) return f32x4.sub(a, b);
  if (code == 2) return f32x4.mul(a, b);
  if (code == 3) return f32x4.div(a, b);
  if (code == 4) return power(a, b);
  if (code == 5) return f32x4.max(a, b);
  if (code == 6) return f32x4.min(a, b);
  if (code == 7) return v128.and(f32x4.eq(a, b), one);
  if (code == 8) return v128.and(f32x4.ne(a, b), one);
  if (code == 9) return v128.and(f32x4.lt(a, b), one);
  if (code == 10) return v128.and(f32x4.le(a, b), one);
  if (code == 11) return v128.and(f32x4.gt(a, b), one);
  return v128.and(f32x4.ge(a, b), one);
}

/** Four elements that are read along a row, or one that is repeated. */
// @ts-ignore: decorator
@inline
function operand(at: usize, along: usize): v128 {
  return along ? v128.load(at) : v128.load32_splat(at);
}

// @ts-ignore: decorator
@inline
function operandPart(at: usize, along: usize, count: usize): v128 {
  return along ? loadPart(at, count) : v128.load32_splat(at);
}

/** One row. `alongA` and `alongB` are constants, so that three tight loops come of this. */
// @ts-ignore: decorator
@inline
function rowLoop(code: i32, a: usize, alongA: usize, b: usize, alongB: usize, out: usize, columns: usize): void {
  const end = out + (columns & ~3) * 4;
  if (out < end) do {
    v128.store(out, apply(code, operand(a, alongA), operand(b, alongB)));
    a += 16 * alongA;
    b += 16 * alongB;
    out += 16;
  } while (out < end);
  const rest = columns & 3;
  if (rest) storePart(out, apply(code, operandPart(a, alongA, rest), operandPart(b, alongB, rest)), rest);
}

// @ts-ignore: decorator
@inline
function loop(
  code: i32, a: usize, rowA: usize, alongA: usize, b: usize, rowB: usize, alongB: usize, out: usize, rows: usize,
  columns: usize,
): void {
  for (let row: usize = 0; row < rows; row++) {
    if (alongA && alongB) rowLoop(code, a, 1, b, 1, out, columns);
    else if (alongA) rowLoop(code, a, 1, b, 0, out, columns);
    else rowLoop(code, a, 0, b, alongB, out, columns);
    a += rowA * 4;
    b += rowB * 4;
    out += columns * 4;
  }
}

/**
 * out[i][j] = f(a[i·rowA + j·alongA], b[i·rowB + j·alongB]); `along` is 1 or 0. `out` is contiguous and may be `a` or
 * `b` where those are.
 */
export function binary(
  code: i32, a: usize, rowA: usize, alongA: usize, b: usize, rowB: usize, alongB: usize, out: usize, rows: usize,
  columns: usize,
): void {
  switch (code) {
    case 0: return loop(0, a, rowA, alongA, b, rowB, alongB, out, rows, columns);
    case 1: return loop(1, a, rowA, alongA, b, rowB, alongB, out, rows, columns);
    case 2: return loop(2, a, rowA, alongA, b, rowB, alongB, out, rows, columns);
    case 3: return loop(3, a, rowA, alongA, b, rowB, alongB, out, rows, columns);
    case 4: return loop(4, a, rowA, alongA, b, rowB, alongB, out, rows, columns);
    case 5: return loop(5, a, rowA, alongA, b, rowB, alongB, out, rows, columns);
    case 6: return loop(6, a, rowA, alongA, b, rowB, alongB, out, rows, columns);
    case 7: return loop(7, a, rowA, alongA, b, rowB, alongB, out, rows, columns);
    case 8: return loop(8, a, rowA, alongA, b, rowB, alongB, out, rows, columns);
    case 9: return loop(9, a, rowA, alongA, b, rowB, alongB, out, rows, columns);
    case 10: return loop(10, a, rowA, alongA, b, rowB, alongB, out, rows, columns);
    case 11: return loop(11, a, rowA, alongA, b, rowB, alongB, out, rows, columns);
    case 12: return loop(12, a, rowA, alongA, b, rowB, alongB, out, rows, columns);
  }
}

/** `binary` for the pieces [from, to) that the `count` outer axes at `axes` count, one after the other in `out`. */
export function binaryPieces(
  code: i32, a: usize, rowA: usize, alongA: usize, b: usize, rowB: usize, alongB: usize, out: usize, rows: usize,
  columns: usize, axes: usize, count: usize, from: usize, to: usize,
): void {
  for (let piece = from; piece < to; piece++) {
    binary(
      code, a + startOf(axes, count, 2, 0, piece), rowA, alongA, b + startOf(axes, count, 2, 1, piece), rowB, alongB,
      out + piece * rows * columns * 4, rows, columns,
    );
  }
}

/** out[i][j] = condition ≠ 0 ? a : b, with NaN ≠ 0; each operand read as in `binary`. */
export function select(
  condition: usize, rowC: usize, alongC: usize, a: usize, rowA: usize, alongA: usize, b: usize, rowB: usize,
  alongB: usize, out: usize, rows: usize, columns: usize,
): void {
  const zero = f32x4.splat(0);
  const rest = columns & 3;
  for (let row: usize = 0; row < rows; row++) {
    let c = condition + row * rowC * 4;
    let x = a + row * rowA * 4;
    let y = b + row * rowB * 4;
    const end = out + (columns & ~3) * 4;
    while (out < end) {
      v128.store(out, v128.bitselect(operand(x, alongA), operand(y, alongB), f32x4.ne(operand(c, alongC), zero)));
      c += 16 * alongC;
      x += 16 * alongA;
      y += 16 * alongB;
      out += 16;
    }
    if (rest) {
      const chosen = f32x4.ne(operandPart(c, alongC, rest), zero);
      storePart(out, v128.bitselect(operandPart(x, alongA, rest), operandPart(y, alongB, rest), chosen), rest);
    }
    out += rest * 4;
  }
}

/** `select` for the pieces [from, to), as in `binaryPieces`. */
export function selectPieces(
  condition: usize, rowC: usize, alongC: usize, a: usize, rowA: usize, alongA: usize, b: usize, rowB: usize,
  alongB: usize, out: usize, rows: usize, columns: usize, axes: usize, count: usize, from: usize, to: usize,
): void {
  for (let piece = from; piece < to; piece++) {
    select(
      condition + startOf(axes, count, 3, 0, piece), rowC, alongC, a + startOf(axes, count, 3, 1, piece), rowA, alongA,
      b + startOf(axes, count, 3, 2, piece), rowB, alongB, out + piece * rows * columns * 4, rows, columns,
    );
  }
}
