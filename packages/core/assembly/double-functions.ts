// eˣ and ln x in float64, one number at a time, for what needs more bits on the way than its float32 result has:
// power and softplus. IEEE operations only; coefficients of the logarithm from fdlibm.

// @ts-ignore: decorator
@inline const LN2_HIGH: f64 = 0.6931471803691238;
// @ts-ignore: decorator
@inline const LN2_LOW: f64 = 1.9082149292705877e-10;
/** The bits of √½. */
// @ts-ignore: decorator
@inline const ROOT_HALF_BITS: i64 = 0x3fe6a09e667f3bcd;

/** eˣ for −200 ≤ x ≤ 200, which is more than float32 can hold. */
export function exponentialDouble(x: f64): f64 {
  const n = nearest(x * 1.4426950408889634);
  const r = x - n * LN2_HIGH - n * LN2_LOW;
  // Taylor's series: the term after the last is below 2⁻⁵⁷
  let y: f64 = 1.0 / 479001600.0;
  y = y * r + 1.0 / 39916800.0;
  y = y * r + 1.0 / 3628800.0;
  y = y * r + 1.0 / 362880.0;
  y = y * r + 1.0 / 40320.0;
  y = y * r + 1.0 / 5040.0;
  y = y * r + 1.0 / 720.0;
  y = y * r + 1.0 / 120.0;
  y = y * r + 1.0 / 24.0;
  y = y * r + 1.0 / 6.0;
  y = y * r + 0.5;
  y = y * r + 1.0;
  y = y * r + 1.0;
  return y * reinterpret<f64>((<i64>n + 1023) << 52);
}

/** ln x for a normal, positive, finite x: x = 2ᵉ·m with m in [√½, √2), ln m = 2 artanh((m − 1)/(m + 1)). */
export function logarithmDouble(x: f64): f64 {
  const bits = reinterpret<i64>(x);
  const exponent = (bits - ROOT_HALF_BITS) >> 52;
  const f = reinterpret<f64>(bits - (exponent << 52)) - 1.0;
  const e = <f64>exponent;
  const s = f / (2.0 + f);
  const z = s * s;
  let p: f64 = 0.14798198605116586;
  p = 0.15313837699209373 + z * p;
  p = 0.1818357216161805 + z * p;
  p = 0.22222198432149784 + z * p;
  p = 0.2857142874366239 + z * p;
  p = 0.3999999999940942 + z * p;
  p = 0.6666666666666735 + z * p;
  const half = 0.5 * f * f;
  return e * LN2_HIGH - (half - (s * (half + z * p) + e * LN2_LOW) - f);
}

/** max(x, 0) + ln(1 + e^−|x|), without overflow and without loss where it is small. */
export function softplusOne(x: f32): f32 {
  if (x != x) return x;
  const u = exponentialDouble(max(-abs(<f64>x), -200.0));
  const w = 1.0 + u;
  const tail = logarithmDouble(w) + (u - (w - 1.0)) / w;
  return <f32>(max(<f64>x, 0.0) + tail);
}

/** aᵇ as C has it: 1 to any power is 1, anything to the power 0 is 1, and (−1)^±∞ is 1. */
export function powerOne(a: f32, b: f32): f32 {
  if (b == 0 || a == 1) return 1;
  if (a != a || b != b) return NaN;
  const size = abs(a);
  let result = powerOfSize(size, b);
  // is a negative, −0 included?
  if (reinterpret<i32>(a) < 0) {
    const wholeB = trunc(b) == b;
    if (!wholeB && size != 0 && size != Infinity) return NaN;
    const odd = wholeB && abs(b) < 16777216 && (<i32>b & 1) != 0;
    if (odd) result = -result;
  }
  return result;
}

function powerOfSize(size: f32, b: f32): f32 {
  if (size == 1) return 1;
  if (size == 0) return b > 0 ? 0 : Infinity;
  if (size == Infinity) return b > 0 ? Infinity : 0;
  if (abs(b) == Infinity) return size > 1 == b > 0 ? Infinity : 0;
  return <f32>exponentialDouble(max(min(<f64>b * logarithmDouble(<f64>size), 200.0), -200.0));
}
