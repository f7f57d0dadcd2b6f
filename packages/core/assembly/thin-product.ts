// Products with one row, one column or an inner size of 1, where packing would cost more than the product.
// Which of them is used follows from the sizes alone, never from the part that a thread is given.

import { loadPart, multiplyAdd, storePart, sumOfLanes } from "./lanes";
import { ownPlace } from "./thread";
import { addToTotals, PART } from "./totals";

/** Terms that sixteen sums side by side add before float64 takes over. */
// @ts-ignore: decorator
@inline const BLOCK: usize = 4096;

/** Σ x[p]·v[p] of up to BLOCK terms: sixteen sums side by side, then added in pairs; the rest one by one. */
function dot(x: usize, v: usize, count: usize): f32 {
  let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
  const end = v + (count & ~15) * 4;
  while (v < end) {
    s0 = multiplyAdd(v128.load(x), v128.load(v), s0);
    s1 = multiplyAdd(v128.load(x, 16), v128.load(v, 16), s1);
    s2 = multiplyAdd(v128.load(x, 32), v128.load(v, 32), s2);
    s3 = multiplyAdd(v128.load(x, 48), v128.load(v, 48), s3);
    x += 64;
    v += 64;
  }
  let total = sumOfLanes(f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3)));
  for (let i: usize = count & 15; i > 0; i--) {
    total += load<f32>(x) * load<f32>(v);
    x += 4;
    v += 4;
  }
  return total;
}

/** out[i] = Σ x[i][p]·v[p] for rows [from, to), in blocks whose sums are added in float64. */
export function rowsTimesVector(x: usize, v: usize, out: usize, k: usize, from: usize, to: usize): void {
  for (let row = from; row < to; row++) {
    let total: f64 = 0;
    for (let p: usize = 0; p < k; p += BLOCK) {
      total += <f64>dot(x + (row * k + p) * 4, v + p * 4, min(BLOCK, k - p));
    }
    store<f32>(out + row * 4, <f32>total);
  }
}

/** out[j] = Σ v[p]·x[p][j] for the values of v up to `end` and `count` (up to 16) columns, each in order of p. */
function columnsTimes(v: usize, end: usize, x: usize, out: usize, pitch: usize, count: usize): void {
  if (count == 16) {
    let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
    for (; v < end; v += 4) {
      const factor = v128.load32_splat(v);
      s0 = multiplyAdd(factor, v128.load(x), s0);
      s1 = multiplyAdd(factor, v128.load(x, 16), s1);
      s2 = multiplyAdd(factor, v128.load(x, 32), s2);
      s3 = multiplyAdd(factor, v128.load(x, 48), s3);
      x += pitch;
    }
    v128.store(out, s0);
    v128.store(out, s1, 16);
    v128.store(out, s2, 32);
    v128.store(out, s3, 48);
    return;
  }
  for (let column: usize = 0; column < count; column += 4) {
    const some = min<usize>(count - column, 4);
    let at = x + column * 4;
    let s = f32x4.splat(0);
    for (let p = v; p < end; p += 4) {
      s = multiplyAdd(v128.load32_splat(p), some == 4 ? v128.load(at) : loadPart(at, some), s);
      at += pitch;
    }
    if (some == 4) v128.store(out + column * 4, s);
    else storePart(out + column * 4, s, some);
  }
}

/** out[j] = Σ v[p]·x[p][j] for columns [from, to) of n, each cell's terms in order of p, in parts when there are many. */
export function vectorTimesRows(v: usize, x: usize, out: usize, k: usize, n: usize, from: usize, to: usize): void {
  const pitch = n * 4;
  for (let column = from; column < to; column += 16) {
    const count = min<usize>(to - column, 16);
    const sums = out + column * 4;
    for (let p: usize = 0; p < k; p += PART) {
      const end = min(k, p + PART);
      columnsTimes(v + p * 4, v + end * 4, x + p * pitch + column * 4, sums, pitch, count);
      if (k > PART) addToTotals(sums, ownPlace(), count, p == 0, end == k);
    }
  }
}

/** out[i][j] = u[i]·v[j] for rows [from, to). */
export function outerProduct(u: usize, v: usize, out: usize, n: usize, from: usize, to: usize): void {
  const rest = n & 3;
  let at = out + from * n * 4;
  for (let row = from; row < to; row++) {
    // 0 + u·v, as a sum of one term that starts at 0: −0 becomes +0, as in every other product
    const factor = v128.load32_splat(u + row * 4);
    const zero = f32x4.splat(0);
    let with_ = v;
    const end = v + (n & ~3) * 4;
    while (with_ < end) {
      v128.store(at, multiplyAdd(factor, v128.load(with_), zero));
      at += 16;
      with_ += 16;
    }
    if (rest) storePart(at, multiplyAdd(factor, loadPart(with_, rest), zero), rest);
    at += rest * 4;
  }
}
