// Rows added at their indices, the gradient of a lookup. A row that is named often is summed in parts, so that its error
// does not grow with the number of terms.

import type { Engine } from "./engine.js";
import type { Address } from "./kernel-runner.js";

/** Terms of a row that are added one after the other; as PART in assembly/totals.ts. */
const PART = 1024;

/** A row of the result that is summed in parts. */
interface LongRow {
  readonly row: number;
  readonly parts: number;
}

/** Fills `out` (rows × rowSize) with zeros and adds row i of `x` to row indices[i], in order of i. */
export function scatterRows(
  engine: Engine,
  x: Address,
  indices: Int32Array,
  { rows, rowSize }: { readonly rows: number; readonly rowSize: number },
  out: Address,
): void {
  const scatter = (places: Int32Array) => {
    engine.lendIntegers(places, (at) => engine.scatterRows(x, at, out, places.length, rows, rowSize));
  };
  const long = longRows(indices, rows);
  if (long.length === 0) {
    scatter(indices);
    return;
  }
  const bytes = 4 * rowSize;
  const total = long.reduce((sum, { parts }) => sum + parts, 0);
  engine.memory.lend((total + 1) * bytes, (block) => {
    // parts lie a whole number of rows before or behind `out`; the kernel's addresses wrap at 2³²
    const first = Math.ceil((block - out) / bytes);
    const parts = out + first * bytes;
    engine.fill(parts, total * rowSize, 0);
    scatter(toParts(indices, rows, long, first));
    let at = parts;
    for (const { row, parts: count } of long) {
      engine.reduce("sum", at, [count, rowSize], [0], out + row * bytes);
      at += count * bytes;
    }
  });
}

/** The rows that are named more than PART times. */
function longRows(indices: Int32Array, rows: number): LongRow[] {
  const long: LongRow[] = [];
  if (indices.length <= PART) return long;
  const counts = new Int32Array(rows);
  for (const row of indices) counts[row] = (counts[row] as number) + 1;
  counts.forEach((count, row) => {
    if (count > PART) long.push({ row, parts: Math.ceil(count / PART) });
  });
  return long;
}

/** The indices with those of each long row replaced by its parts, which follow each other from row `first` on. */
function toParts(indices: Int32Array, rows: number, long: readonly LongRow[], first: number): Int32Array {
  const [isLong, starts, seen] = [new Uint8Array(rows), new Int32Array(rows), new Int32Array(rows)];
  let start = first;
  for (const { row, parts } of long) {
    isLong[row] = 1;
    starts[row] = start;
    start += parts;
  }
  return indices.map((row) => {
    if (isLong[row] === 0) return row;
    const before = seen[row] as number;
    seen[row] = before + 1;
    return (starts[row] as number) + Math.floor(before / PART);
  });
}
