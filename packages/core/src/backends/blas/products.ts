// Products by cblas_sgemm, on views of the memory that the wasm kernels compute in.

import type { Engine } from "../wasm/engine.js";
import { finish, type Product } from "../wasm/products.js";
import { type Blas, CBLAS } from "./library.js";

/**
 * Computes a product by BLAS, and its epilogue by the wasm kernels. A thin one, where memory sets the pace and an inner
 * size of 0 is legal, is left to the wasm kernels.
 */
export function multiplyByBlas({ sgemm }: Blas, engine: Engine, product: Product): void {
  const { a, b, c, m, n, k, transposeA, transposeB } = product;
  if (m <= 1 || n <= 1 || k <= 1) {
    engine.product(product);
    return;
  }
  const { rowMajor, asIs, transposed } = CBLAS;
  // The views are new for each product: after a growth of the memory, old ones may lead to address 0.
  sgemm(
    ...([rowMajor, transposeA ? transposed : asIs, transposeB ? transposed : asIs, m, n, k, 1] as const),
    ...([engine.floats(a, m * k), transposeA ? m : k] as const),
    ...([engine.floats(b, k * n), transposeB ? k : n] as const),
    ...([0, engine.floats(c, m * n), n] as const),
  );
  finish(engine, product);
}
