// In what parts a long product is summed on a device, which has no float64: sums of parts, and a sum of those. Both are
// about as long, so that the error grows with the root of the inner size.

/** Up to here the terms are added one after the other. */
const LONGEST = 1024;

/** The length of all parts but the last, a power of two from √k on; 0 where the inner size is not cut. */
export function partLength(k: number): number {
  return k > LONGEST ? 2 ** Math.ceil(Math.log2(k) / 2) : 0;
}
