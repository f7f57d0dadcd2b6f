// Convolutions 3×3 in fewer multiplications: 16 for four neighbouring results, where the definition takes 36. With the
// matrices B, G and A of F(2×2, 3×3) in Lavin & Gray, "Fast Algorithms for Convolutional Neural Networks", 2015:
// Y = Aᵀ[(G g Gᵀ) ⊙ (Bᵀ d B)]A for a square d of 4×4 pixels, and here each of the three parts alone, with what two of
// them need as adjoints for the gradient of the kernel. The products between, summed over channels, are 16 products of
// matrices. A plane is one of the 16 places of the squares: [squares, channels], planes `plane` bytes apart.
// Channels are taken four at a time, and there are a multiple of four of them.

import { ownScratch } from "./thread";
import { copyOrClear } from "./windows";

/** Bᵀ along one axis: four pixels become four values, each of them one addition. */
// @ts-ignore: decorator
@inline
function storeSquare(r0: v128, r1: v128, r2: v128, r3: v128, out: usize, plane: usize): void {
  v128.store(out, f32x4.sub(r0, r2));
  v128.store(out + plane, f32x4.add(r1, r2));
  v128.store(out + 2 * plane, f32x4.sub(r2, r1));
  v128.store(out + 3 * plane, f32x4.sub(r1, r3));
}

/** Bᵀ d B for the channels of one square: its pixels are `pixel` bytes apart, its lines `line`. */
function transformSquare(d: usize, line: usize, pixel: usize, channels: i32, out: usize, plane: usize): void {
  const end = d + channels * 4;
  do {
    // by columns first, one at a time: what is one line's sum of all four columns comes together in registers
    let from = d;
    const a0 = v128.load(from), a1 = v128.load(from + line), a2 = v128.load(from + 2 * line), a3 = v128.load(from + 3 * line);
    from += pixel;
    const b0 = v128.load(from), b1 = v128.load(from + line), b2 = v128.load(from + 2 * line), b3 = v128.load(from + 3 * line);
    from += pixel;
    const c0 = v128.load(from), c1 = v128.load(from + line), c2 = v128.load(from + 2 * line), c3 = v128.load(from + 3 * line);
    from += pixel;
    const d0 = v128.load(from), d1 = v128.load(from + line), d2 = v128.load(from + 2 * line), d3 = v128.load(from + 3 * line);
    storeSquare(f32x4.sub(a0, a2), f32x4.sub(b0, b2), f32x4.sub(c0, c2), f32x4.sub(d0, d2), out, plane);
    storeSquare(f32x4.add(a1, a2), f32x4.add(b1, b2), f32x4.add(c1, c2), f32x4.add(d1, d2), out + 4 * plane, plane);
    storeSquare(f32x4.sub(a2, a1), f32x4.sub(b2, b1), f32x4.sub(c2, c1), f32x4.sub(d2, d1), out + 8 * plane, plane);
    storeSquare(f32x4.sub(a1, a3), f32x4.sub(b1, b3), f32x4.sub(c1, c3), f32x4.sub(d1, d3), out + 12 * plane, plane);
    d += 16;
    out += 16;
  } while (d < end);
}

/**
 * Bᵀ d B of squares [from, to), counted through all images at `x`: `tall` × `wide` of them in each image, two pixels
 * apart, the first `above` and `before` pixels outside. `scratch`: 64 · channels bytes for each thread.
 */
export function winogradImages(
  x: usize, out: usize, plane: usize, height: i32, width: i32, channels: i32, tall: i32, wide: i32,
  above: i32, before: i32, from: i32, to: i32, scratch: usize,
): void {
  const pixel = channels * 4;
  const line = pixel * width;
  const spare = ownScratch(scratch, 16 * pixel);
  for (let square = from; square < to; square++) {
    const image = square / (tall * wide);
    const place = square - image * tall * wide;
    const top = (place / wide) * 2 - above;
    const left = (place % wide) * 2 - before;
    const target = out + square * pixel;
    const first = x + image * height * line;
    if (top >= 0 && left >= 0 && top + 4 <= height && left + 4 <= width) {
      transformSquare(first + top * line + left * pixel, line, pixel, channels, target, plane);
      continue;
    }
    // at the edge it is copied, with zeros for what lies outside
    for (let i = 0; i < 4; i++) {
      const y = top + i;
      copyOrClear(first + y * line, spare + i * 4 * pixel, 4, channels, left, y < 0 || y >= height ? 0 : width);
    }
    transformSquare(spare, 4 * pixel, pixel, channels, target, plane);
  }
}

/** Aᵀ m A of squares [from, to) and the bias (none where that is 0), as 2×2 pixels of the images at `y` each. */
export function winogradResults(
  m: usize, y: usize, plane: usize, height: i32, width: i32, channels: i32, tall: i32, wide: i32,
  bias: usize, from: i32, to: i32,
): void {
  const pixel = channels * 4;
  const line = pixel * width;
  for (let square = from; square < to; square++) {
    const image = square / (tall * wide);
    const place = square - image * tall * wide;
    const top = (place / wide) * 2;
    const left = (place % wide) * 2;
    const below = top + 1 < height, beside = left + 1 < width;
    let target = y + (image * height + top) * line + left * pixel;
    let at = m + square * pixel;
    let offset = bias;
    const end = at + pixel;
    do {
      const m1 = v128.load(at + 4 * plane), m2 = v128.load(at + 8 * plane);
      const n1 = v128.load(at + 5 * plane), n2 = v128.load(at + 9 * plane);
      const o1 = v128.load(at + 6 * plane), o2 = v128.load(at + 10 * plane);
      const p1 = v128.load(at + 7 * plane), p2 = v128.load(at + 11 * plane);
      const upper0 = f32x4.add(f32x4.add(v128.load(at), m1), m2);
      const upper1 = f32x4.add(f32x4.add(v128.load(at + plane), n1), n2);
      const upper2 = f32x4.add(f32x4.add(v128.load(at + 2 * plane), o1), o2);
      const upper3 = f32x4.add(f32x4.add(v128.load(at + 3 * plane), p1), p2);
      const lower0 = f32x4.sub(f32x4.sub(m1, m2), v128.load(at + 12 * plane));
      const lower1 = f32x4.sub(f32x4.sub(n1, n2), v128.load(at + 13 * plane));
      const lower2 = f32x4.sub(f32x4.sub(o1, o2), v128.load(at + 14 * plane));
      const lower3 = f32x4.sub(f32x4.sub(p1, p2), v128.load(at + 15 * plane));
      const added = bias ? v128.load(offset) : f32x4.splat(0);
      v128.store(target, f32x4.add(f32x4.add(f32x4.add(upper0, upper1), upper2), added));
      if (beside) {
        v128.store(target + pixel, f32x4.add(f32x4.sub(f32x4.sub(upper1, upper2), upper3), added));
      }
      if (below) {
        v128.store(target + line, f32x4.add(f32x4.add(f32x4.add(lower0, lower1), lower2), added));
        if (beside) {
          v128.store(target + line + pixel, f32x4.add(f32x4.sub(f32x4.sub(lower1, lower2), lower3), added));
        }
      }
      target += 16;
      offset += 16;
      at += 16;
    } while (at < end);
  }
}

/** A along one axis: two values become four. */
// @ts-ignore: decorator
@inline
function storeSpread(first: v128, second: v128, out: usize, plane: usize): void {
  v128.store(out, first);
  v128.store(out + plane, f32x4.add(first, second));
  v128.store(out + 2 * plane, f32x4.sub(first, second));
  v128.store(out + 3 * plane, f32x4.neg(second));
}

/** The adjoint of `winogradResults` without a bias: A y Aᵀ of squares [from, to) of 2×2 pixels each. */
export function winogradResultsBack(
  y: usize, out: usize, plane: usize, height: i32, width: i32, channels: i32, tall: i32, wide: i32,
  from: i32, to: i32,
): void {
  const pixel = channels * 4;
  const line = pixel * width;
  const zero = f32x4.splat(0);
  for (let square = from; square < to; square++) {
    const image = square / (tall * wide);
    const place = square - image * tall * wide;
    const top = (place / wide) * 2;
    const left = (place % wide) * 2;
    const below = top + 1 < height, beside = left + 1 < width;
    let at = y + (image * height + top) * line + left * pixel;
    let target = out + square * pixel;
    const end = target + pixel;
    do {
      const y00 = v128.load(at);
      const y01 = beside ? v128.load(at + pixel) : zero;
      const y10 = below ? v128.load(at + line) : zero;
      const y11 = below && beside ? v128.load(at + line + pixel) : zero;
      storeSpread(y00, y01, target, plane);
      storeSpread(f32x4.add(y00, y10), f32x4.add(y01, y11), target + 4 * plane, plane);
      storeSpread(f32x4.sub(y00, y10), f32x4.sub(y01, y11), target + 8 * plane, plane);
      storeSpread(f32x4.neg(y10), f32x4.neg(y11), target + 12 * plane, plane);
      at += 16;
      target += 16;
    } while (target < end);
  }
}

/** G along one axis: three values become four. */
// @ts-ignore: decorator
@inline
function storeKernelLine(g0: v128, g1: v128, g2: v128, out: usize, plane: usize): void {
  const half = f32x4.splat(0.5);
  const outer = f32x4.mul(f32x4.add(g0, g2), half);
  const inner = f32x4.mul(g1, half);
  v128.store(out, g0);
  v128.store(out + plane, f32x4.add(outer, inner));
  v128.store(out + 2 * plane, f32x4.sub(outer, inner));
  v128.store(out + 3 * plane, g2);
}

/**
 * G g Gᵀ for pairs of channels [from, to) of `pairs`, which are multiples of four; where `turned`, of the kernel turned
 * by half a turn.
 */
export function winogradKernel(w: usize, u: usize, pairs: usize, turned: bool, from: usize, to: usize): void {
  const plane = pairs * 4;
  const step: isize = turned ? -<isize>plane : <isize>plane;
  const half = f32x4.splat(0.5);
  const start = w + (turned ? 8 * plane : 0);
  for (let pair = from; pair < to; pair += 4) {
    const at = start + pair * 4;
    const a0 = v128.load(at), a1 = v128.load(at + step), a2 = v128.load(at + 2 * step);
    const b0 = v128.load(at + 3 * step), b1 = v128.load(at + 4 * step), b2 = v128.load(at + 5 * step);
    const c0 = v128.load(at + 6 * step), c1 = v128.load(at + 7 * step), c2 = v128.load(at + 8 * step);
    const out = u + pair * 4;
    storeKernelLine(a0, a1, a2, out, plane);
    const outer0 = f32x4.mul(f32x4.add(a0, c0), half), inner0 = f32x4.mul(b0, half);
    const outer1 = f32x4.mul(f32x4.add(a1, c1), half), inner1 = f32x4.mul(b1, half);
    const outer2 = f32x4.mul(f32x4.add(a2, c2), half), inner2 = f32x4.mul(b2, half);
    storeKernelLine(
      f32x4.add(outer0, inner0), f32x4.add(outer1, inner1), f32x4.add(outer2, inner2), out + 4 * plane, plane,
    );
    storeKernelLine(
      f32x4.sub(outer0, inner0), f32x4.sub(outer1, inner1), f32x4.sub(outer2, inner2), out + 8 * plane, plane,
    );
    storeKernelLine(c0, c1, c2, out + 12 * plane, plane);
  }
}

/** Gᵀ along one axis of four values that are `step` bytes apart: the first, second and third of the three. */
// @ts-ignore: decorator
@inline
function firstOfThree(u: usize, step: usize): v128 {
  const middle = f32x4.mul(f32x4.add(v128.load(u + step), v128.load(u + 2 * step)), f32x4.splat(0.5));
  return f32x4.add(v128.load(u), middle);
}

// @ts-ignore: decorator
@inline
function secondOfThree(u: usize, step: usize): v128 {
  return f32x4.mul(f32x4.sub(v128.load(u + step), v128.load(u + 2 * step)), f32x4.splat(0.5));
}

// @ts-ignore: decorator
@inline
function thirdOfThree(u: usize, step: usize): v128 {
  const middle = f32x4.mul(f32x4.add(v128.load(u + step), v128.load(u + 2 * step)), f32x4.splat(0.5));
  return f32x4.add(middle, v128.load(u + 3 * step));
}

/** Three values down a column of the kernel from four across. */
// @ts-ignore: decorator
@inline
function putColumn(l0: v128, l1: v128, l2: v128, l3: v128, out: usize, line: usize): void {
  const half = f32x4.splat(0.5);
  const middle = f32x4.mul(f32x4.add(l1, l2), half);
  v128.store(out, f32x4.add(l0, middle));
  v128.store(out + line, f32x4.mul(f32x4.sub(l1, l2), half));
  v128.store(out + 2 * line, f32x4.add(middle, l3));
}

/** The adjoint of `winogradKernel`: Gᵀ u G. */
export function winogradKernelBack(u: usize, w: usize, pairs: usize, from: usize, to: usize): void {
  const plane = pairs * 4;
  for (let pair = from; pair < to; pair += 4) {
    const l0 = u + pair * 4, l1 = l0 + 4 * plane, l2 = l0 + 8 * plane, l3 = l0 + 12 * plane;
    const out = w + pair * 4;
    putColumn(
      firstOfThree(l0, plane), firstOfThree(l1, plane), firstOfThree(l2, plane), firstOfThree(l3, plane),
      out, 3 * plane,
    );
    putColumn(
      secondOfThree(l0, plane), secondOfThree(l1, plane), secondOfThree(l2, plane), secondOfThree(l3, plane),
      out + plane, 3 * plane,
    );
    putColumn(
      thirdOfThree(l0, plane), thirdOfThree(l1, plane), thirdOfThree(l2, plane), thirdOfThree(l3, plane),
      out + 2 * plane, 3 * plane,
    );
  }
}
