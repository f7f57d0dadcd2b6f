// tanh x = E / (E + 2) with E = e²ˣ − 1, computed for |x|; E = 2ⁿ(eʳ − 1) + (2ⁿ − 1), 2|x| = n ln 2 + r. IEEE operations
// only, in this order, so that every engine gets the same bits. The polynomial is that of Cephes's expf, as in functions.ts.

const LN2_HIGH = 0.693359375;
const LN2_LOW = -2.1219444e-4;
/** 1.5 · 2²³: adding it rounds to a whole number, which is then found in the low bits. */
const ROUNDER = 12582912;
const ROUNDER_BITS = 0x4b400000;
/** (eʳ − 1 − r) / r² for |r| ≤ ½ ln 2, the highest power first. */
const TAIL = [1.98756915e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1];

/** y = tanh x, as `lockstepText` takes it. */
export const tanh = {
  reads: ["x"],
  writes: ["y"],
  sideBySide: 4,
  formula: ({ x }, operations) => ({ y: tanhOf(x, operations) }),
};

function tanhOf(x, { f32, i32, add, sub, mul, div, abs, pmin, less, and, or, addInteger, subInteger, shiftLeft }) {
  const bounded = pmin(abs(x), f32(9.1));
  const doubled = add(bounded, bounded);
  const shifted = add(mul(doubled, f32(Math.LOG2E)), f32(ROUNDER));
  const n = sub(shifted, f32(ROUNDER));
  const r = sub(sub(doubled, mul(n, f32(LN2_HIGH))), mul(n, f32(LN2_LOW)));
  const polynomial = TAIL.map(f32).reduce((sum, coefficient) => add(mul(sum, r), coefficient));
  const tail = mul(polynomial, mul(r, r));
  const p = add(tail, r);
  // what rounding eʳ − 1 lost, which shows where the next sum cancels
  const rest = sub(tail, sub(p, r));
  const scale = shiftLeft(addInteger(subInteger(shifted, i32(ROUNDER_BITS)), i32(127)), 23);
  const large = add(mul(p, scale), sub(scale, f32(1)));
  const restScaled = mul(rest, scale);
  const e = add(large, restScaled);
  const sum = add(e, f32(2));
  const small = less(e, f32(2));
  const lost = and(sub(e, sub(sum, f32(2))), small);
  const y = div(e, sum);
  // what rounding the sum lost, brought back: y·lost / sum, where 1 / sum = (1 − y) / 2. Not for a larger E: there
  // 1 − y has too few bits left, and the loss no longer shows
  const half = sub(f32(0.5), mul(y, f32(0.5)));
  // and what rounding E itself lost: dy = 2 dE / sum²
  const short = and(sub(restScaled, sub(e, large)), small);
  const change = sub(mul(short, sub(f32(1), y)), mul(y, lost));
  return or(add(y, mul(change, half)), and(x, i32(0x80000000)));
}
