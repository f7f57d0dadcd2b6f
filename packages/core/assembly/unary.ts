// Elementwise functions of one argument, and the gradients of activations from their results.
// The codes are the places of the names in UNARY_NAMES of src/backends/wasm/codes.ts.

import { softplusOne } from "./double-functions";
import { exponential, logarithm, logistic } from "./functions";
import { loadPart, storePart } from "./lanes";
import { hyperbolicTangent } from "./tanh";

// @ts-ignore: decorator
@inline
function softplus(x: v128): v128 {
  let y = f32x4.splat(softplusOne(f32x4.extract_lane(x, 0)));
  y = f32x4.replace_lane(y, 1, softplusOne(f32x4.extract_lane(x, 1)));
  y = f32x4.replace_lane(y, 2, softplusOne(f32x4.extract_lane(x, 2)));
  return f32x4.replace_lane(y, 3, softplusOne(f32x4.extract_lane(x, 3)));
}

// @ts-ignore: decorator
@inline
function sign(x: v128): v128 {
  const one = v128.or(f32x4.splat(1), v128.and(x, i32x4.splat(0x80000000)));
  const zero = f32x4.splat(0);
  return v128.bitselect(one, x, v128.or(f32x4.lt(x, zero), f32x4.gt(x, zero)));
}

/**
 * The function with this code, but tanh, 7, which is no function of one vector. Always called with a constant code, so
 * that one case is left of it.
 */
// @ts-ignore: decorator
@inline
export function applyUnary(code: i32, x: v128, first: v128, second: v128): v128 {
  if (code == 0) return f32x4.neg(x);
  if (code == 1) return exponential(x);
  if (code == 2) return logarithm(x);
  if (code == 3) return f32x4.sqrt(x);
  if (code == 4) return f32x4.mul(x, x);
  if (code == 5) return f32x4.abs(x);
  if (code == 6) return sign(x);
  if (code == 8) return logistic(x);
  // what is not at most 0 stays, NaN too; −0 gives +0
  if (code == 9) return v128.andnot(x, f32x4.le(x, f32x4.splat(0)));
  if (code == 10) return v128.bitselect(x, f32x4.mul(x, first), f32x4.gt(x, f32x4.splat(0)));
  if (code == 11) return softplus(x);
  return f32x4.min(f32x4.max(x, first), second);
}

// @ts-ignore: decorator
@inline
function loop(code: i32, x: usize, out: usize, count: usize, first: f32, second: f32): void {
  const one = f32x4.splat(first);
  const two = f32x4.splat(second);
  const end = out + (count & ~3) * 4;
  if (out < end) do {
    v128.store(out, applyUnary(code, v128.load(x), one, two));
    x += 16;
    out += 16;
  } while (out < end);
  const rest = count & 3;
  if (rest) storePart(out, applyUnary(code, loadPart(x, rest), one, two), rest);
}

/** out[i] = f(x[i]). `out` may be `x`. */
export function unary(code: i32, x: usize, out: usize, count: usize, first: f32, second: f32): void {
  switch (code) {
    case 0: return loop(0, x, out, count, first, second);
    case 1: return loop(1, x, out, count, first, second);
    case 2: return loop(2, x, out, count, first, second);
    case 3: return loop(3, x, out, count, first, second);
    case 4: return loop(4, x, out, count, first, second);
    case 5: return loop(5, x, out, count, first, second);
    case 6: return loop(6, x, out, count, first, second);
    case 7: return hyperbolicTangent(x, out, count);
    case 8: return loop(8, x, out, count, first, second);
    case 9: return loop(9, x, out, count, first, second);
    case 10: return loop(10, x, out, count, first, second);
    case 11: return loop(11, x, out, count, first, second);
    case 12: return loop(12, x, out, count, first, second);
  }
}

/** dx from the result y and its gradient dy; code of the function. */
// @ts-ignore: decorator
@inline
function applyGradient(code: i32, y: v128, dy: v128, slope: v128): v128 {
  const one = f32x4.splat(1);
  if (code == 7) return f32x4.mul(dy, f32x4.sub(one, f32x4.mul(y, y)));
  if (code == 8) return f32x4.mul(dy, f32x4.mul(y, f32x4.sub(one, y)));
  // where y is not at most 0, so also where it is NaN
  if (code == 9) return v128.andnot(dy, f32x4.le(y, f32x4.splat(0)));
  return v128.bitselect(dy, f32x4.mul(dy, slope), f32x4.gt(y, f32x4.splat(0)));
}

// @ts-ignore: decorator
@inline
function gradientLoop(code: i32, y: usize, dy: usize, out: usize, count: usize, slope: f32): void {
  const slopes = f32x4.splat(slope);
  const end = out + (count & ~3) * 4;
  if (out < end) do {
    v128.store(out, applyGradient(code, v128.load(y), v128.load(dy), slopes));
    y += 16;
    dy += 16;
    out += 16;
  } while (out < end);
  const rest = count & 3;
  if (rest) storePart(out, applyGradient(code, loadPart(y, rest), loadPart(dy, rest), slopes), rest);
}

/** The gradient of tanh, sigmoid, relu or leakyRelu (slope > 0) from its result y: out[i] = dy[i]·f′. */
export function activationGradient(code: i32, y: usize, dy: usize, out: usize, count: usize, slope: f32): void {
  switch (code) {
    case 7: return gradientLoop(7, y, dy, out, count, slope);
    case 8: return gradientLoop(8, y, dy, out, count, slope);
    case 9: return gradientLoop(9, y, dy, out, count, slope);
    case 10: return gradientLoop(10, y, dy, out, count, slope);
  }
}
