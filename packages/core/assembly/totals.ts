// Long sums in parts. A part is summed in float32; the total of the parts is kept in float64 and rounded once, at the
// end. So the error of a sum grows with the length of a part, never with the number of parts.

/** Terms that a cell adds in float32, one after the other, before its sum is added to a total. */
// @ts-ignore: decorator
@inline export const PART: usize = 1024;

/**
 * Adds `count` sums of parts to their totals; the sums of the first part replace the totals. With the last part, the
 * totals are rounded to float32 and written over the sums.
 */
export function addToTotals(sums: usize, totals: usize, count: usize, first: bool, last: bool): void {
  for (; count > 0; count -= min<usize>(count, 2)) {
    const pair = count > 1;
    let all = f64x2.promote_low_f32x4(pair ? v128.load64_zero(sums) : v128.load32_zero(sums));
    if (!first) all = f64x2.add(all, v128.load(totals));
    if (!last) v128.store(totals, all);
    else if (pair) v128.store_lane<f64>(sums, f32x4.demote_f64x2_zero(all), 0);
    else v128.store_lane<f32>(sums, f32x4.demote_f64x2_zero(all), 0);
    sums += 8;
    totals += 16;
  }
}
