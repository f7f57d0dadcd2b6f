// Sums of many terms on all backends that Node has, and what only the CPU backends are asked.

import {
  type Backend,
  type BackendBuffer,
  gather,
  gradients,
  linear,
  ones,
  scope,
  sum,
  withBackend,
  zeros,
} from "@adjoint/core";
import { afterAll, describe, expect, it } from "vitest";
import { startBackends } from "./support/backends.js";
import { describeLongConvolutions, describeLongSums } from "./support/long-sum-suite.js";

const { available, missing } = await startBackends();

afterAll(async () => {
  for (const { name, backend } of available) if (name !== "reference") await backend.dispose();
});

/** How many roundings a term takes part in on a CPU; on a device, as the suite has it. */
const ROUNDINGS: Readonly<Record<string, number>> = { wasm: 1300, blas: 4200, reference: 1 };

for (const { name, reason } of missing) it.skip(`${name}: sums of many terms (not run: ${reason})`);

for (const { name, backend } of available) {
  const roundings = ROUNDINGS[name];
  describeLongSums(name, () => backend, { roundings: roundings === undefined ? undefined : () => roundings });
  if (backend.convolveKernel) describeLongConvolutions(name, () => backend, 2 * (roundings as number));
}

// 2²⁴ + 2²¹: whoever adds so many ones in float32, one after the other, stops at 2²⁴
const ROWS = 2 ** 24 + 2 ** 21;
const wasm = available.find(({ name }) => name === "wasm")?.backend as Backend;

describe(`${ROWS} rows on wasm`, () => {
  it("are counted by the gradients of a bias and of a kernel", () => {
    const found = withBackend(wasm, () =>
      scope(() => {
        const [kernel, bias] = [ones([1, 1], { requiresGradient: true }), zeros([1], { requiresGradient: true })];
        return gradients(sum(linear(ones([ROWS, 1]), kernel, bias)), [kernel, bias]).map((x) => x.itemSync());
      }),
    );
    expect(found).toEqual([ROWS, ROWS]);
  });

  it("are counted by the gradient of what was taken so often", () => {
    const found = withBackend(wasm, () =>
      scope(() => {
        const table = ones([3, 1], { requiresGradient: true });
        const [gradient] = gradients(sum(gather(table, new Int32Array(ROWS).fill(1))), [table]);
        return gradient?.dataSync();
      }),
    );
    expect(found).toEqual(Float32Array.of(0, ROWS, 0));
  });

  it("are summed along every axis", () => {
    const x = wasm.fill("float32", ROWS, 1);
    const shapes = [
      [[ROWS], 0],
      [[ROWS / 2, 2], 0],
      [[ROWS / 2, 2], 1],
      [[2, ROWS / 2], 1],
    ] as const;
    for (const [shape, axis] of shapes) {
      const sums = wasm.readSync(wasm.reduce("sum", { buffer: x, shape }, [axis]));
      expect(sums.every((value) => value === shape[axis])).toBe(true);
    }
    wasm.free(x);
  });
});

// a part of these is half of what float32 can add to 1: only a total in float64 has them
const MANY = 4_000_000;
const halfOfUnit = (part: number) => ({ small: 2 ** -25 / part, expected: 1 + ((MANY - 1) * 2 ** -25) / part });

describe(`${MANY} terms on wasm, of which whole parts are too small for float32`, () => {
  /** Each row twice: 1, and then the small number. */
  const upload = (small: number) => wasm.upload(new Float32Array(2 * MANY).fill(1, 0, 2).fill(small, 2));
  const expectSums = (result: BackendBuffer, expected: number) => {
    const bound = 1300 * 2 ** -24;
    expect(expected - 1).toBeGreaterThan(bound);
    for (const value of wasm.readSync(result)) expect(Math.abs(value - expected)).toBeLessThanOrEqual(bound * expected);
    wasm.free(result);
  };

  it.each([1, 2])("come up in a product of %i rows", (m) => {
    const { small, expected } = halfOfUnit(1024);
    const [a, b] = [wasm.fill("float32", m * MANY, 1), upload(small)];
    const spec = { batch: 1, m, n: 2, k: MANY, transposeA: false, transposeB: false, sharedA: false, sharedB: false };
    expectSums(wasm.matmul(a, b, spec), expected);
    for (const buffer of [a, b]) wasm.free(buffer);
  });

  it("come up in the sums of columns", () => {
    const { small, expected } = halfOfUnit(256);
    const buffer = upload(small);
    expectSums(wasm.reduce("sum", { buffer, shape: [MANY, 2] }, [0]), expected);
    wasm.free(buffer);
  });
});
