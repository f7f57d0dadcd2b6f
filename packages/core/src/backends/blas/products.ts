// Products by cblas_sgemm on the memory that the wasm kernels compute in, by one thread or by all of the engine's.

import type { Engine, NativeKernel } from "../wasm/engine.js";
import { finish, type Product } from "../wasm/products.js";
import { type Blas, CBLAS } from "./library.js";

/** So many multiplications are worth another thread. */
const GRAIN = 524_288;
/** A BLAS packs its operands for each call: with fewer rows or columns in it, that shows. */
const LEAST = 64;
/** It packs the operand that is not cut once for each part: with more of them, products of 128×784 take a third longer. */
const PARTS_A_THREAD = 2;

/** What a worker runs: koffi and the library once more, in its thread; the addresses are those of the same memory. */
const IN_WORKERS = `
const koffi = require(data.koffi);
const sgemm = koffi.load(data.library).func(data.prototype);
const start = koffi.address(new Uint8Array(memory.buffer));
const at = (address) => start + BigInt(address);
return (transposeA, transposeB, m, n, k, a, lda, b, ldb, c, ldc) => {
  sgemm(${CBLAS.rowMajor}, transposeA, transposeB, m, n, k, 1, at(a), lda, at(b), ldb, 0, at(c), ldc);
};
`;

/**
 * cblas_sgemm as a kernel of (transposeA, transposeB, m, n, k, a, lda, b, ldb, c, ldc).
 *
 * @param koffi the file that workers load koffi from; without it they take no part
 */
export function sgemmKernel({ sgemm, library, prototype }: Blas, koffi: string | undefined): NativeKernel {
  return {
    // The views are new for each product: after a growth of the memory, old ones may lead to address 0.
    here:
      (memory) =>
      (...values) => {
        const [transposeA = 0, transposeB = 0, m = 0, n = 0, k = 0, a, lda = 0, b, ldb = 0, c, ldc = 0] = values;
        const [x, y, out] = [a, b, c].map((at) => new Float32Array(memory.buffer, at)) as [Floats, Floats, Floats];
        sgemm(CBLAS.rowMajor, transposeA, transposeB, m, n, k, 1, x, lda, y, ldb, 0, out, ldc);
      },
    ...(koffi ? { inWorkers: { source: IN_WORKERS, data: { koffi, library, prototype } } } : {}),
  };
}

type Floats = Float32Array<ArrayBuffer>;

/**
 * Computes a product by BLAS, and its epilogue by the wasm kernels. A thin one, where memory sets the pace and an inner
 * size of 0 is legal, is left to the wasm kernels.
 *
 * @param together whether the engine's threads share a product, cut along its longer side, or the library has its own
 */
export function multiplyByBlas(engine: Engine, product: Product, together: boolean): void {
  const { a, b, c, m, n, k } = product;
  if (m <= 1 || n <= 1 || k <= 1) {
    engine.product(product);
    return;
  }
  const byRows = m >= n;
  const [length, other] = byRows ? [m, n] : [n, m];
  const [lda, ldb] = [product.transposeA ? m : k, product.transposeB ? k : n];
  // from one row of A, or column of B, to the next
  const [stepA, stepB] = [product.transposeA ? 1 : k, product.transposeB ? k : 1];
  const modes = [product.transposeA, product.transposeB].map((is) => (is ? CBLAS.transposed : CBLAS.asIs));
  const share = Math.floor(length / (PARTS_A_THREAD * engine.threads));
  const grain = together ? Math.max(LEAST, share, Math.ceil(GRAIN / (other * k))) : length + 1;
  engine.split("native", length, grain, 4, (from, to) => {
    const part = to - from;
    return byRows
      ? [...modes, part, n, k, a + 4 * from * stepA, lda, b, ldb, c + 4 * from * n, n]
      : [...modes, m, part, k, a, lda, b + 4 * from * stepB, ldb, c + 4 * from, n];
  });
  finish(engine, product);
}
