// Products over packed panels: a tile of 4×8 cells in registers, blocks of the inner index that fit the first cache,
// blocks of rows that fit the second. Every cell adds its terms one by one in order of the inner index, whatever tile,
// block or thread it falls to: that makes its bits independent of all three.

import { epilogue } from "./epilogue";
import { multiplyAdd } from "./lanes";
import { packA, packB, packedSize, panelsOf, TILE_COLUMNS, TILE_ROWS } from "./packing";
import { ownScratch } from "./thread";

/** At most so many inner indices at once: a panel of B then takes 16 KB. */
// @ts-ignore: decorator
@inline const BLOCK_DEPTH: usize = 512;
/** At most so many rows at once: the packed block of A then takes 128 KB. */
// @ts-ignore: decorator
@inline const BLOCK_ROWS: usize = 64;

/** The number of the product whose B this thread has packed for itself last. */
let packedFor: f64 = 0;

/** Bytes of scratch memory that `productRows` needs for each thread: a block of A, one tile, and a B of k×n. */
export function productScratch(k: usize, n: usize): usize {
  return BLOCK_DEPTH * BLOCK_ROWS * 4 + TILE_ROWS * TILE_COLUMNS * 4 + packedSize(k, n);
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
  // Four steps a turn, each with its own way out. So an engine hoists the addresses of the splats, checks its stack once
  // a turn and keeps every step's values in registers; one block of four steps makes V8 load all first and spill.
  if (k) do {
    const b00 = v128.load(b), b01 = v128.load(b, 16);
    const a00 = v128.load32_splat(a);
    c00 = multiplyAdd(a00, b00, c00);
    c01 = multiplyAdd(a00, b01, c01);
    const a01 = v128.load32_splat(a, 4);
    c10 = multiplyAdd(a01, b00, c10);
    c11 = multiplyAdd(a01, b01, c11);
    const a02 = v128.load32_splat(a, 8);
    c20 = multiplyAdd(a02, b00, c20);
    c21 = multiplyAdd(a02, b01, c21);
    const a03 = v128.load32_splat(a, 12);
    c30 = multiplyAdd(a03, b00, c30);
    c31 = multiplyAdd(a03, b01, c31);
    a += 16;
    if (a >= end) break;

    const b10 = v128.load(b, 32), b11 = v128.load(b, 48);
    const a10 = v128.load32_splat(a);
    c00 = multiplyAdd(a10, b10, c00);
    c01 = multiplyAdd(a10, b11, c01);
    const a11 = v128.load32_splat(a, 4);
    c10 = multiplyAdd(a11, b10, c10);
    c11 = multiplyAdd(a11, b11, c11);
    const a12 = v128.load32_splat(a, 8);
    c20 = multiplyAdd(a12, b10, c20);
    c21 = multiplyAdd(a12, b11, c21);
    const a13 = v128.load32_splat(a, 12);
    c30 = multiplyAdd(a13, b10, c30);
    c31 = multiplyAdd(a13, b11, c31);
    a += 16;
    if (a >= end) break;

    const b20 = v128.load(b, 64), b21 = v128.load(b, 80);
    const a20 = v128.load32_splat(a);
    c00 = multiplyAdd(a20, b20, c00);
    c01 = multiplyAdd(a20, b21, c01);
    const a21 = v128.load32_splat(a, 4);
    c10 = multiplyAdd(a21, b20, c10);
    c11 = multiplyAdd(a21, b21, c11);
    const a22 = v128.load32_splat(a, 8);
    c20 = multiplyAdd(a22, b20, c20);
    c21 = multiplyAdd(a22, b21, c21);
    const a23 = v128.load32_splat(a, 12);
    c30 = multiplyAdd(a23, b20, c30);
    c31 = multiplyAdd(a23, b21, c31);
    a += 16;
    if (a >= end) break;

    const b30 = v128.load(b, 96), b31 = v128.load(b, 112);
    const a30 = v128.load32_splat(a);
    c00 = multiplyAdd(a30, b30, c00);
    c01 = multiplyAdd(a30, b31, c01);
    const a31 = v128.load32_splat(a, 4);
    c10 = multiplyAdd(a31, b30, c10);
    c11 = multiplyAdd(a31, b31, c11);
    const a32 = v128.load32_splat(a, 8);
    c20 = multiplyAdd(a32, b30, c20);
    c21 = multiplyAdd(a32, b31, c21);
    const a33 = v128.load32_splat(a, 12);
    c30 = multiplyAdd(a33, b30, c30);
    c31 = multiplyAdd(a33, b31, c31);
    a += 16;
    b += 128;
  } while (a < end);
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
 * Rows [from, to) of C[m×n] = A·B and their epilogue. A m×k, or k×m where transposed.
 *
 * `product` 0: B as `packB` left it, for all threads, each with `productScratch(0, 0)` bytes of `scratch`. Else a number
 * that no other product has: B k×n, or n×k where transposed, which each thread packs for itself when it computes its
 * first rows, in `productScratch(k, n)` bytes.
 */
export function productRows(
  a: usize, transposedA: bool, b: usize, transposedB: bool, c: usize, m: usize, n: usize, k: usize, from: usize, to: usize,
  product: f64, scratch: usize, bias: usize, code: i32, first: f32, second: f32,
): void {
  const own = ownScratch(scratch, product ? productScratch(k, n) : productScratch(0, 0));
  const spare = own + BLOCK_DEPTH * BLOCK_ROWS * 4;
  let packed = b;
  if (product) {
    packed = spare + TILE_ROWS * TILE_COLUMNS * 4;
    if (product != packedFor) packB(b, transposedB, k, n, 0, panelsOf(n), packed);
    packedFor = product;
  }
  const blocks = (k + BLOCK_DEPTH - 1) / BLOCK_DEPTH;
  for (let row = from; row < to; row += BLOCK_ROWS) {
    const rows = min(to - row, BLOCK_ROWS);
    for (let block: usize = 0; block < blocks; block++) {
      const start = (block * k) / blocks;
      const depth = ((block + 1) * k) / blocks - start;
      packA(a, transposedA, m, k, row, rows, start, depth, own);
      rowBlock(packed + start * 32, k, n, depth, own, c + row * n * 4, rows, block > 0, spare);
    }
    // the relaxed build is of the tile alone: who calls it calls the epilogue too
    if (!ASC_FEATURE_RELAXED_SIMD) epilogue(c + row * n * 4, rows, n, bias, code, first, second);
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
