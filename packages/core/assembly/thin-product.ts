// Products with one row, one column or an inner size of 1, where packing would cost more than the product.
// Which of them is used follows from the sizes alone, never from the part that a thread is given.

import { loadPart, multiplyAdd, storePart, sumOfLanes } from "./lanes";

/**
 * out[i] = Σ x[i][p]·v[p] for rows [from, to): sixteen sums side by side, then added in pairs; the rest one by one.
 */
export function rowsTimesVector(x: usize, v: usize, out: usize, k: usize, from: usize, to: usize): void {
  for (let row = from; row < to; row++) {
    let at = x + row * k * 4;
    let with_ = v;
    let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
    const end = v + (k & ~15) * 4;
    while (with_ < end) {
      s0 = multiplyAdd(v128.load(at), v128.load(with_), s0);
      s1 = multiplyAdd(v128.load(at, 16), v128.load(with_, 16), s1);
      s2 = multiplyAdd(v128.load(at, 32), v128.load(with_, 32), s2);
      s3 = multiplyAdd(v128.load(at, 48), v128.load(with_, 48), s3);
      at += 64;
      with_ += 64;
    }
    let total = sumOfLanes(f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3)));
    for (let i: usize = k & 15; i > 0; i--) {
      total += load<f32>(at) * load<f32>(with_);
      at += 4;
      with_ += 4;
    }
    store<f32>(out + row * 4, total);
  }
}

/** out[j] = Σ v[p]·x[p][j] for columns [from, to) of n, each cell's terms in order of p. */
export function vectorTimesRows(v: usize, x: usize, out: usize, k: usize, n: usize, from: usize, to: usize): void {
  const pitch = n * 4;
  const end = v + k * 4;
  let column = from;
  for (; column + 16 <= to; column += 16) {
    let at = x + column * 4;
    let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
    for (let p = v; p < end; p += 4) {
      const factor = v128.load32_splat(p);
      s0 = multiplyAdd(factor, v128.load(at), s0);
      s1 = multiplyAdd(factor, v128.load(at, 16), s1);
      s2 = multiplyAdd(factor, v128.load(at, 32), s2);
      s3 = multiplyAdd(factor, v128.load(at, 48), s3);
      at += pitch;
    }
    const to_ = out + column * 4;
    v128.store(to_, s0);
    v128.store(to_, s1, 16);
    v128.store(to_, s2, 32);
    v128.store(to_, s3, 48);
  }
  for (; column < to; column += 4) {
    const count = min<usize>(to - column, 4);
    let at = x + column * 4;
    let s = f32x4.splat(0);
    for (let p = v; p < end; p += 4) {
      s = multiplyAdd(v128.load32_splat(p), count == 4 ? v128.load(at) : loadPart(at, count), s);
      at += pitch;
    }
    if (count == 4) v128.store(out + column * 4, s);
    else storePart(out + column * 4, s, count);
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
