// Which part of a product a thread of a compute shader computes, chosen by the product's shape and by what computes it.
// The tiles for a processor were measured under SwiftShader; those for a GPU follow from what every device of WebGPU has,
// and how many groups are enough was measured on an H100.

import type { MatmulSpec } from "../backend.js";

/** A tile of the result: so many rows by so many vectors of four columns for each thread of a group. */
export interface Tile {
  readonly rows: number;
  readonly vectors: number;
  /** Threads of a group along the columns and along the rows. */
  readonly across: number;
  readonly down: number;
  /** Inner indices that a group holds in its shared memory at a time, a power of 2 from 4 on; 0: it does without. */
  readonly depth: number;
}

/** Values of a vector. */
export const LANES = 4;

/** The tiles for one kind of device. */
export interface Tiles {
  /** From large to small. */
  readonly square: readonly Tile[];
  /** For a result of at most four columns, and for one of at most four rows. */
  readonly tall: Tile;
  readonly wide: Tile;
  /** Groups that keep it at work; of the largest tile, which leaves fewer of them time to wait for memory, it needs more. */
  readonly enough: number;
  readonly enoughOfLargest: number;
  /** Multiply-adds from which the largest tile is worth the time that it takes to compile. */
  readonly worthwhile: number;
}

/**
 * A GPU: both operands go through the shared memory of a group. 128×128 values of the result for 256 threads take all
 * of the 16 KiB and all of the threads that every device has. A product that would give too few groups to fill a GPU
 * takes smaller tiles.
 */
export const ON_GPU: Tiles = {
  square: [
    { rows: 8, vectors: 2, across: 16, down: 16, depth: 16 },
    { rows: 4, vectors: 1, across: 16, down: 16, depth: 16 },
    { rows: 4, vectors: 1, across: 8, down: 8, depth: 16 },
  ],
  tall: { rows: 4, vectors: 1, across: 1, down: 32, depth: 16 },
  wide: { rows: 4, vectors: 1, across: 32, down: 1, depth: 16 },
  enough: 64,
  enoughOfLargest: 256,
  worthwhile: 0,
};

/**
 * A processor that plays a GPU, as SwiftShader does: its shared memory is memory like any other, and a detour. What
 * counts is how often a value that was loaded is used, since every load is checked: large tiles, in groups of the four
 * threads that one vector of the processor plays.
 */
export const ON_PROCESSOR: Tiles = {
  square: [
    { rows: 16, vectors: 4, across: 4, down: 1, depth: 0 },
    { rows: 8, vectors: 2, across: 4, down: 1, depth: 0 },
    { rows: 4, vectors: 1, across: 4, down: 1, depth: 0 },
  ],
  tall: { rows: 4, vectors: 1, across: 1, down: 4, depth: 0 },
  wide: { rows: 4, vectors: 1, across: 4, down: 1, depth: 0 },
  enough: 4,
  enoughOfLargest: 4,
  // half a second for the largest, an eighth for the next
  worthwhile: 2 ** 22,
};

/** The largest tile that leaves enough groups, with at most half of their work beyond the edges; or else the smallest. */
export function chooseTile(spec: MatmulSpec, onProcessor: boolean): Tile {
  const { square, tall, wide, enough, enoughOfLargest, worthwhile } = onProcessor ? ON_PROCESSOR : ON_GPU;
  const { batch, m, n, k } = spec;
  if (n <= LANES) return tall;
  if (m <= LANES) return wide;
  const suits = (tile: Tile): boolean => {
    if (tile === square[0] && batch * m * n * k < worthwhile) return false;
    const [across, down] = groupsOf(spec, tile);
    const covered = across * extentAcross(tile) * down * extentDown(tile);
    return across * down * batch >= (tile === square[0] ? enoughOfLargest : enough) && covered <= 2 * m * n;
  };
  return square.find(suits) ?? (square[square.length - 1] as Tile);
}

/** Groups along columns, rows and members of the batch. */
export function groupsOf({ batch, m, n }: MatmulSpec, tile: Tile): readonly [number, number, number] {
  return [Math.ceil(n / extentAcross(tile)), Math.ceil(m / extentDown(tile)), batch];
}

/** Columns of the result that a group computes. */
export function extentAcross({ vectors, across }: Tile): number {
  return vectors * LANES * across;
}

/** Rows of the result that a group computes. */
export function extentDown({ rows, down }: Tile): number {
  return rows * down;
}
