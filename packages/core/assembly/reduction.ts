// Reductions of x seen as [outer, length, inner] over `length`, in an order that depends on these sizes only.
// Sums along rows: blocks of 4096 elements, sixteen sums side by side in each, blocks added in float64. Sums down
// columns: blocks of 256 rows, each added one by one from the top, then the blocks in float64.
// The codes are the places of the names in REDUCE_NAMES of src/backends/wasm/codes.ts.

import { loadPart, storePart, sumOfLanes } from "./lanes";
import { ownPlace } from "./thread";
import { addToTotals } from "./totals";

/** Elements that are summed in float32 before float64 takes over. */
// @ts-ignore: decorator
@inline const BLOCK: usize = 4096;
/** Rows that are summed before their sum is added to the total. */
// @ts-ignore: decorator
@inline const BLOCK_OF_ROWS: usize = 256;

// @ts-ignore: decorator
@inline
function combine(code: i32, a: v128, b: v128): v128 {
  if (code == 0) return f32x4.add(a, b);
  if (code == 1) return f32x4.max(a, b);
  return f32x4.min(a, b);
}

// @ts-ignore: decorator
@inline
function combineOne(code: i32, a: f32, b: f32): f32 {
  if (code == 0) return a + b;
  if (code == 1) return max(a, b);
  return min(a, b);
}

// @ts-ignore: decorator
@inline
function startOf(code: i32): f32 {
  if (code == 0) return 0;
  return code == 1 ? -Infinity : Infinity;
}

/** Up to BLOCK elements. */
// @ts-ignore: decorator
@inline
function reduceBlock(code: i32, x: usize, count: usize): f32 {
  let r0 = f32x4.splat(startOf(code)), r1 = r0, r2 = r0, r3 = r0;
  const end = x + (count & ~15) * 4;
  if (x < end) do {
    r0 = combine(code, r0, v128.load(x));
    r1 = combine(code, r1, v128.load(x, 16));
    r2 = combine(code, r2, v128.load(x, 32));
    r3 = combine(code, r3, v128.load(x, 48));
    x += 64;
  } while (x < end);
  const all = combine(code, combine(code, r0, r1), combine(code, r2, r3));
  const halves = combine(code, all, v128.shuffle<f32>(all, all, 2, 3, 0, 1));
  let result = combineOne(code, f32x4.extract_lane(halves, 0), f32x4.extract_lane(halves, 1));
  for (let i: usize = count & 15; i > 0; i--) {
    result = combineOne(code, result, load<f32>(x));
    x += 4;
  }
  return result;
}

function reduceBlockBy(code: i32, x: usize, count: usize): f32 {
  if (code == 0) return reduceBlock(0, x, count);
  if (code == 1) return reduceBlock(1, x, count);
  return reduceBlock(2, x, count);
}

/** out[i] = the reduction of row i of `rows` rows of `length` elements. */
export function reduceRows(code: i32, x: usize, out: usize, rows: usize, length: usize): void {
  for (let row: usize = 0; row < rows; row++) {
    if (length <= BLOCK) {
      store<f32>(out, reduceBlockBy(code, x, length));
    } else {
      let total: f64 = startOf(code);
      for (let from: usize = 0; from < length; from += BLOCK) {
        const part: f64 = reduceBlockBy(code, x + from * 4, min(BLOCK, length - from));
        total = code == 0 ? total + part : code == 1 ? max(total, part) : min(total, part);
      }
      store<f32>(out, <f32>total);
    }
    x += length * 4;
    out += 4;
  }
}

/** partials[i] = the reduction of block i of `count` elements, for blocks [from, to): the first half of a long row. */
export function reduceBlocks(code: i32, x: usize, partials: usize, count: usize, from: usize, to: usize): void {
  for (let block = from; block < to; block++) {
    const start = block * BLOCK;
    store<f32>(partials + block * 4, reduceBlockBy(code, x + start * 4, min(BLOCK, count - start)));
  }
}

/** The second half: combines the blocks in order, as `reduceRows` does. */
export function combineBlocks(code: i32, partials: usize, out: usize, blocks: usize): void {
  let total: f64 = startOf(code);
  for (let block: usize = 0; block < blocks; block++) {
    const part: f64 = load<f32>(partials + block * 4);
    total = code == 0 ? total + part : code == 1 ? max(total, part) : min(total, part);
  }
  store<f32>(out, <f32>total);
}

/** Four columns (`count` of them there) of `rows` rows. */
// @ts-ignore: decorator
@inline
function reduceFour(code: i32, x: usize, rows: usize, pitch: usize, count: usize): v128 {
  let total = f32x4.splat(startOf(code));
  for (; rows > 0; rows--) {
    total = combine(code, total, count == 4 ? v128.load(x) : loadPart(x, count));
    x += pitch;
  }
  return total;
}

/** `count` columns, up to sixteen, of `rows` rows; sixteen at once are four independent chains of additions. */
// @ts-ignore: decorator
@inline
function reduceSome(code: i32, x: usize, rows: usize, pitch: usize, count: usize, out: usize): void {
  if (count < 16) {
    for (let column: usize = 0; column < count; column += 4) {
      const some = min<usize>(count - column, 4);
      const result = reduceFour(code, x + column * 4, rows, pitch, some);
      if (some == 4) v128.store(out + column * 4, result);
      else storePart(out + column * 4, result, some);
    }
    return;
  }
  let t0 = f32x4.splat(startOf(code)), t1 = t0, t2 = t0, t3 = t0;
  for (; rows > 0; rows--) {
    t0 = combine(code, t0, v128.load(x));
    t1 = combine(code, t1, v128.load(x, 16));
    t2 = combine(code, t2, v128.load(x, 32));
    t3 = combine(code, t3, v128.load(x, 48));
    x += pitch;
  }
  v128.store(out, t0);
  v128.store(out, t1, 16);
  v128.store(out, t2, 32);
  v128.store(out, t3, 48);
}

/** Columns [from, to); sums in blocks of rows. */
// @ts-ignore: decorator
@inline
function columnsLoop(code: i32, x: usize, out: usize, length: usize, inner: usize, from: usize, to: usize): void {
  const pitch = inner * 4;
  const block = code == 0 ? BLOCK_OF_ROWS : max<usize>(length, 1);
  for (let column = from; column < to; column += 16) {
    const count = min<usize>(to - column, 16);
    let row: usize = 0;
    do {
      const end = min(length, row + block);
      reduceSome(code, x + row * pitch + column * 4, end - row, pitch, count, out + column * 4);
      if (length > block) addToTotals(out + column * 4, ownPlace(), count, row == 0, end == length);
      row = end;
    } while (row < length);
  }
}

/** out[o][j] = the reduction of x[o][·][j], for each of `outer` and for columns j in [from, to). */
export function reduceColumns(
  code: i32, x: usize, out: usize, outer: usize, length: usize, inner: usize, from: usize, to: usize,
): void {
  for (let o: usize = 0; o < outer; o++) {
    if (code == 0) columnsLoop(0, x, out, length, inner, from, to);
    else if (code == 1) columnsLoop(1, x, out, length, inner, from, to);
    else columnsLoop(2, x, out, length, inner, from, to);
    x += length * inner * 4;
    out += inner * 4;
  }
}

/** Where four columns (`count` of them there) are largest. */
// @ts-ignore: decorator
@inline
function argMaxFour(x: usize, length: usize, pitch: usize, count: usize): v128 {
  let best = f32x4.splat(0);
  let record = count == 4 ? v128.load(x) : loadPart(x, count);
  for (let i: usize = 1; i < length; i++) {
    x += pitch;
    const value = count == 4 ? v128.load(x) : loadPart(x, count);
    const nan = v128.andnot(f32x4.ne(value, value), f32x4.ne(record, record));
    const wins = v128.or(f32x4.gt(value, record), nan);
    best = v128.bitselect(f32x4.splat(<f32>i), best, wins);
    record = v128.bitselect(value, record, wins);
  }
  return best;
}

/** out[o][j] = where x[o][·][j] is largest: the first of equals; NaN counts as the largest. */
export function argMax(x: usize, out: usize, outer: usize, length: usize, inner: usize): void {
  const pitch = inner * 4;
  const rest = inner & 3;
  for (let o: usize = 0; o < outer; o++) {
    let at = x + o * length * pitch;
    const end = at + (pitch & ~15);
    for (; at < end; at += 16) {
      v128.store(out, argMaxFour(at, length, pitch, 4));
      out += 16;
    }
    if (rest) storePart(out, argMaxFour(at, length, pitch, rest), rest);
    out += rest * 4;
  }
}
