// Where a job is cut into parts. A thread that is held up leaves its share to the others, down to the part it has: small
// parts make that wait short, and large ones make few of them. So each thread's parts become smaller towards the end of
// the job. The caller takes parts from the start and workers take them from the end, so the small ones lie between.

/** What a thread takes one after the other, in proportion, where it has at least so many grains of the job. */
const SHARES: readonly (readonly [grains: number, shares: readonly number[]])[] = [
  [12, [6, 4, 3, 2, 1]],
  [5, [4, 2, 1]],
  [2, [2, 1]],
  [0, [1]],
];
/** Of a job in one part. */
const WHOLE: readonly number[] = [1];

const known = new Map<string, readonly number[]>();

/**
 * Where the parts of a job end, as fractions of it; the last is 1.
 *
 * @param threads that compute, the calling one included
 * @param grains how many parts are worth a thread: at most that many threads take part
 */
export function cutsOf(threads: number, grains: number): readonly number[] {
  const taking = Math.min(threads, Math.floor(grains));
  if (taking < 2) return WHOLE;
  const shares = SHARES.find(([least]) => grains >= least * taking)?.[1] ?? WHOLE;
  const key = `${taking} ${shares.length}`;
  let cuts = known.get(key);
  if (!cuts) {
    cuts = makeCuts(taking, shares);
    known.set(key, cuts);
  }
  return cuts;
}

function makeCuts(threads: number, shares: readonly number[]): readonly number[] {
  const others = [...shares].reverse().flatMap((share) => new Array<number>(threads - 1).fill(share));
  const sizes = [...shares, ...others];
  const total = sizes.reduce((sum, size) => sum + size, 0);
  let sum = 0;
  return sizes.map((size) => {
    sum += size;
    return sum / total;
  });
}
