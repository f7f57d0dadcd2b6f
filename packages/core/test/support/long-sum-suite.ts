// What every backend is asked about sums of many terms: that their error does not grow with the number of terms beyond
// what the contract of backends says.

import type { Backend, BackendBuffer, ConvolutionSpec, MatmulSpec } from "@adjoint/core";
import { Random } from "@adjoint/core";
import { describe, expect, it } from "vitest";

/** A sum's terms, and what is known of the error of their sum. */
interface Terms {
  readonly name: string;
  /** Term i of n. */
  readonly at: (i: number) => number;
  /** The largest relative error of a sum of n of them, by how many roundings one term may take part in. */
  readonly bound: (n: number, roundings: number) => number;
}

const noise = new Random(11).fillUniform(new Float32Array(65_537));

/** Below a root of n terms a sum of random ones stays far below its bound: here as much is asked as PyTorch reaches. */
const RANDOM: Terms = {
  name: "random terms",
  at: (i) => noise[(i * 7919) % noise.length] as number,
  bound: (n) => (n > 500_000 ? 3e-6 : 7e-7),
};

/** One after the other, no small term changes the sum: whoever adds so many in a row loses all of them. */
const ONE_LARGE: Terms = {
  name: "a large term and many small ones",
  at: (i) => (i === 0 ? 1 : 2 ** -25),
  bound: (n, roundings) => Math.min(n, roundings) * 2 ** -24,
};

const TERMS = [RANDOM, ONE_LARGE];
const [LONG, LONGER] = [100_003, 1_000_003];

/** Rows and columns of the result, and which operand is transposed: thin products, tiles, and edges of tiles. */
const PRODUCTS = [
  [LONG, 5, 1, true, false],
  [LONG, 1, 19, false, false],
  [LONG, 8, 8, true, false],
  [LONG, 5, 3, false, true],
  [LONG, 2, 9, true, true],
  [LONGER, 1, 1, false, false],
  [LONGER, 1, 2, false, false],
  [LONGER, 3, 2, true, false],
] as const;

/** A shape, and its long axis. */
const REDUCTIONS = [
  [[LONG], 0],
  [[LONG, 3], 0],
  [[LONG, 17], 0],
  [[2, LONG, 5], 1],
  [[3, LONG], 1],
  [[LONGER, 2], 0],
] as const;

const ROUNDINGS_OF_A_DEVICE = (n: number) => 1300 + 3 * Math.sqrt(n);

/** What is asked of a backend. */
interface Asked {
  /** How many roundings a term of n takes part in, at most; as of a device where it is absent. */
  readonly roundings?: ((n: number) => number) | undefined;
  /** Fewer sizes, where a program plays the device. */
  readonly few?: boolean;
}

/** Tests of a backend that is called `name`. */
export function describeLongSums(
  name: string,
  backendOf: () => Backend,
  { roundings = ROUNDINGS_OF_A_DEVICE, few = false }: Asked = {},
): void {
  /** Expects all results to be near a sum of n terms, each of which is in it `times` times. */
  const expectSums = async (result: BackendBuffer, terms: Terms, n: number) => {
    const expected = total(terms, n);
    const values = Float32Array.from(await backendOf().read(result));
    backendOf().free(result);
    const worst = values.reduce((most, value) => Math.max(most, Math.abs(value - expected) / expected), 0);
    expect(values.every((value) => Number.isFinite(value))).toBe(true);
    expect(worst).toBeLessThanOrEqual(terms.bound(n, roundings(n)));
  };

  describe.each(TERMS.map((terms) => [terms.name, terms] as const))(`${name}: sums of %s`, (_, terms) => {
    it.each(few ? PRODUCTS.slice(0, 3) : PRODUCTS)(
      "%i in a product with %i × %i results, transposed: %s, %s",
      async (k, m, n, ...transposed) => {
        const [transposeA, transposeB] = transposed;
        const spec = { batch: 1, m, n, k, transposeA, transposeB, sharedA: false, sharedB: false };
        await expectSums(multiply(backendOf(), spec, listOf(terms, k)), terms, k);
      },
    );

    it.each(few ? REDUCTIONS.slice(0, 2) : REDUCTIONS)("%j over axis %i", async (shape, axis) => {
      const n = shape[axis] as number;
      const [outer, inner] = [shape.slice(0, axis), shape.slice(axis + 1)].map(sizeOf) as [number, number];
      const buffer = backendOf().upload(repeated(listOf(terms, n), outer, inner));
      await expectSums(backendOf().reduce("sum", { buffer, shape }, [axis]), terms, n);
      backendOf().free(buffer);
    });

    it("one row of a gradient, to which all are sent but every eleventh", async () => {
      const rowSize = 3;
      const indices = Int32Array.from({ length: LONG }, (_, i) => (i % 11 === 0 ? 0 : 4));
      const values = new Float32Array(LONG * rowSize);
      let n = 0;
      indices.forEach((row, i) => {
        if (row === 4) values.fill(terms.at(n++), i * rowSize, (i + 1) * rowSize);
      });
      const buffer = backendOf().upload(values);
      const sums = backendOf().scatterRows(buffer, indices, 6, rowSize);
      const others = backendOf().copy(sums, { shape: [4 * rowSize], strides: [1], offset: 0 });
      await expectSums(backendOf().copy(sums, { shape: [rowSize], strides: [1], offset: 4 * rowSize }), terms, n);
      expect((await backendOf().read(others)).every((value) => value === 0)).toBe(true);
      for (const each of [buffer, sums, others]) backendOf().free(each);
    });
  });
}

/** Tests of a backend's own gradients of a convolution's kernel, for many images and in both ways of computing it. */
export function describeLongConvolutions(name: string, backendOf: () => Backend, roundings: number): void {
  const [sides, fast] = [
    { input: [40, 30], kernel: [2, 1], channels: 1, batch: 256 },
    { input: [32, 32], kernel: [3, 3], channels: 16, batch: 96 },
  ] as const;
  it.each([sides, fast])(`${name}: the gradient of a kernel over $batch images of $input`, async (sizes) => {
    const { input, kernel, channels, batch } = sizes;
    const backend = backendOf();
    const output = [input[0] - kernel[0] + 1, input[1] - kernel[1] + 1] as const;
    const pair = [1, 1] as const;
    const window = { input, output, kernel, stride: pair, dilation: pair, before: [0, 0] as const };
    const spec: ConvolutionSpec = { ...window, batch, inChannels: channels, outChannels: channels };
    const n = batch * output[0] * output[1];
    const x = backend.fill("float32", batch * input[0] * input[1] * channels, 1);
    // a large image, then small ones: each as many times as there are positions in it
    const each = output[0] * output[1];
    const at = (i: number) => (i < each ? 1 : 2 ** -25 * (1 + (i % 3)));
    const y = backend.upload(Float32Array.from({ length: n * channels }, (_, i) => at(Math.floor(i / channels))));
    const values = Float32Array.from(await backend.read(backend.convolveKernel?.(x, y, spec) as BackendBuffer));
    let expected = 0;
    for (let i = 0; i < n; i++) expected += at(i);
    const worst = values.reduce((most, value) => Math.max(most, Math.abs(value - expected) / expected), 0);
    expect(worst).toBeLessThanOrEqual(roundings * 2 ** -24);
    expect(values).toHaveLength(kernel[0] * kernel[1] * channels * channels);
  });
}

/** A product whose every cell is the sum of the terms. */
function multiply(backend: Backend, spec: MatmulSpec, terms: Float32Array): BackendBuffer {
  const { m, n, k, transposeB } = spec;
  const a = backend.fill("float32", m * k, 1);
  const b = backend.upload(transposeB ? repeated(terms, n, 1) : repeated(terms, 1, n));
  const product = backend.matmul(a, b, spec);
  backend.free(a);
  backend.free(b);
  return product;
}

/** [terms] repeated to [outer, terms, inner]. */
function repeated(terms: Float32Array, outer: number, inner: number): Float32Array {
  const all = new Float32Array(outer * terms.length * inner);
  for (let i = 0; i < all.length; i++) all[i] = terms[Math.floor(i / inner) % terms.length] as number;
  return all;
}

function listOf({ at }: Terms, n: number): Float32Array {
  const list = new Float32Array(n);
  for (let i = 0; i < n; i++) list[i] = at(i);
  return list;
}

function total(terms: Terms, n: number): number {
  let sum = 0;
  for (const term of listOf(terms, n)) sum += term;
  return sum;
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((size, extent) => size * extent, 1);
}
