// Products by cblas_sgemm on the memory that the wasm kernels compute in, by one thread or by all of the engine's.

import type { Engine, NativeKernel } from "../wasm/engine.js";
import type { Address } from "../wasm/kernel-runner.js";
import { finish, type Product } from "../wasm/products.js";
import type { Koffi } from "./koffi.js";
import { type Blas, CBLAS } from "./library.js";

/** So many multiplications are worth another thread. */
const GRAIN = 524_288;
/** A BLAS packs its operands for each call: with fewer rows or columns in it, that shows. */
const LEAST = 64;

/** A product whose inner size is so many times as long as its other sizes is cut along it, in parts at least so long. */
const DEEP = 2;
const LEAST_DEPTH = 256;
/** Unless the result is larger: each part has one of its own, and all are added. */
const LARGEST_IN_DEPTH = 2 ** 16;

/**
 * The longest inner size of one call. Libraries add in float32, each in its own order; what several calls give is added
 * in float64.
 */
const LONGEST = 4096;

/** What a worker runs: koffi and the library once more, in its thread; the addresses are those of the same memory. */
const IN_WORKERS = `
const koffi = require(data.koffi);
const sgemm = koffi.load(data.library).func(data.prototype);
const start = Number(koffi.address(new Uint8Array(memory.buffer)));
return (transposeA, transposeB, m, n, k, a, lda, b, ldb, c, ldc) => {
  sgemm(${CBLAS.rowMajor}, transposeA, transposeB, m, n, k, 1, start + a, lda, start + b, ldb, 0, start + c, ldc);
};
`;

/**
 * cblas_sgemm as a kernel of (transposeA, transposeB, m, n, k, a, lda, b, ldb, c, ldc).
 *
 * @param file that workers load koffi from; without it they take no part
 */
export function sgemmKernel({ sgemm, library, prototype }: Blas, koffi: Koffi, file: string | undefined): NativeKernel {
  return {
    here: (memory) => {
      let [buffer, start] = [memory.buffer, addressOf(koffi, memory.buffer)];
      return (transposeA = 0, transposeB = 0, m = 0, n = 0, k = 0, a = 0, lda = 0, b = 0, ldb = 0, c = 0, ldc = 0) => {
        // a memory that is not shared may lie elsewhere once it has grown
        if (buffer !== memory.buffer) [buffer, start] = [memory.buffer, addressOf(koffi, memory.buffer)];
        sgemm(CBLAS.rowMajor, transposeA, transposeB, m, n, k, 1, start + a, lda, start + b, ldb, 0, start + c, ldc);
      };
    },
    ...(file ? { inWorkers: { source: IN_WORKERS, data: { koffi: file, library, prototype } } } : {}),
  };
}

function addressOf(koffi: Koffi, buffer: ArrayBufferLike): number {
  return Number(koffi.address(new Uint8Array(buffer)));
}

/**
 * Computes a product by BLAS, and its epilogue by the wasm kernels. A thin one, where memory sets the pace and an inner
 * size of 0 is legal, is left to the wasm kernels.
 *
 * @param together whether the engine's threads share a product, cut along its longest size, or the library has its own
 */
export function multiplyByBlas(engine: Engine, product: Product, together: boolean): void {
  const { m, n, k } = product;
  if (m <= 1 || n <= 1 || k <= 1) {
    engine.product(product);
    return;
  }
  const isDeep = k >= Math.max(DEEP * m, DEEP * n, 2 * LEAST_DEPTH) && m * n <= LARGEST_IN_DEPTH;
  const inDepth = together && engine.threads > 1 && isDeep;
  multiplyInTurns(engine, product, inDepth ? LONGEST * engine.threads : LONGEST, (slice) => {
    if (inDepth) multiplyInDepth(engine, slice, engine.threads);
    else multiplyInBreadth(engine, slice, together);
  });
  finish(engine, product);
}

/** A product over a range of the inner index, and how long the rows of A and B are. */
interface Slice extends Product {
  readonly lda: number;
  readonly ldb: number;
}

/** The inner index in slices of at most `longest`, whose results are added in float64. */
function multiplyInTurns(engine: Engine, product: Product, longest: number, multiply: (slice: Slice) => void): void {
  const { m, n, k, c, transposeA, transposeB } = product;
  const rows = { lda: transposeA ? m : k, ldb: transposeB ? k : n };
  const turns = Math.ceil(k / longest);
  engine.memory.lend(turns > 1 ? 8 * m * n : 0, (totals) => {
    for (let turn = 0; turn < turns; turn++) {
      const [from, to] = [Math.floor((turn * k) / turns), Math.floor(((turn + 1) * k) / turns)];
      multiply({ ...product, ...rows, ...startsAt({ ...product, ...rows }, from), k: to - from });
      if (turns > 1) engine.addToTotals(c, totals, m * n, turn === 0, turn === turns - 1);
    }
  });
}

/** Where the operands begin from an inner index on. */
function startsAt({ a, b, lda, ldb, transposeA, transposeB }: Slice, index: number): { a: Address; b: Address } {
  return { a: a + 4 * index * (transposeA ? lda : 1), b: b + 4 * index * (transposeB ? 1 : ldb) };
}

/** How the operands are stored, as CBLAS has it. */
function modesOf({ transposeA, transposeB }: Product): number[] {
  return [transposeA, transposeB].map((is) => (is ? CBLAS.transposed : CBLAS.asIs));
}

/**
 * Each thread takes its share of the inner size, and the results are added. In training, the rows of a weight that a
 * thread reads so are those that it has updated: those of another core take far longer to read than to compute with.
 */
function multiplyInDepth(engine: Engine, slice: Slice, threads: number): void {
  const { c, m, n, k, lda, ldb } = slice;
  const size = 4 * m * n;
  engine.memory.lend(size * (threads - 1), (others) => {
    let parts = 0;
    engine.split("native", k, Math.max(LEAST_DEPTH, Math.floor(k / threads)), 4, (from, to) => {
      const out = parts++ === 0 ? c : others + size * (parts - 2);
      const { a, b } = startsAt(slice, from);
      return [...modesOf(slice), m, n, to - from, a, lda, b, ldb, out, n];
    });
    const shape = [m, n];
    for (let i = 1; i < parts; i++) engine.binary("add", c, shape, others + size * (i - 1), shape, c, shape);
  });
}

/** Rows or columns of the result are shared out, by which there are more of. */
function multiplyInBreadth(engine: Engine, slice: Slice, together: boolean): void {
  const { a, b, c, m, n, k, lda, ldb, transposeA, transposeB } = slice;
  const modes = modesOf(slice);
  const byRows = m >= n;
  const [length, other] = byRows ? [m, n] : [n, m];
  // from one row of A, or column of B, to the next
  const [stepA, stepB] = [transposeA ? 1 : lda, transposeB ? ldb : 1];
  // a part for each thread there will be: BLAS packs the operand that is not cut once for each part
  const share = Math.floor(length / engine.wantedThreads);
  const grain = together ? Math.max(LEAST, share, Math.ceil(GRAIN / (other * k))) : length + 1;
  engine.split("native", length, grain, 4, (from, to) => {
    const part = to - from;
    return byRows
      ? [...modes, part, n, k, a + 4 * from * stepA, lda, b, ldb, c + 4 * from * n, n]
      : [...modes, m, part, k, a, lda, b + 4 * from * stepB, ldb, c + 4 * from, n];
  });
}
