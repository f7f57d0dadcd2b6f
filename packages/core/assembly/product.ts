// Products over packed panels: a tile of 4×8 cells in registers, blocks of the inner index that fit the first cache,
// blocks of rows that fit the second. Every cell adds its terms one by one in order of the inner index, whatever tile,
// block or thread it falls to: that makes its bits independent of all three.

import { epilogue } from "./epilogue";
import { multiplyAdd } from "./lanes";
import { packA, TILE_COLUMNS, TILE_ROWS } from "./packing";

/** At most so many inner indices at once: a panel of B then takes 16 KB. */
// @ts-ignore: decorator
@inline const BLOCK_DEPTH: usize = 512;
/** At most so many rows at once: the packed block of A then takes 128 KB. */
// @ts-ignore: decorator
@inline const BLOCK_ROWS: usize = 64;

/** Bytes of scratch memory that `productRows` needs: a block of A and one tile. */
export function productScratch(): usize {
  return BLOCK_DEPTH * BLOCK_ROWS * 4 + TILE_ROWS * TILE_COLUMNS * 4;
}

/** c (4×8, rows `pitch` bytes apart) = or += k terms of a panel of A times one of B. */
function tile(k: usize, a: usize, b: usize, c: usize, pitch: usize, accumulate: bool): void {
  let c00 = f32x4.splat(0), c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00, c30 = c00, c31 = c00;
  const row1 = c + pitch;
  const row2 = row1 + pitch;
  const row3 = row2 + pitch;
  if (accumulate) {
    c00 = v128.load(c);
    c01 = v128.load(c, 16);
    c10 = v128.load(row1);
    c11 = v128.load(row1, 16);
    c20 = v128.load(row2);
    c21 = v128.load(row2, 16);
    c30 = v128.load(row3);
    c31 = v128.load(row3, 16);
  }
  const end = a + k * 16;
  while (a < end) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    const a0 = v128.load32_splat(a);
    c00 = multiplyAdd(a0, b0, c00);
    c01 = multiplyAdd(a0, b1, c01);
    const a1 = v128.load32_splat(a, 4);
    c10 = multiplyAdd(a1, b0, c10);
    c11 = multiplyAdd(a1, b1, c11);
    const a2 = v128.load32_splat(a, 8);
    c20 = multiplyAdd(a2, b0, c20);
    c21 = multiplyAdd(a2, b1, c21);
    const a3 = v128.load32_splat(a, 12);
    c30 = multiplyAdd(a3, b0, c30);
    c31 = multiplyAdd(a3, b1, c31);
    a += 16;
    b += 32;
  }
  v128.store(c, c00);
  v128.store(c, c01, 16);
  v128.store(row1, c10);
  v128.store(row1, c11, 16);
  v128.store(row2, c20);
  v128.store(row2, c21, 16);
  v128.store(row3, c30);
  v128.store(row3, c31, 16);
}

/** A tile at the edge, `rows` × `columns`: computed beside, and only what is there is copied. */
function edgeTile(
  k: usize, a: usize, b: usize, c: usize, pitch: usize, accumulate: bool, rows: usize, columns: usize, spare: usize,
): void {
  if (accumulate) {
    for (let i: usize = 0; i < rows; i++) memory.copy(spare + i * 32, c + i * pitch, columns * 4);
  }
  tile(k, a, b, spare, 32, accumulate);
  for (let i: usize = 0; i < rows; i++) memory.copy(c + i * pitch, spare + i * 32, columns * 4);
}

/**
 * Rows [from, to) of C[m×n] = A·B and their epilogue. B as `packB` left it; A m×k, or k×m where transposed.
 * `scratch`: `productScratch()` bytes of this thread's own.
 */
export function productRows(
  a: usize, transposed: bool, packed: usize, c: usize, m: usize, n: usize, k: usize, from: usize, to: usize,
  scratch: usize, bias: usize, code: i32, first: f32, second: f32,
): void {
  const spare = scratch + BLOCK_DEPTH * BLOCK_ROWS * 4;
  const blocks = (k + BLOCK_DEPTH - 1) / BLOCK_DEPTH;
  for (let row = from; row < to; row += BLOCK_ROWS) {
    const rows = min(to - row, BLOCK_ROWS);
    for (let block: usize = 0; block < blocks; block++) {
      const start = (block * k) / blocks;
      const depth = ((block + 1) * k) / blocks - start;
      packA(a, transposed, m, k, row, rows, start, depth, scratch);
      rowBlock(packed + start * 32, k, n, depth, scratch, c + row * n * 4, rows, block > 0, spare);
    }
    epilogue(c + row * n * 4, rows, n, bias, code, first, second);
  }
}

/** A packed block of A times all panels of B, each `k` deep, of which `depth` are used. */
function rowBlock(
  b: usize, k: usize, n: usize, depth: usize, a: usize, c: usize, rows: usize, accumulate: bool, spare: usize,
): void {
  const pitch = n * 4;
  for (let column: usize = 0; column < n; column += TILE_COLUMNS) {
    const columns = min(n - column, TILE_COLUMNS);
    const panel = b + column * k * 4;
    for (let i: usize = 0; i < rows; i += TILE_ROWS) {
      const at = c + i * pitch + column * 4;
      const height = min(rows - i, TILE_ROWS);
      if (height == TILE_ROWS && columns == TILE_COLUMNS) {
        tile(depth, a + i * depth * 4, panel, at, pitch, accumulate);
      } else edgeTile(depth, a + i * depth * 4, panel, at, pitch, accumulate, height, columns, spare);
    }
  }
}
