// What gpu.js gets wrong where one lets it: each of its hazards that can be shown without a GPU, in the modes that
// every machine has. Operands are whole numbers, so products are exact and compared exactly.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Backend, MatmulSpec } from "../../src/backends/backend.js";
import { createGpuBackend } from "../../src/backends/gpu/index.js";
import { ReferenceBackend } from "../../src/backends/reference/index.js";
import { BackendError, DTypeError, ShapeError } from "../../src/errors.js";
import { MODES, operandSizes, productOn, specOf, wholeNumbers } from "./gpu-support.js";

/** Just above 4096: its square is more than 2²⁴, from where on a float32 skips whole numbers. */
const WIDE = 4099;

const reference = new ReferenceBackend();

async function expectExact(backend: Backend, spec: MatmulSpec): Promise<void> {
  const [aSize, bSize] = operandSizes(spec);
  const [a, b] = [wholeNumbers(aSize, 1), wholeNumbers(bSize, 2)];
  const product = await productOn(backend, a, b, spec);
  const expected = await productOn(reference, a, b, spec);
  // far quicker than toEqual on long arrays
  expect(product.length).toBe(expected.length);
  expect(product.findIndex((value, i) => value !== expected[i])).toBe(-1);
}

describe.each(MODES)("in mode %s", (mode) => {
  let backend: Backend;

  beforeAll(async () => {
    backend = await createGpuBackend(mode);
  });

  afterAll(async () => {
    await backend.dispose();
  });

  it.each([specOf(3, 1777, 5), specOf(5, 2503, 2, { transposeA: true }), specOf(2, 4001, 9, { transposeB: true })])(
    "adds up all of an inner size above 1000: %o",
    async (spec) => {
      await expectExact(backend, spec);
    },
  );

  it.each([
    specOf(1, WIDE, WIDE),
    specOf(1, WIDE, WIDE, { transposeB: true }),
    specOf(WIDE, WIDE, 1),
    specOf(WIDE, WIDE, 1, { transposeA: true }),
    specOf(1, 1, WIDE + 1, { batch: WIDE, sharedA: true }),
  ])("reads and writes right cells beyond the index 2²⁴: %o", async (spec) => {
    await expectExact(backend, spec);
  });

  it("reads right cells beyond the index 2²⁴ where it repeats, turns over and sums up", async () => {
    const values = wholeNumbers(WIDE * WIDE, 9);
    const row = wholeNumbers(WIDE, 10);
    const square = [WIDE, WIDE];
    const on = async (owner: Backend) => {
      const x = owner.upload(values);
      const repeated = owner.binary(
        "add",
        { buffer: x, shape: square },
        { buffer: owner.upload(row), shape: [WIDE] },
        square,
      );
      const column = owner.binary(
        "mul",
        { buffer: repeated, shape: square },
        { buffer: x, shape: [1, ...square] },
        square,
      );
      const turned = owner.copy(column, { shape: square, strides: [1, WIDE], offset: 0 });
      const sums = [[0], [1], [0, 1]].map((axes) => owner.reduce("sum", { buffer: turned, shape: square }, axes));
      const largest = owner.reduce("argMax", { buffer: column, shape: square }, [0]);
      const ends = owner.copy(turned, { shape: [40, 2], strides: [1, WIDE], offset: WIDE * WIDE - WIDE - 40 });
      return Promise.all([...sums, largest, ends].map((buffer) => owner.read(buffer)));
    };
    const [actual, expected] = [await on(backend), await on(reference)];
    const wrong = actual.map((got, i) => got.findIndex((value, j) => value !== expected[i]?.[j]));
    expect(wrong).toEqual([-1, -1, -1, -1, -1]);
  });

  it("refuses to go one by one over more elements than a float32 counts to", () => {
    const long = backend.fill("float32", 2 ** 24 + 1, 1);
    expect(() => backend.reduce("argMax", { buffer: long, shape: [2 ** 24 + 1] }, [0])).toThrow(
      "more than 2^24 elements cannot be counted in this mode: 16777217",
    );
  });

  it("computes a shorter product after a longer one, and the longer one again", async () => {
    for (const k of [100, 99, 7, 100]) await expectExact(backend, specOf(6, k, 5));
    for (const m of [12, 11, 3, 12]) await expectExact(backend, specOf(m, 10, 5));
    for (const n of [12, 11, 3, 12]) await expectExact(backend, specOf(6, 10, n));
  });

  it("computes with an array of the same size in another shape", async () => {
    const specs = [specOf(6, 20, 5), specOf(12, 10, 10), specOf(10, 12, 8, { transposeA: true }), specOf(40, 3, 33)];
    for (const spec of specs) await expectExact(backend, spec);
    // one and the same buffer, three shapes
    const buffer = backend.upload(wholeNumbers(36, 3));
    const row = reference.upload(wholeNumbers(36, 3));
    for (const spec of [specOf(6, 6, 6), specOf(4, 9, 4), specOf(12, 3, 12), specOf(2, 18, 2), specOf(36, 1, 36)]) {
      const product = await backend.read(backend.matmul(buffer, buffer, spec));
      expect([...product]).toEqual([...reference.readSync(reference.matmul(row, row, spec))]);
    }
  });

  it("refuses operands of another length than the product's", () => {
    const six = backend.upload(new Float32Array(6));
    const five = backend.upload(new Float32Array(5));
    const seven = backend.upload(new Float32Array(7));
    for (const spec of [specOf(2, 3, 2), specOf(2, 3, 2, { transposeA: true, transposeB: true })]) {
      for (const [a, b] of [
        [five, six],
        [seven, six],
        [six, five],
        [six, seven],
      ] as const) {
        expect(() => backend.matmul(a, b, spec)).toThrow(ShapeError);
      }
      expect(() => backend.matmul(six, six, spec)).not.toThrow();
    }
    expect(() => backend.matmul(five, six, specOf(2, 3, 2))).toThrow(
      `gpu:${mode}: matmul 1×2×3×2 takes 6 and 6 values, got 5 and 6`,
    );
  });

  it("hands NaN and the infinities on as IEEE 754 says, and to no neighbour", async () => {
    const spec = specOf(5, 6, 7);
    const a = wholeNumbers(30, 4);
    const b = wholeNumbers(42, 5);
    a[3] = Number.NaN;
    a[6 + 1] = Infinity;
    a[2 * 6 + 5] = -Infinity;
    // 3e38 · 10 overflows
    a.set([3e38, 0, 0, 0, 0, 0], 4 * 6);
    b.set([10, -10, 0, 1, Number.NaN, Infinity, -0], 0);
    const product = await productOn(backend, a, b, spec);
    expect([...product]).toEqual([...(await productOn(reference, a, b, spec))]);
    expect([...product.subarray(0, 7)]).toEqual(new Array(7).fill(Number.NaN));
    expect([...product.subarray(28)]).toEqual([Infinity, -Infinity, 0, Math.fround(3e38), Number.NaN, Infinity, 0]);
    expect(product.subarray(21, 28).filter(Number.isFinite).length).toBeGreaterThan(0);
  });

  it("applies tanh and sigmoid to numbers as large as they come", async () => {
    const column = Float32Array.of(0, 100, -100, 1e30, -1e30, Infinity, -Infinity, Number.NaN);
    const one = Float32Array.of(1);
    const after = (name: "tanh" | "sigmoid") =>
      productOn(backend, column, one, specOf(8, 1, 1), { activation: { name, parameters: [] } });
    expect([...(await after("tanh"))]).toEqual([0, 1, -1, 1, -1, 1, -1, Number.NaN]);
    const [zero, ...rest] = await after("sigmoid");
    expect(zero).toBe(0.5);
    expect(rest[0]).toBe(1);
    expect(rest[1]).toBeCloseTo(0, 30);
    expect(rest.slice(2)).toEqual([1, 0, 1, 0, Number.NaN]);
  });

  it("gives results of their own, and leaves the operands as they are", async () => {
    const spec = specOf(8, 4, 8);
    const [a, b] = [wholeNumbers(32, 6), wholeNumbers(32, 7)];
    const [left, right] = [backend.upload(a), backend.upload(b)];
    const first = backend.matmul(left, right, spec);
    const before = [...backend.readSync(first)];
    const second = backend.matmul(right, left, spec);
    expect([...backend.readSync(first)]).toEqual(before);
    expect([...backend.readSync(second)]).not.toEqual(before);
    expect([...backend.readSync(left)]).toEqual([...a]);
    expect([...backend.readSync(right)]).toEqual([...b]);
    // what is read belongs to the reader
    backend.readSync(first).fill(9);
    expect([...backend.readSync(first)]).toEqual(before);
  });

  it("keeps what was uploaded when the caller changes its array, and what was computed before an assignment", () => {
    const data = wholeNumbers(16, 8);
    const buffer = backend.upload(data);
    const kept = [...data];
    data.fill(7);
    expect([...backend.readSync(buffer)]).toEqual(kept);
    const product = backend.matmul(buffer, buffer, specOf(4, 4, 4));
    const values = [...backend.readSync(product)];
    backend.assign(buffer, backend.upload(data));
    expect([...backend.readSync(buffer)]).toEqual([...data]);
    expect([...backend.readSync(product)]).toEqual(values);
  });

  it("refuses float64, and buffers of others or given back", async () => {
    expect(() => backend.upload(new Float64Array(1))).toThrow(DTypeError);
    expect(() => backend.fill("float64", 1, 0)).toThrow(DTypeError);
    expect(() => backend.assemble("float64", 1, [])).toThrow(DTypeError);
    const foreign = reference.upload(new Float32Array(1));
    expect(() => backend.unary("exp", foreign, [])).toThrow("was handed a buffer of another backend");
    const other = await createGpuBackend(mode);
    const others = other.upload(new Float32Array(1));
    await other.dispose();
    expect(() => backend.unary("exp", others, [])).toThrow("was handed a buffer of another backend");
    const own = backend.upload(new Float32Array(1));
    backend.free(own);
    expect(() => backend.readSync(own)).toThrow("was handed a buffer that was given back");
  });

  it("refuses everything once it is disposed, and is disposed once", async () => {
    const other = await createGpuBackend(mode);
    const buffer = other.upload(new Float32Array(4));
    other.matmul(buffer, buffer, specOf(2, 2, 2));
    expect(other.disposed).toBe(false);
    await Promise.all([other.dispose(), other.dispose()]);
    expect(other.disposed).toBe(true);
    const problem = `gpu:${mode}: the backend was disposed`;
    expect(() => other.matmul(buffer, buffer, specOf(2, 2, 2))).toThrow(problem);
    expect(() => other.upload(new Float32Array(4))).toThrow(BackendError);
    expect(() => other.fill("float32", 4, 0)).toThrow(BackendError);
    expect(() => other.unary("exp", buffer, [])).toThrow(BackendError);
    expect(() => other.readSync(buffer)).toThrow(BackendError);
    await expect(other.read(buffer)).rejects.toThrow(problem);
    expect(() => other.free(buffer)).not.toThrow();
  });
});

describe("in mode webasm", () => {
  it("refuses an inner size that its loops cannot count", async () => {
    const backend = await createGpuBackend("webasm");
    const long = backend.fill("float32", 2 ** 24 + 1, 1);
    expect(() => backend.matmul(long, long, specOf(1, 2 ** 24 + 1, 1))).toThrow("an inner size above 2^24");
    await backend.dispose();
  });
});
