// tanh x = E / (E + 2) with E = e²ˣ − 1, computed for |x|; E = 2ⁿ(eʳ − 1) + (2ⁿ − 1). In two passes over a few vectors
// at a time: the operations of one vector are a chain so long that a processor sees only some vectors at once, and
// waits for their ends. Half the chain lets it see twice as many.

import { exponentialTail, LOG2_E, powerOfTwo, reduced, ROUNDER, ROUNDER_BITS } from "./functions";
import { loadPart, storePart } from "./lanes";
import { OWN_BYTES, ownPlace } from "./thread";

/** What a vector leaves for the second pass: three vectors. */
// @ts-ignore: decorator
@inline const KEPT: usize = 48;
/** Bytes of x in a pass. */
// @ts-ignore: decorator
@inline const PASS: usize = (OWN_BYTES / KEPT) * 16;

/** Splits 2|x| into n ln 2 + r and leaves n, r and eʳ − 1 − r at `kept`. */
// @ts-ignore: decorator
@inline
function begin(x: v128, kept: usize): void {
  const bounded = f32x4.pmin(f32x4.abs(x), f32x4.splat(9.1));
  const doubled = f32x4.add(bounded, bounded);
  const shifted = f32x4.add(f32x4.mul(doubled, f32x4.splat(LOG2_E)), f32x4.splat(ROUNDER));
  const r = reduced(doubled, f32x4.sub(shifted, f32x4.splat(ROUNDER)));
  v128.store(kept, shifted);
  v128.store(kept, r, 16);
  v128.store(kept, f32x4.mul(exponentialTail(r), f32x4.mul(r, r)), 32);
}

/** tanh x from what `begin` left. */
// @ts-ignore: decorator
@inline
function end(x: v128, kept: usize): v128 {
  const r = v128.load(kept, 16);
  const tail = v128.load(kept, 32);
  const p = f32x4.add(tail, r);
  // what rounding eʳ − 1 lost, which shows where the next sum cancels
  const rest = f32x4.sub(tail, f32x4.sub(p, r));
  const scale = powerOfTwo(i32x4.sub(v128.load(kept), i32x4.splat(ROUNDER_BITS)));
  const large = f32x4.add(f32x4.mul(p, scale), f32x4.sub(scale, f32x4.splat(1)));
  const e = f32x4.add(large, f32x4.mul(rest, scale));
  const sum = f32x4.add(e, f32x4.splat(2));
  const lost = v128.and(f32x4.sub(e, f32x4.sub(sum, f32x4.splat(2))), f32x4.lt(e, f32x4.splat(2)));
  const y = f32x4.div(e, sum);
  // what rounding the sum lost, brought back: y·lost / sum, where 1 / sum = (1 − y) / 2. Not for a larger E: there
  // 1 − y has too few bits left, and the loss no longer shows
  const half = f32x4.sub(f32x4.splat(0.5), f32x4.mul(y, f32x4.splat(0.5)));
  // and what rounding E itself lost: dy = 2 dE / sum²
  const short = v128.and(f32x4.sub(f32x4.mul(rest, scale), f32x4.sub(e, large)), f32x4.lt(e, f32x4.splat(2)));
  const change = f32x4.sub(f32x4.mul(short, f32x4.sub(f32x4.splat(1), y)), f32x4.mul(y, lost));
  return v128.or(f32x4.add(y, f32x4.mul(change, half)), v128.and(x, i32x4.splat(0x80000000)));
}

/** out[i] = tanh x[i]. `out` may be `x`. */
export function hyperbolicTangent(x: usize, out: usize, count: usize): void {
  const place = ownPlace();
  const stop = out + (count & ~3) * 4;
  while (out < stop) {
    const bytes = min<usize>(stop - out, PASS);
    const next = x + bytes;
    for (let at = x, kept = place; at < next; at += 16, kept += KEPT) begin(v128.load(at), kept);
    for (let kept = place; x < next; x += 16, out += 16, kept += KEPT) v128.store(out, end(v128.load(x), kept));
  }
  const rest = count & 3;
  if (!rest) return;
  begin(loadPart(x, rest), place);
  storePart(out, end(loadPart(x, rest), place), rest);
}
