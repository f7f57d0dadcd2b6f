// Products over packed panels: a tile of 4×8 or 4×16 cells in registers, blocks of the inner index that fit the first
// cache, blocks of rows that fit the second. Every cell adds its terms one by one in order of the inner index, in parts
// of at most PART terms when there are more, whatever tile, block or thread it falls to: that makes its bits independent
// of all three.

import { epilogue } from "./epilogue";
import { packA, packB, packedSize, panelsOf, TILE_COLUMNS, TILE_ROWS } from "./packing";
import { ownScratch } from "./thread";
import { addToTotals, PART } from "./totals";

/** Most inner indices in a block: a panel of B then takes 16 KB. A part is two blocks. */
// @ts-ignore: decorator
@inline const BLOCK_DEPTH: usize = PART / 2;
/** At most so many rows at once: the packed block of A then takes 128 KB. */
// @ts-ignore: decorator
@inline const BLOCK_ROWS: usize = 64;
/** Most columns at a time in a product of several parts: the totals of a block of rows then take 256 KB. */
// @ts-ignore: decorator
@inline const STRIPE: usize = 512;

/** How many panels of B a tile takes at once. */
let panelsAtOnce: usize = 1;

/** Tells this instance how many panels of B, 1 or 2, a tile takes at once; 1 unless told. */
export function takePanels(count: usize): void {
  panelsAtOnce = count;
}

/** The number of the product whose B this thread has packed for itself last. */
let packedFor: f64 = 0;

/**
 * Bytes of scratch memory that `productRows` needs for each thread: a block of A, one tile, totals where there are
 * several parts, and a packed B of k×n, which has 0 columns when it is packed elsewhere.
 */
export function productScratch(k: usize, n: usize): usize {
  return BLOCK_DEPTH * BLOCK_ROWS * 4 + TILE_ROWS * TILE_COLUMNS * 4 + totalsSize(k) + packedSize(k, n);
}

function totalsSize(k: usize): usize {
  return k > PART ? BLOCK_ROWS * STRIPE * 8 : 0;
}

/** `count` tiles of c under each other, rows `pitch` bytes apart, = or += k terms of panels of A times one of B. */
// @ts-ignore: decorator
@external("assembly", "tiles")
declare function tiles(
  k: usize, a: usize, b: usize, c: usize, pitch: usize, accumulate: bool, count: usize, apart: usize,
): void;

/** The same, twice as wide: times two panels of B, the second `apart` bytes after the first. */
// @ts-ignore: decorator
@external("assembly", "wideTiles")
declare function wideTiles(
  k: usize, a: usize, b: usize, c: usize, pitch: usize, accumulate: bool, count: usize, apart: usize,
): void;

/** A tile at the edge, `rows` × `columns`: computed beside, and only what is there is copied. */
function edgeTile(
  k: usize, a: usize, b: usize, c: usize, pitch: usize, accumulate: bool, rows: usize, columns: usize, spare: usize,
): void {
  if (accumulate) {
    for (let i: usize = 0; i < rows; i++) memory.copy(spare + i * 32, c + i * pitch, columns * 4);
  }
  tiles(k, a, b, spare, TILE_COLUMNS * 4, accumulate, 1, 0);
  for (let i: usize = 0; i < rows; i++) memory.copy(c + i * pitch, spare + i * 32, columns * 4);
}

/**
 * Rows [from, to) of C[m×n] = A·B and their epilogue. A m×k, or k×m where transposed.
 *
 * `product` 0: B as `packB` left it, for all threads, each with `productScratch(k, 0)` bytes of `scratch`. Else a number
 * that no other product has: B k×n, or n×k where transposed, which each thread packs for itself when it computes its
 * first rows, in `productScratch(k, n)` bytes.
 */
export function productRows(
  a: usize, transposedA: bool, b: usize, transposedB: bool, c: usize, m: usize, n: usize, k: usize, from: usize, to: usize,
  product: f64, scratch: usize, bias: usize, code: i32, first: f32, second: f32,
): void {
  const own = ownScratch(scratch, productScratch(k, product ? n : 0));
  const spare = own + BLOCK_DEPTH * BLOCK_ROWS * 4;
  const totals = spare + TILE_ROWS * TILE_COLUMNS * 4;
  let packed = b;
  if (product) {
    packed = totals + totalsSize(k);
    if (product != packedFor) packB(b, transposedB, k, n, 0, panelsOf(n), packed);
    packedFor = product;
  }
  const stripe = k > PART ? STRIPE : n;
  for (let row = from; row < to; row += BLOCK_ROWS) {
    const rows = min(to - row, BLOCK_ROWS);
    const at = c + row * n * 4;
    for (let column: usize = 0; column < n; column += stripe) {
      const columns = min(n - column, stripe);
      const blocks = (k + BLOCK_DEPTH - 1) / BLOCK_DEPTH;
      for (let block: usize = 0; block < blocks; block++) {
        const start = (block * k) / blocks;
        const depth = ((block + 1) * k) / blocks - start;
        packA(a, transposedA, m, k, row, rows, start, depth, own);
        const panels = packed + column * k * 4 + start * 32;
        // the first block of a part starts from 0
        rowBlock(panels, k, n, columns, depth, own, at + column * 4, rows, (block & 1) != 0, spare);
        if (blocks > 2 && (block & 1 || block + 1 == blocks)) {
          addRows(at + column * 4, n, totals, rows, columns, block < 2, block + 1 == blocks);
        }
      }
    }
    // the relaxed build is of the tile alone: who calls it calls the epilogue too
    if (!ASC_FEATURE_RELAXED_SIMD) epilogue(at, rows, n, bias, code, first, second);
  }
}

/** Adds a part of a block of C, whose rows are `pitch` floats apart, to its totals. */
function addRows(c: usize, pitch: usize, totals: usize, rows: usize, columns: usize, first: bool, last: bool): void {
  for (let row: usize = 0; row < rows; row++) {
    addToTotals(c + row * pitch * 4, totals + row * STRIPE * 8, columns, first, last);
  }
}

/** A packed block of A times the panels of `width` columns of B, each `k` deep, of which `depth` are used. */
function rowBlock(
  b: usize, k: usize, n: usize, width: usize, depth: usize, a: usize, c: usize, rows: usize, accumulate: bool,
  spare: usize,
): void {
  const pitch = n * 4;
  const apart = k * TILE_COLUMNS * 4;
  const whole = rows / TILE_ROWS;
  let column: usize = 0;
  if (panelsAtOnce == 2 && whole) {
    for (; column + 2 * TILE_COLUMNS <= width; column += 2 * TILE_COLUMNS) {
      const panel = b + column * k * 4;
      const at = c + column * 4;
      wideTiles(depth, a, panel, at, pitch, accumulate, whole, apart);
      edges(depth, a, panel, at, pitch, accumulate, whole, rows, TILE_COLUMNS, spare);
      edges(depth, a, panel + apart, at + TILE_COLUMNS * 4, pitch, accumulate, whole, rows, TILE_COLUMNS, spare);
    }
  }
  for (; column < width; column += TILE_COLUMNS) {
    const columns = min(width - column, TILE_COLUMNS);
    const panel = b + column * k * 4;
    const at = c + column * 4;
    const full = columns == TILE_COLUMNS ? whole : 0;
    if (full) tiles(depth, a, panel, at, pitch, accumulate, full, 0);
    edges(depth, a, panel, at, pitch, accumulate, full, rows, columns, spare);
  }
}

/** What tiles of `whole` panels of A leave of `rows` rows. */
function edges(
  depth: usize, a: usize, panel: usize, c: usize, pitch: usize, accumulate: bool, whole: usize, rows: usize,
  columns: usize, spare: usize,
): void {
  for (let i = whole * TILE_ROWS; i < rows; i += TILE_ROWS) {
    const height = min(rows - i, TILE_ROWS);
    edgeTile(depth, a + i * depth * 4, panel, c + i * pitch, pitch, accumulate, height, columns, spare);
  }
}
