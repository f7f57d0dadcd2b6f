// Copies the operands of a product into panels that the tile reads from front to back: four rows of A side by side,
// eight columns of B side by side. Here alone a transposed operand differs from one that is not.

/** How many rows a panel of A has. */
// @ts-ignore: decorator
@inline export const TILE_ROWS: usize = 4;
/** How many columns a panel of B has. */
// @ts-ignore: decorator
@inline export const TILE_COLUMNS: usize = 8;

/** So many rows of a B are copied at a time: four lines of the cache of each panel. */
// @ts-ignore: decorator
@inline const ROWS_AT_ONCE: usize = 8;

/** How many panels B has, of which the last may be narrower. */
// @ts-ignore: decorator
@inline
export function panelsOf(n: usize): usize {
  return (n + TILE_COLUMNS - 1) / TILE_COLUMNS;
}

/** Bytes of a packed B of k×n. */
export function packedSize(k: usize, n: usize): usize {
  return panelsOf(n) * TILE_COLUMNS * k * 4;
}

/** Four vectors at r0 … r3 become the four columns of their 4×4 block, `step` bytes apart. */
// @ts-ignore: decorator
@inline
export function transposeBlock(r0: usize, r1: usize, r2: usize, r3: usize, out: usize, step: usize): void {
  const a = v128.load(r0);
  const b = v128.load(r1);
  const c = v128.load(r2);
  const d = v128.load(r3);
  const ab = v128.shuffle<f32>(a, b, 0, 4, 1, 5);
  const cd = v128.shuffle<f32>(c, d, 0, 4, 1, 5);
  const abHigh = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
  const cdHigh = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
  v128.store(out, v128.shuffle<i64>(ab, cd, 0, 2));
  v128.store(out + step, v128.shuffle<i64>(ab, cd, 1, 3));
  v128.store(out + 2 * step, v128.shuffle<i64>(abHigh, cdHigh, 0, 2));
  v128.store(out + 3 * step, v128.shuffle<i64>(abHigh, cdHigh, 1, 3));
}

/**
 * `count` (1 to 4) rows at `x`, `pitch` bytes apart, of `k` floats each, become k groups of four floats, `step` bytes
 * apart. A row that is not there is filled with another one: nobody looks at its results.
 */
function interleaveRows(x: usize, pitch: usize, count: usize, k: usize, out: usize, step: usize): void {
  let r0 = x;
  let r1 = count > 1 ? x + pitch : x;
  let r2 = count > 2 ? x + 2 * pitch : x;
  let r3 = count > 3 ? x + 3 * pitch : x;
  const end = x + (k & ~3) * 4;
  while (r0 < end) {
    transposeBlock(r0, r1, r2, r3, out, step);
    r0 += 16;
    r1 += 16;
    r2 += 16;
    r3 += 16;
    out += 4 * step;
  }
  for (let i: usize = k & 3; i > 0; i--) {
    store<f32>(out, load<f32>(r0));
    store<f32>(out, load<f32>(r1), 4);
    store<f32>(out, load<f32>(r2), 8);
    store<f32>(out, load<f32>(r3), 12);
    r0 += 4;
    r1 += 4;
    r2 += 4;
    r3 += 4;
    out += step;
  }
}

/** `k` rows at `x`, `pitch` bytes apart: the first `count` floats of each, then zeros up to `width`. */
function copyColumns(x: usize, pitch: usize, count: usize, k: usize, out: usize, width: usize): void {
  for (let i: usize = 0; i < k; i++) {
    for (let j: usize = 0; j < width; j++) store<f32>(out + 4 * j, j < count ? load<f32>(x + 4 * j) : <f32>0);
    x += pitch;
    out += 4 * width;
  }
}

/** Rows [row, row + rows) and inner indices [step, step + k) of A, into panels of k × 4. */
export function packA(
  a: usize, transposed: bool, m: usize, depth: usize, row: usize, rows: usize, step: usize, k: usize, out: usize,
): void {
  for (let i: usize = 0; i < rows; i += TILE_ROWS) {
    const count = min(rows - i, TILE_ROWS);
    if (!transposed) {
      interleaveRows(a + ((row + i) * depth + step) * 4, depth * 4, count, k, out, 16);
    } else {
      let x = a + (step * m + row + i) * 4;
      if (count == TILE_ROWS) {
        const end = out + k * 16;
        for (let at = out; at < end; at += 16) {
          v128.store(at, v128.load(x));
          x += m * 4;
        }
      } else copyColumns(x, m * 4, count, k, out, TILE_ROWS);
    }
    out += k * 16;
  }
}

/**
 * `count` panels of B, not transposed, from `x` on, whose rows are `pitch` bytes apart. Some rows at a time, from left to
 * right: so B is read in order, and the lines of the panels are written as a whole.
 */
function copyPanels(x: usize, pitch: usize, count: usize, k: usize, out: usize): void {
  for (let row: usize = 0; row < k; row += ROWS_AT_ONCE) {
    const bytes = min(k - row, ROWS_AT_ONCE) * 32;
    let panel = out;
    for (let column = x, end = x + count * 32; column < end; column += 32) {
      let from = column;
      for (let at = panel, last = panel + bytes; at < last; at += 32) {
        v128.store(at, v128.load(from));
        v128.store(at, v128.load(from, 16), 16);
        from += pitch;
      }
      panel += k * 32;
    }
    x += ROWS_AT_ONCE * pitch;
    out += ROWS_AT_ONCE * 32;
  }
}

/** Panels [from, to) of B, k × 8 each, to their places in `packed`. */
export function packB(b: usize, transposed: bool, k: usize, n: usize, from: usize, to: usize, packed: usize): void {
  let out = packed + from * k * 32;
  if (!transposed) {
    const full = min(to, n / TILE_COLUMNS);
    copyPanels(b + from * 32, n * 4, full - from, k, out);
    // the last panel may be narrower
    const rest = full < to ? n % TILE_COLUMNS : 0;
    if (rest) copyColumns(b + full * 32, n * 4, rest, k, packed + full * k * 32, TILE_COLUMNS);
    return;
  }
  for (let panel = from; panel < to; panel++, out += k * 32) {
    const count = min(n - panel * TILE_COLUMNS, TILE_COLUMNS);
    const x = b + panel * k * 32;
    interleaveRows(x, k * 4, min<usize>(count, 4), k, out, 32);
    // where there is no second half, the first is taken twice
    interleaveRows(count > 4 ? x + k * 16 : x, k * 4, count > 4 ? count - 4 : 1, k, out + 16, 32);
  }
}
