// Matrix products at the sizes of the GAN, on every backend.

import { type Backend, type MatmulOptions, matmul, Random, randomNormal, withBackend } from "@adjoint/core";
import { checkAgreement, interleave } from "./harness.js";
import type { Comparison } from "./report.js";

interface ProductSize extends MatmulOptions {
  readonly m: number;
  readonly k: number;
  readonly n: number;
}

/** The products of one GAN iteration, as m × k × n. */
const SIZES: readonly ProductSize[] = [
  { m: 128, k: 100, n: 128 },
  { m: 128, k: 128, n: 784 },
  { m: 128, k: 784, n: 128 },
  { m: 784, k: 128, n: 128, transposeA: true },
  { m: 128, k: 128, n: 784, transposeB: true },
];

/** Compares the backends at each size; the first is what the others are compared with. */
export async function benchmarkProducts(backends: readonly Backend[], rounds: number): Promise<Comparison[]> {
  const comparisons: Comparison[] = [];
  for (const size of SIZES) {
    const { m, k, n, transposeA = false, transposeB = false } = size;
    const runs = backends.map((backend) => ({ name: backend.name, multiply: productOn(backend, size) }));
    const [expected] = runs.map(({ multiply }) => multiply().dataSync());
    for (const { name, multiply } of runs) {
      checkAgreement(`${m}×${k}×${n} on ${name}`, multiply().dataSync(), expected ?? [], 1e-5);
    }
    const candidates = runs.map(({ name, multiply }) => ({ name, run: () => void multiply() }));
    const flags = `${transposeA ? ", first transposed" : ""}${transposeB ? ", second transposed" : ""}`;
    comparisons.push({
      title: `Product ${m}×${k}×${n}${flags}`,
      operations: 2 * m * k * n,
      measurements: await interleave(candidates, { rounds }),
    });
  }
  return comparisons;
}

function productOn(backend: Backend, { m, k, n, transposeA = false, transposeB = false }: ProductSize) {
  return withBackend(backend, () => {
    const random = new Random(1);
    const a = randomNormal(transposeA ? [k, m] : [m, k], { random });
    const b = randomNormal(transposeB ? [n, k] : [k, n], { random });
    return () => matmul(a, b, { transposeA, transposeB });
  });
}
