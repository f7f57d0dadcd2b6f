// A program for a Node process that has relaxed SIMD: a product and a few steps of a GAN with it and without.

import { type Backend, matmul, Random, randomNormal, useBackend } from "@adjoint/core";
import { trainGan } from "./gan-program.js";

const threads = Number(process.argv[2]);
const [m, n, k] = [131, 77, 515];

/** A product on a backend, and its operands. */
function compute(): { a: Float32Array; b: Float32Array; c: Float32Array } {
  const random = new Random(3);
  const [a, b] = [randomNormal([m, k], { random }), randomNormal([k, n], { random })];
  const c = matmul(a, b);
  const [x, y, z] = [a, b, c].map((tensor) => Float32Array.from(tensor.dataSync()));
  return { a: x as Float32Array, b: y as Float32Array, c: z as Float32Array };
}

const norm = (values: readonly number[]) => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));

/** The largest error of a product, in units of √k · 2⁻²⁴ · ‖row‖‖column‖. */
function worstError({ a, b, c }: ReturnType<typeof compute>): number {
  const rows = Array.from({ length: m }, (_, i) => Array.from(a.subarray(i * k, (i + 1) * k)));
  const columns = Array.from({ length: n }, (_, j) => Array.from({ length: k }, (_, p) => b[p * n + j] as number));
  const errors = rows.flatMap((row, i) =>
    columns.map((column, j) => {
      const exact = row.reduce((sum, value, p) => sum + value * (column[p] as number), 0);
      return Math.abs((c[i * n + j] as number) - exact) / (Math.sqrt(k) * 2 ** -24 * norm(row) * norm(column));
    }),
  );
  return Math.max(...errors);
}

async function on<T>(relaxed: boolean, fn: (backend: Backend) => T): Promise<T> {
  const { backend } = await useBackend("wasm", { threads, relaxed });
  try {
    return await fn(backend);
  } finally {
    await backend.dispose();
  }
}

const plain = await on(false, compute);
const { info, relaxed } = await on(true, (backend) => ({ info: backend.info(), relaxed: compute() }));
const last = async (isRelaxed: boolean) => (await trainGan(threads, { relaxed: isRelaxed })).losses[0];
process.stdout.write(
  JSON.stringify({
    name: info.name,
    products: info.products,
    worst: worstError(relaxed),
    differing: relaxed.c.filter((value, i) => value !== plain.c[i]).length,
    loss: await last(true),
    plainLoss: await last(false),
  }),
);
