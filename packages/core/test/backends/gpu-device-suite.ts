// The tests of a mode that not every machine has. One that cannot be had is reported as not run, with what is missing.
// Each has a file, and so a process, of its own: the native parts of two of them do not always bear each other.

import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Backend } from "../../src/backends/backend.js";
import { createGpuBackend, type GpuMode, gpuModes } from "../../src/backends/gpu/index.js";
import { Random } from "../../src/random.js";
import {
  operandSizes,
  productCells,
  productOn,
  randomValues,
  runProgram,
  specOf,
  wholeNumbers,
} from "./gpu-support.js";

/** Describes what holds in a mode on this machine, if it can be had. */
export async function describeDevice(mode: GpuMode): Promise<void> {
  const reports = await gpuModes();
  describe(`mode ${mode}`, () => {
    const { available = false, detail = "unknown" } = reports.find((report) => report.mode === mode) ?? {};
    const why = available ? "" : ` (not run: ${detail})`;
    let backend: Backend;

    beforeAll(async () => {
      if (available) backend = await createGpuBackend(mode);
    });

    afterAll(async () => {
      if (available) await backend.dispose();
    });

    it.skipIf(!available)(`agrees with float64 over random shapes${why}`, async () => {
      const [size, flag] = [fc.integer({ min: 1, max: 20 }), fc.boolean()];
      const specs = fc.record({
        ...{ batch: fc.integer({ min: 1, max: 3 }), m: size, n: size, k: fc.integer({ min: 1, max: 100 }) },
        ...{ transposeA: flag, transposeB: flag, sharedA: flag, sharedB: flag },
      });
      await fc.assert(
        fc.asyncProperty(specs, fc.integer({ min: 0 }), async (spec, seed) => {
          const random = new Random(seed);
          const [a, b] = operandSizes(spec).map((length) => randomValues(random, length)) as [
            Float32Array,
            Float32Array,
          ];
          const product = await productOn(backend, a, b, spec);
          const wrong = productCells(a, b, spec).findIndex(
            ({ value, scale }, i) =>
              !(Math.abs((product[i] as number) - value) <= 4 * Math.sqrt(spec.k) * 2 ** -24 * scale),
          );
          expect(wrong).toBe(-1);
        }),
        { numRuns: 30 },
      );
    });

    it.skipIf(!available)(`computes exactly beyond inner sizes of 1000, in shapes that change${why}`, async () => {
      for (const spec of [specOf(3, 1777, 5), specOf(5, 999, 3, { transposeA: true }), specOf(3, 1777, 5)]) {
        const [a, b] = operandSizes(spec).map((length, i) => wholeNumbers(length, i)) as [Float32Array, Float32Array];
        const product = await productOn(backend, a, b, spec);
        expect([...product]).toEqual(productCells(a, b, spec).map(({ value }) => value));
      }
    });

    it.skipIf(!available)(`reads right cells beyond the index 2²⁴${why}`, async () => {
      for (const transposeB of [false, true]) {
        const spec = specOf(1, 4099, 4099, { transposeB });
        const [a, b] = operandSizes(spec).map((length, i) => wholeNumbers(length, i)) as [Float32Array, Float32Array];
        const product = await productOn(backend, a, b, spec);
        const expected = productCells(a, b, spec);
        expect(product.findIndex((value, i) => value !== expected[i]?.value)).toBe(-1);
      }
    });

    it.skipIf(!available)(`keeps the order of calls and assignments${why}`, async () => {
      const identity = backend.upload(Float32Array.of(1, 0, 0, 1));
      const target = backend.upload(Float32Array.of(1, 2, 3, 4));
      const before = backend.matmul(identity, target, specOf(2, 2, 2));
      const doubled = backend.matmul(backend.upload(Float32Array.of(2, 0, 0, 2)), target, specOf(2, 2, 2));
      backend.assign(target, doubled);
      const after = backend.unary("neg", backend.matmul(identity, target, specOf(2, 2, 2)), []);
      expect([...(await backend.read(after))]).toEqual([-2, -4, -6, -8]);
      expect([...(await backend.read(before))]).toEqual([1, 2, 3, 4]);
    });

    it.skipIf(!available)(`starts again after it was disposed, and beside another${why}`, async () => {
      const [first, second] = [await createGpuBackend(mode), await createGpuBackend(mode)];
      await first.dispose();
      const product = await productOn(second, Float32Array.of(1, 2), Float32Array.of(3, 4), specOf(1, 2, 1));
      expect([...product]).toEqual([11]);
      await second.dispose();
    });

    it.skipIf(!available)(`lets the process end once it is disposed${why}`, async () => {
      const program = `
        import { createGpuBackend } from "./backends/gpu/index.js";
        const backend = await createGpuBackend("${mode}");
        const [a, b] = [backend.upload(Float32Array.of(1, 2)), backend.upload(Float32Array.of(3, 4))];
        const plain = { batch: 1, transposeA: false, transposeB: false, sharedA: false, sharedB: false };
        const product = backend.matmul(a, b, { ...plain, m: 1, k: 2, n: 1 });
        console.log(JSON.stringify([backend.name, backend.synchronous, ...(await backend.read(product))]));
        await backend.dispose();
        console.log(typeof globalThis.navigator?.gpu);`;
      const { stdout, ended, code } = await runProgram(program, { reachable: true });
      expect(stdout).toBe(`["gpu:${mode}",${mode !== "webgpu"},11]\nundefined\n`);
      expect({ ended, code }).toEqual({ ended: true, code: 0 });
    });
  });
}
