// The blas backend on this machine's BLAS. Where there is none, its tests are reported as not run, with what is missing.

import fc from "fast-check";
import koffi from "koffi";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Activation, MatmulSpec } from "../../src/backends/backend.js";
import { createBlasBackend } from "../../src/backends/blas/index.js";
import type { WasmBackend } from "../../src/backends/wasm/index.js";
import { BackendError } from "../../src/errors.js";
import { Random } from "../../src/random.js";
import { leaveAllToWorkers, watchWorkers } from "../browser/worker-census.js";
import { runs } from "../support/runs.js";
import {
  operandSizes,
  productCells,
  productOn,
  randomValues,
  runProgram,
  specOf,
  wholeNumbers,
} from "./gpu-support.js";

const sizes = fc.oneof(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 1, max: 40 }));

const specs: fc.Arbitrary<MatmulSpec> = fc.record({
  batch: fc.integer({ min: 1, max: 3 }),
  m: sizes,
  n: sizes,
  k: fc.oneof(sizes, fc.integer({ min: 1, max: 300 })),
  transposeA: fc.boolean(),
  transposeB: fc.boolean(),
  sharedA: fc.boolean(),
  sharedB: fc.boolean(),
});

/** Activations and what they are, none of which is steeper than 1. */
const activations: readonly (readonly [Activation | undefined, (x: number) => number])[] = [
  [undefined, (x) => x],
  [{ name: "tanh", parameters: [] }, Math.tanh],
  [{ name: "leakyRelu", parameters: [0.25] }, (x) => (x < 0 ? 0.25 * x : x)],
];

const missing = await createBlasBackend({ threads: 1 }).then(
  (backend) => backend.dispose(),
  (error: unknown) => {
    // set where a machine without a BLAS is a failure and no reason to leave tests out: in CI
    const required = process.env.ADJOINT_REQUIRE_BLAS === "1";
    if (error instanceof BackendError && !required) return error.message.split("\n", 1)[0];
    throw error;
  },
);
/** How many threads OpenBLAS takes, as it says itself; undefined where another library computes. */
const threadsOfOpenBlas = openBlasCall("int openblas_get_num_threads()");

const why = missing === undefined ? "" : ` (not run: ${missing})`;

describe.skipIf(missing !== undefined).each([
  ["one thread, in memory of its own", 1],
  ["two threads, in shared memory", 2],
] as const)(`blas on %s${why}`, (_, threads) => {
  let backend: WasmBackend;

  beforeAll(async () => {
    backend = await createBlasBackend({ threads });
    await backend.ready();
  });

  afterAll(async () => {
    await backend.dispose();
  });

  it("says whose products they are", () => {
    const info = { name: "blas", products: expect.stringMatching(/./), elementwise: "wasm simd", threads };
    expect([backend.info(), backend.name]).toEqual([info, "blas"]);
    expect(backend.info().products).not.toContain("wasm");
  });

  it("agrees with float64 over random shapes, flags, biases and activations", async () => {
    const property = fc.asyncProperty(
      ...[specs, fc.boolean(), fc.constantFrom(...activations), fc.integer({ min: 0 })],
      async (spec: MatmulSpec, withBias: boolean, [activation, apply]: (typeof activations)[number], seed: number) => {
        const random = new Random(seed);
        const [a, b] = operandSizes(spec).map((size) => randomValues(random, size)) as [Float32Array, Float32Array];
        const bias = randomValues(random, spec.n);
        const product = await productOn(backend, a, b, spec, {
          ...(withBias ? { bias: backend.upload(bias) } : {}),
          ...(activation ? { activation } : {}),
        });
        const cells = productCells(a, b, spec);
        expect(product).toHaveLength(cells.length);
        const wrong = cells.findIndex(({ value, scale }, i) => {
          const expected = apply(value + (withBias ? (bias[i % spec.n] as number) : 0));
          // the product's own error, and a rounding each for the bias and the activation
          const bound = 4 * Math.sqrt(spec.k) * 2 ** -24 * scale + 2 ** -21;
          return !(Math.abs((product[i] as number) - expected) <= bound);
        });
        expect(wrong).toBe(-1);
      },
    );
    await fc.assert(property, runs(5));
  });

  it.each([
    [false, false],
    [false, true],
    [true, false],
    [true, true],
  ])("is exact where the result is, at a size worth threads (transposed: %s, %s)", async (transposeA, transposeB) => {
    // cut by columns, by rows, and along the inner size
    for (const [m, k, n] of [
      [129, 257, 131],
      [131, 257, 129],
      [66, 1031, 65],
    ] as const) {
      const spec = specOf(m, k, n, { transposeA, transposeB });
      const [a, b] = operandSizes(spec).map((length, i) => wholeNumbers(length, i)) as [Float32Array, Float32Array];
      // where there is a worker, it computes all: the library's products in its thread
      const takePartAgain = threads > 1 ? leaveAllToWorkers() : () => {};
      const product = await productOn(backend, a, b, spec).finally(takePartAgain);
      const expected = productCells(a, b, spec);
      expect(product).toHaveLength(expected.length);
      expect(product.findIndex((value, i) => value !== expected[i]?.value)).toBe(-1);
    }
  });

  it("gives zeros for an inner size of 0, also in memory that was used before", () => {
    const none = backend.fill("float32", 0, 0);
    backend.free(backend.fill("float32", 6, 7));
    const product = backend.matmul(none, none, specOf(2, 0, 3));
    expect([...backend.readSync(product)]).toEqual([0, 0, 0, 0, 0, 0]);
    const activation = { name: "sigmoid", parameters: [] } as const;
    const followed = backend.matmul(none, none, specOf(2, 0, 3), { bias: backend.fill("float32", 3, 0), activation });
    expect([...backend.readSync(followed)]).toEqual([0.5, 0.5, 0.5, 0.5, 0.5, 0.5]);
  });

  it("computes where the operands lie: a product that is not cut in depth takes its result's memory and no more", () => {
    const [a, b] = [backend.fill("float32", 64 * 64, 1), backend.fill("float32", 64 * 64, 2)];
    const before = backend.memory();
    const product = backend.matmul(a, b, specOf(64, 64, 64));
    const after = backend.memory();
    expect(after.buffers - before.buffers).toBe(1);
    backend.free(product);
    expect(backend.memory()).toEqual({ ...before, pages: after.pages });
  });

  it("goes on in a memory that has grown, also by its own result", () => {
    const spec = specOf(2, 3, 2);
    const a = backend.upload(Float32Array.of(1, 2, 3, 4, 5, 6));
    const b = backend.upload(Float32Array.of(7, 8, 9, 10, 11, 12));
    const products = [backend.matmul(a, b, spec)];
    const { pages } = backend.memory();
    const side = Math.ceil(Math.sqrt(2 * pages * 2 ** 14));
    const [row, column] = [backend.fill("float32", 2 * side, 3), backend.fill("float32", 2 * side, 5)];
    const large = backend.matmul(row, column, specOf(side, 2, side));
    expect(backend.memory().pages).toBeGreaterThan(pages);
    expect(backend.readSync(large).every((value) => value === 30)).toBe(true);
    products.push(backend.matmul(a, b, spec));
    for (const product of products) expect([...backend.readSync(product)]).toEqual([58, 64, 139, 154]);
  });

  it.skipIf(!threadsOfOpenBlas)("keeps OpenBLAS to one thread: its own threads call it", () => {
    expect(threadsOfOpenBlas?.()).toBe(1);
  });

  it("refuses work once it is disposed", async () => {
    const disposed = await createBlasBackend({ threads });
    const buffer = disposed.fill("float32", 4, 1);
    await disposed.dispose();
    expect(() => disposed.matmul(buffer, buffer, specOf(2, 2, 2))).toThrow("blas: the backend was disposed");
  });

  it("lets the process end, disposed or not", async () => {
    const program = `
      import { createBlasBackend } from "./backends/blas/index.js";
      const backend = await createBlasBackend({ threads: ${threads} });
      const x = backend.fill("float32", 300 * 300, 1);
      const plain = { batch: 1, transposeA: false, transposeB: false, sharedA: false, sharedB: false };
      console.log(backend.readSync(backend.matmul(x, x, { ...plain, m: 300, k: 300, n: 300 }))[299]);
      if (process.env.ADJOINT_DISPOSE) await backend.dispose();`;
    for (const source of [program, `process.env.ADJOINT_DISPOSE = "yes"; ${program}`]) {
      expect(await runProgram(source, { reachable: true })).toEqual({ stdout: "300\n", ended: true, code: 0 });
    }
  });
});

describe.skipIf(missing !== undefined)(`blas on more threads${why}`, () => {
  it("starts them for products alone", async () => {
    const census = watchWorkers();
    const backend = await createBlasBackend({ threads: 2 });
    try {
      const a = backend.fill("float32", 256 * 256, 1);
      expect(census.nodeWorkers).toHaveLength(0);
      for (let i = 0; i < 300; i++) backend.free(backend.matmul(a, a, specOf(256, 256, 256)));
      expect(census.nodeWorkers).toHaveLength(1);
    } finally {
      census.stop();
      await backend.dispose();
    }
  });

  it("adds the parts of a product that is cut along its inner size, and then its bias", async () => {
    const backend = await createBlasBackend({ threads: 3 });
    try {
      await backend.ready();
      const spec = specOf(66, 1031, 65);
      const [a, b] = operandSizes(spec).map((length, i) => wholeNumbers(length, i)) as [Float32Array, Float32Array];
      const row = wholeNumbers(spec.n, 2);
      const activation = { name: "leakyRelu", parameters: [0.5] } as const;
      const product = await productOn(backend, a, b, spec, { bias: backend.upload(row), activation });
      const sums = productCells(a, b, spec).map(({ value }, i) => value + (row[i % spec.n] as number));
      expect(product.findIndex((value, i) => value !== (sums[i] as number) * (Number(sums[i]) < 0 ? 0.5 : 1))).toBe(-1);
    } finally {
      await backend.dispose();
    }
  });
});

function openBlasCall(prototype: string): (() => number) | undefined {
  try {
    return koffi.load(process.env.ADJOINT_BLAS || "libopenblas.so.0").func(prototype);
  } catch {
    return undefined;
  }
}
