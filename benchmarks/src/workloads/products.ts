// Matrix products at the sizes of the GAN, and larger ones.

import { Random } from "@adjoint/core";
import type { Contestant } from "../contestants/contestant.js";
import type { ProductTask } from "../contestants/protocol.js";
import type { InterleaveOptions } from "../harness.js";
import type { Comparison } from "../report.js";
import { compare } from "./compare.js";

type Size = Pick<ProductTask, "m" | "k" | "n"> & { readonly transposeA?: boolean };

const SIZES: readonly Size[] = [
  { m: 128, k: 784, n: 128 },
  { m: 128, k: 128, n: 784 },
  { m: 784, k: 128, n: 128, transposeA: true },
  { m: 128, k: 100, n: 128 },
  { m: 512, k: 512, n: 512 },
  { m: 1024, k: 1024, n: 1024 },
];

/** Sums of as many terms as a product's inner size, in float32, in any order. */
const TOLERANCE = 1e-5;

/** One comparison for each size, as it is done. */
export async function* benchmarkProducts(
  contestants: readonly Contestant[],
  options: InterleaveOptions,
): AsyncGenerator<Comparison> {
  for (const { m, k, n, transposeA = false } of SIZES) {
    const random = new Random(1);
    const a = random.fillNormal(new Float32Array(m * k));
    const b = random.fillNormal(new Float32Array(k * n));
    const work = {
      title: `Product ${m}×${k}×${n}${transposeA ? ", first transposed" : ""}`,
      task: { kind: "product", m, k, n, transposeA, a, b } as const,
      tolerance: TOLERANCE,
      operations: 2 * m * k * n,
    };
    yield await compare(contestants, work, options);
  }
}
