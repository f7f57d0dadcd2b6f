// exp, log and sigmoid on four float32 lanes. IEEE operations only, so that every engine gets the same bits. Polynomials
// from Cephes (expf, logf); NaN, ±0, ±∞ and denormals as IEEE has them.

// @ts-ignore: decorator
@inline const LOG2_E: f32 = 1.4426950408889634;
/** ln 2 in two parts, the first with 10 bits, so that its product with a whole number is exact. */
// @ts-ignore: decorator
@inline const LN2_HIGH: f32 = 0.693359375;
// @ts-ignore: decorator
@inline const LN2_LOW: f32 = -2.12194440e-4;
/** 1.5 · 2²³: adding it rounds to a whole number, which is then found in the low bits. */
// @ts-ignore: decorator
@inline const ROUNDER: f32 = 12582912;
// @ts-ignore: decorator
@inline const ROUNDER_BITS: i32 = 0x4b400000;

/** (eʳ − 1 − r) / r² for |r| ≤ ½ ln 2. */
// @ts-ignore: decorator
@inline
function exponentialTail(r: v128): v128 {
  let p = f32x4.add(f32x4.mul(f32x4.splat(1.9875691500e-4), r), f32x4.splat(1.3981999507e-3));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(8.3334519073e-3));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(4.1665795894e-2));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1.6666665459e-1));
  return f32x4.add(f32x4.mul(p, r), f32x4.splat(5.0000001201e-1));
}

/** x − n ln 2. */
// @ts-ignore: decorator
@inline
function reduced(x: v128, n: v128): v128 {
  return f32x4.sub(f32x4.sub(x, f32x4.mul(n, f32x4.splat(LN2_HIGH))), f32x4.mul(n, f32x4.splat(LN2_LOW)));
}

/** 2ⁿ for whole n in [−126, 127]. */
// @ts-ignore: decorator
@inline
function powerOfTwo(n: v128): v128 {
  return i32x4.shl(i32x4.add(n, i32x4.splat(127)), 23);
}

/** eˣ. */
// @ts-ignore: decorator
@inline
export function exponential(x: v128): v128 {
  // beyond these the result is 0 or ∞ anyway; the order of the operands lets NaN through
  const bounded = f32x4.pmax(f32x4.pmin(x, f32x4.splat(89)), f32x4.splat(-104.5));
  const shifted = f32x4.add(f32x4.mul(bounded, f32x4.splat(LOG2_E)), f32x4.splat(ROUNDER));
  const n = f32x4.sub(shifted, f32x4.splat(ROUNDER));
  const r = reduced(bounded, n);
  const y = f32x4.add(f32x4.add(f32x4.mul(exponentialTail(r), f32x4.mul(r, r)), r), f32x4.splat(1));
  // in two steps, since 2ⁿ may be below or above what a float32 holds
  const whole = i32x4.sub(shifted, i32x4.splat(ROUNDER_BITS));
  const half = i32x4.shr_s(whole, 1);
  return f32x4.mul(f32x4.mul(y, powerOfTwo(half)), powerOfTwo(i32x4.sub(whole, half)));
}

/** 1 / (1 + e⁻ˣ), written so that nothing positive is exponentiated. */
// @ts-ignore: decorator
@inline
export function logistic(x: v128): v128 {
  const e = exponential(v128.or(x, i32x4.splat(0x80000000)));
  const negative = f32x4.lt(x, f32x4.splat(0));
  const sum = f32x4.add(f32x4.splat(1), e);
  const lost = f32x4.sub(e, f32x4.sub(sum, f32x4.splat(1)));
  const y = f32x4.div(v128.bitselect(e, f32x4.splat(1), negative), sum);
  // what rounding the sum lost, brought back: y·lost / sum, where 1 / sum is y, or 1 − y below zero
  const inverse = v128.bitselect(f32x4.sub(f32x4.splat(1), y), y, negative);
  return f32x4.sub(y, f32x4.mul(f32x4.mul(y, lost), inverse));
}

/** ln x. */
// @ts-ignore: decorator
@inline
export function logarithm(x: v128): v128 {
  const small = f32x4.lt(x, f32x4.splat(1.17549435e-38));
  const scaled = v128.bitselect(f32x4.mul(x, f32x4.splat(8388608)), x, small);
  // x = 2ᵉ·m with m in [√½, √2)
  const whole = i32x4.shr_s(i32x4.sub(scaled, i32x4.splat(0x3f3504f3)), 23);
  const f = f32x4.sub(i32x4.sub(scaled, i32x4.shl(whole, 23)), f32x4.splat(1));
  const e = f32x4.convert_i32x4_s(i32x4.sub(whole, v128.and(small, i32x4.splat(23))));
  const z = f32x4.mul(f, f);
  let p = f32x4.add(f32x4.mul(f32x4.splat(7.0376836292e-2), f), f32x4.splat(-1.1514610310e-1));
  p = f32x4.add(f32x4.mul(p, f), f32x4.splat(1.1676998740e-1));
  p = f32x4.add(f32x4.mul(p, f), f32x4.splat(-1.2420140846e-1));
  p = f32x4.add(f32x4.mul(p, f), f32x4.splat(1.4249322787e-1));
  p = f32x4.add(f32x4.mul(p, f), f32x4.splat(-1.6668057665e-1));
  p = f32x4.add(f32x4.mul(p, f), f32x4.splat(2.0000714765e-1));
  p = f32x4.add(f32x4.mul(p, f), f32x4.splat(-2.4999993993e-1));
  p = f32x4.add(f32x4.mul(p, f), f32x4.splat(3.3333331174e-1));
  let y = f32x4.mul(f32x4.mul(p, f), z);
  y = f32x4.add(y, f32x4.mul(e, f32x4.splat(LN2_LOW)));
  y = f32x4.sub(y, f32x4.mul(z, f32x4.splat(0.5)));
  y = f32x4.add(f32x4.add(f, y), f32x4.mul(e, f32x4.splat(LN2_HIGH)));
  // 0 gives −∞, ∞ and NaN give themselves, what is below 0 gives NaN
  y = v128.bitselect(y, x, f32x4.lt(x, f32x4.splat(f32.MAX_VALUE * 2)));
  y = v128.bitselect(f32x4.splat(-Infinity), y, f32x4.eq(x, f32x4.splat(0)));
  return v128.bitselect(f32x4.splat(NaN), y, f32x4.lt(x, f32x4.splat(0)));
}
