// How a matrix product is laid over gpu.js's threads, for a given mode and size: which tile a thread computes, which
// lengths the kernel takes, and where its results belong.

import type { MatmulSpec } from "../backend.js";
import type { GpuMode } from "./modes.js";

/**
 * The layout of a product. Thread (x, y, z) computes, of member z of the batch, column x of the `tile` rows that begin
 * at y·tile. Its results lie at `((z·blocks + y)·columns + x)·tile + row`.
 */
export interface ProductPlan {
  readonly mode: GpuMode;
  /** The product as the kernel computes it: Bᵀ·Aᵀ where `swapped`. */
  readonly spec: MatmulSpec;
  /** Whether the operands change places, so that the kernel computes the transposed product. */
  readonly swapped: boolean;
  /** Rows that one thread computes: the length of its result. */
  readonly tile: number;
  /** Threads along y. */
  readonly blocks: number;
  /** Threads along x. Those beyond n compute nothing that is used. */
  readonly columns: number;
  /** Values that the first operand needs beyond its own, where m is no multiple of the tile. */
  readonly padding: number;
  /** Lengths of the two operands as the kernel takes them, with the padding. */
  readonly lengths: readonly [number, number];
}

/** The most that gpu.js lets a kernel return from one thread. */
const LARGEST_TILE = 4;
/** Threads that webasm computes at once: the lanes of a vector register, along x. */
const LANES = 4;

/** Lays out a product of `spec`, none of whose sizes is 0. */
export function planProduct(mode: GpuMode, spec: MatmulSpec): ProductPlan {
  // webasm's lanes run along x. A product with fewer columns than lanes, but enough rows, is computed transposed.
  const swapped = mode === "webasm" && spec.n < LANES && spec.m >= LANES;
  const computed = swapped ? transposed(spec) : spec;
  const { batch, m, n, k, transposeA, sharedA, sharedB } = computed;
  // A GPU has threads enough for one a cell. A processor gains from tiles: each value of B that was read is used
  // `tile` times.
  const blocks = isProcessor(mode) ? Math.ceil(m / LARGEST_TILE) : m;
  const tile = Math.ceil(m / blocks);
  // Rows of whole vectors: a row with a remainder costs a call into WebAssembly and scalar steps for it. Reading B past
  // its columns is harmless there: gpu.js clamps the index of a vector load.
  const columns = mode === "webasm" && n >= LANES ? Math.ceil(n / LANES) * LANES : n;
  // The last tile reads A past its last row. What it reads must belong to A.
  const padding = (blocks * tile - m) * (transposeA ? 1 : k);
  const lengths = [(sharedA ? 1 : batch) * m * k + padding, (sharedB ? 1 : batch) * k * n] as const;
  return { mode, spec: computed, swapped, tile, blocks, columns, padding, lengths };
}

/** What tells one kernel from another. */
export function planKey({ spec, tile, columns }: ProductPlan): string {
  const { batch, m, n, k, transposeA, transposeB, sharedA, sharedB } = spec;
  const flags = [transposeA, transposeB, sharedA, sharedB].map((flag) => (flag ? "1" : "0")).join("");
  return `matmul ${batch}×${m}×${k}×${n} ${flags} ${tile} ${columns}`;
}

/** The kernel's shape, as gpu.js takes it: x first. */
export function planOutput({ spec, blocks, columns }: ProductPlan): readonly number[] {
  return spec.batch === 1 ? [columns, blocks] : [columns, blocks, spec.batch];
}

/** Cᵀ = Bᵀ·Aᵀ: the same numbers with the operands in each other's place. */
function transposed({ batch, m, n, k, transposeA, transposeB, sharedA, sharedB }: MatmulSpec): MatmulSpec {
  return {
    batch,
    m: n,
    n: m,
    k,
    transposeA: !transposeB,
    transposeB: !transposeA,
    sharedA: sharedB,
    sharedB: sharedA,
  };
}

function isProcessor(mode: GpuMode): boolean {
  return mode === "webasm" || mode === "cpu";
}

/**
 * The flat results of a kernel as the row-major product C[batch×m×n] that was asked for: tiles opened, threads beyond
 * the edges dropped, a transposed product turned back. `results` itself where they lie right already.
 */
export function arrangeResults(plan: ProductPlan, results: Float32Array): Float32Array {
  const { spec, swapped, tile, blocks, columns } = plan;
  const { batch, m, n } = spec;
  const lieRight = columns === n && (swapped ? blocks === 1 : tile === 1);
  if (lieRight) return results;
  const product = new Float32Array(batch * m * n);
  const [rowStride, columnStride] = swapped ? [1, m] : [n, 1];
  for (let member = 0; member < batch; member++) {
    for (let block = 0; block < blocks; block++) {
      const first = block * tile;
      const rows = Math.min(tile, m - first);
      const start = member * m * n + first * rowStride;
      let from = (member * blocks + block) * columns * tile;
      for (let x = 0; x < n; x++, from += tile) {
        let to = start + x * columnStride;
        for (let row = 0; row < rows; row++, to += rowStride) product[to] = results[from + row] as number;
      }
    }
  }
  return product;
}
