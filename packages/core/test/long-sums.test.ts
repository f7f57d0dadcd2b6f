// Sums of many terms on all backends that Node has, and what only the CPU backends are asked.

import { type Backend, gather, gradients, linear, ones, scope, sum, withBackend, zeros } from "@adjoint/core";
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
