// Products by cblas_sgemm, on views of the memory that the wasm kernels compute in.

import { NO_ACTIVATION } from "../wasm/codes.js";
import type { Engine } from "../wasm/engine.js";
import type { Product } from "../wasm/products.js";
import { type Blas, CBLAS } from "./library.js";

/** So many elements of bias and activation are worth another thread. */
const EPILOGUE_GRAIN = 8_192;

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

function finish(engine: Engine, { c, m, n, bias = 0, activation = NO_ACTIVATION, parameters = [] }: Product): void {
  if (!bias && activation === NO_ACTIVATION) return;
  const [first = 0, second = 0] = parameters;
  engine.split("epilogue", m, Math.ceil(EPILOGUE_GRAIN / n), 1, (from, to) => {
    return [c + 4 * from * n, to - from, n, bias, activation, first, second];
  });
}
