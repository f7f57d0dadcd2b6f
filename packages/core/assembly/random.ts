// Philox4x32-10 and what is made of its words, with the operations of src/random.ts in their order, two float64 lanes
// at a time: the numbers are the same to the last bit.

import { storePart } from "./lanes";

let word0: u32 = 0;
let word1: u32 = 0;
let word2: u32 = 0;
let word3: u32 = 0;

/** Block `block` of the sequence, into word0 … word3. */
function philox(block: u64, stream: u32, seed: u64): void {
  let c0 = <u32>block;
  let c1 = <u32>(block >> 32);
  let c2 = stream;
  let c3: u32 = 0;
  let k0 = <u32>seed;
  let k1 = <u32>(seed >> 32);
  for (let round = 0; round < 10; round++) {
    const product0 = <u64>0xd2511f53 * <u64>c0;
    const product1 = <u64>0xcd9e8d57 * <u64>c2;
    c0 = <u32>(product1 >> 32) ^ c1 ^ k0;
    c1 = <u32>product1;
    c2 = <u32>(product0 >> 32) ^ c3 ^ k1;
    c3 = <u32>product0;
    k0 += 0x9e3779b9;
    k1 += 0xbb67ae85;
  }
  word0 = c0;
  word1 = c1;
  word2 = c2;
  word3 = c3;
}

// @ts-ignore: decorator
@inline
function term(coefficient: f64, z: v128, rest: v128): v128 {
  return f64x2.add(f64x2.splat(coefficient), f64x2.mul(z, rest));
}

/** ln x for 0 < x ≤ 1. */
// @ts-ignore: decorator
@inline
function logarithm(x: v128): v128 {
  const shifted = i64x2.shr_s(i64x2.sub(x, i64x2.splat(0x3fe6a09e667f3bcd)), 52);
  const exponent = f64x2.convert_low_i32x4_s(v128.shuffle<i32>(shifted, shifted, 0, 2, 0, 2));
  const f = f64x2.sub(i64x2.sub(x, i64x2.shl(shifted, 52)), f64x2.splat(1));
  const s = f64x2.div(f, f64x2.add(f64x2.splat(2), f));
  const z = f64x2.mul(s, s);
  let p = term(0.15313837699209373, z, f64x2.splat(0.14798198605116586));
  p = term(0.1818357216161805, z, p);
  p = term(0.22222198432149784, z, p);
  p = term(0.2857142874366239, z, p);
  p = term(0.3999999999940942, z, p);
  p = term(0.6666666666666735, z, p);
  const series = f64x2.mul(z, p);
  const half = f64x2.mul(f64x2.mul(f64x2.splat(0.5), f), f);
  const small = f64x2.add(
    f64x2.mul(s, f64x2.add(half, series)), f64x2.mul(exponent, f64x2.splat(1.9082149292705877e-10)));
  const rest = f64x2.sub(f64x2.sub(half, small), f);
  return f64x2.sub(f64x2.mul(exponent, f64x2.splat(0.6931471803691238)), rest);
}

/** Four normal numbers from the four words, each pair as radius·cosine, radius·sine. */
// @ts-ignore: decorator
@inline
function fourNormals(): v128 {
  let words = i32x4.splat(word0);
  words = i32x4.replace_lane(words, 1, word2);
  words = i32x4.replace_lane(words, 2, word1);
  words = i32x4.replace_lane(words, 3, word3);
  const a = f64x2.convert_low_i32x4_u(words);
  const b = f64x2.convert_low_i32x4_u(v128.shuffle<i32>(words, words, 2, 3, 2, 3));
  const power = f64x2.splat(2.3283064365386963e-10); // 2⁻³²
  const uniform = f64x2.mul(f64x2.add(a, f64x2.splat(0.5)), power);
  const radius = f64x2.sqrt(f64x2.mul(f64x2.splat(-2), logarithm(uniform)));

  const turns = f64x2.mul(f64x2.mul(b, power), f64x2.splat(4));
  const quadrant = f64x2.floor(f64x2.add(turns, f64x2.splat(0.5)));
  const x = f64x2.mul(f64x2.sub(turns, quadrant), f64x2.splat(1.5707963267948966));
  const z = f64x2.mul(x, x);
  let p = term(-2.5050760253406863e-8, z, f64x2.splat(1.58969099521155e-10));
  p = term(2.7557313707070068e-6, z, p);
  p = term(-0.0001984126982985795, z, p);
  p = term(0.00833333333332249, z, p);
  const sine = f64x2.add(x, f64x2.mul(f64x2.mul(x, z), term(-0.16666666666666632, z, p)));
  let q = term(2.087572321298175e-9, z, f64x2.splat(-1.1359647557788195e-11));
  q = term(-2.7557314351390663e-7, z, q);
  q = term(2.480158728947673e-5, z, q);
  q = term(-0.001388888888887411, z, q);
  q = term(0.0416666666666666, z, q);
  const cosine = f64x2.add(
    f64x2.sub(f64x2.splat(1), f64x2.mul(f64x2.splat(0.5), z)), f64x2.mul(f64x2.mul(z, z), q));

  const first = f64x2.eq(quadrant, f64x2.splat(1));
  const second = f64x2.eq(quadrant, f64x2.splat(2));
  const third = f64x2.eq(quadrant, f64x2.splat(3));
  const swap = v128.or(first, third);
  const minus = f64x2.splat(-0.0);
  const sineOut = v128.xor(v128.bitselect(cosine, sine, swap), v128.and(v128.or(second, third), minus));
  const cosineOut = v128.xor(v128.bitselect(sine, cosine, swap), v128.and(v128.or(first, second), minus));
  const cosines = f32x4.demote_f64x2_zero(f64x2.mul(radius, cosineOut));
  const sines = f32x4.demote_f64x2_zero(f64x2.mul(radius, sineOut));
  return v128.shuffle<f32>(cosines, sines, 0, 4, 1, 5);
}

/** `count` normal numbers: mean 0, standard deviation 1. `block` and `seed` are whole numbers below 2⁵³. */
export function fillNormal(out: usize, count: usize, block: f64, stream: u32, seed: f64): void {
  let next = <u64>block;
  for (; count >= 4; count -= 4) {
    philox(next++, stream, <u64>seed);
    v128.store(out, fourNormals());
    out += 16;
  }
  if (!count) return;
  philox(next, stream, <u64>seed);
  storePart(out, fourNormals(), count);
}

/** `count` uniform numbers in [0, 1), multiples of 2⁻²⁴. */
export function fillUniform(out: usize, count: usize, block: f64, stream: u32, seed: f64): void {
  let next = <u64>block;
  for (; count > 0; count -= min<usize>(count, 4)) {
    philox(next++, stream, <u64>seed);
    let words = i32x4.splat(word0);
    words = i32x4.replace_lane(words, 1, word1);
    words = i32x4.replace_lane(words, 2, word2);
    words = i32x4.replace_lane(words, 3, word3);
    const uniform = f32x4.mul(f32x4.convert_i32x4_s(i32x4.shr_u(words, 8)), f32x4.splat(5.9604644775390625e-8));
    if (count >= 4) v128.store(out, uniform);
    else storePart(out, uniform, count);
    out += 16;
  }
}
