// What is asked of a mode of the gpu backend beside the contract's values: the GAN trains as it does on the reference
// backend, nothing leaks, and a device that is gone is told of.

import { type Backend, BackendError, ReferenceBackend } from "@adjoint/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AdamValues } from "../../src/backends/backend.js";
import { describeBackend, type Examination } from "../support/backend-suite.js";
import { describeLongSums } from "../support/long-sum-suite.js";
import { LONG } from "../support/runs.js";
import { createGan, lossesOf } from "./gan.js";
import type { ModeUnderTest } from "./mode.js";

/** How a mode is tested. */
export interface ModeTests {
  readonly name: string;
  /** Why it is not tested here; empty where it is. */
  readonly reason?: string;
  readonly start: () => Promise<ModeUnderTest>;
  /** The shared suite, for modes that do not run it elsewhere. */
  readonly examination?: Examination;
  /** Whether its device can be taken away by a test. */
  readonly canLose?: boolean;
}

/** The example has 128. A batch of 16 is enough to see whether a run goes another way, and spares minutes. */
const BATCH = 16;
const ITERATIONS = 20;

/** What a step leaves behind shows after one; what is left behind now and then takes more. */
const [FIRST_STEPS, MORE_STEPS] = LONG ? [20, 180] : [10, 30];

/** Tests of a mode. */
export function describeMode({ name, reason = "", start, examination, canLose = false }: ModeTests): void {
  const why = reason === "" ? "" : ` (not run: ${reason})`;
  describe.skipIf(reason !== "")(`${name}${why}`, () => {
    let mode: ModeUnderTest;

    beforeAll(async () => {
      mode = await start();
    });

    afterAll(async () => {
      await mode?.close();
    });

    // first: nothing that the collector might take lies there yet
    it(`has as much on the device after ${FIRST_STEPS} steps of the GAN as after ${MORE_STEPS} more`, async () => {
      const gan = createGan(mode.backend, 4);
      for (let i = 1; i < FIRST_STEPS; i++) gan.step();
      await gan.stepAndRead();
      const before = await mode.memoryUse();
      expect(before.handles).toBeGreaterThan(0);
      for (let i = 1; i < MORE_STEPS; i++) gan.step();
      await gan.stepAndRead();
      expect(await mode.memoryUse()).toEqual(before);
    });

    if (examination) describeBackend(name, () => mode.backend, examination);
    if (examination) describeLongSums(name, () => mode.backend, { few: true });

    it.each([0, 0.03])(
      "updates by Adam with the correction %d, from means that it made and from others",
      async (correction) => {
        const { backend } = mode;
        const values = { beta1: 0.9, beta2: 0.99, rate: 0.1, correction, epsilon: 1e-3 };
        const slopes = [0.5, -2, 0, 3e-4, -1];
        const state = { theta: [1, -1, 0.25, 3, -7], m: [0, 0, 0, 0, 0], v: [0, 0, 0, 0, 0] };
        const gradient = backend.upload(Float32Array.from(slopes));
        const parameter = backend.upload(Float32Array.from(state.theta));
        const [m, v] = [backend.fill("float32", 5, 0), backend.fill("float32", 5, 0)];
        for (let step = 0; step < 4; step++) {
          // as loading a state does
          if (step === 2) backend.assign(m, backend.upload(Float32Array.from(state.m)));
          backend.adam?.({ parameter, gradient, m, v }, values);
          adamByHand(state, slopes, values);
          if (step > 0) expectNear(await backend.read(v), state.v);
        }
        expectNear(await backend.read(parameter), state.theta);
        expectNear(await backend.read(m), state.m);
        for (const buffer of [gradient, parameter, m, v]) backend.free(buffer);
      },
    );

    it("gathers rows of bytes, of the same ones again and of others", async () => {
      const { backend } = mode;
      const bytes = Uint8Array.from({ length: 5 * 7 }, (_, i) => (i * 73) % 256);
      const others = Uint8Array.of(255, 0, 128, 1);
      const rows = Int32Array.of(4, 0, 4, 3);
      const scaling = { scale: 0.5, offset: -1 };
      const expected = [...rows].flatMap((row) => [...bytes.subarray(7 * row, 7 * row + 7)].map((x) => x / 2 - 1));
      for (let i = 0; i < 2; i++) {
        expect([...(await backend.read(gather(backend, bytes, rows, 7, scaling)))]).toEqual(expected);
      }
      const few = gather(backend, others, Int32Array.of(1), 2, { scale: 1, offset: 0 });
      expect([...(await backend.read(few))]).toEqual([128, 1]);
    });

    it("computes a chain of functions by one kernel, and what is not read by none", async () => {
      const { backend } = mode;
      const x = backend.upload(Float32Array.of(1, -2, 3));
      await backend.read(x);
      const before = await mode.launches();
      const shape = [3];
      const one = backend.fill("float32", 1, 1);
      let y = x;
      for (let i = 0; i < 5; i++) {
        y = backend.binary("mul", { buffer: y, shape }, { buffer: y, shape }, shape);
        y = backend.binary("sub", { buffer: y, shape }, { buffer: one, shape: [] }, shape);
      }
      backend.unary("exp", x, []);
      expect([...(await backend.read(y))]).toEqual([1, -2, 3].map(chain));
      expect((await mode.launches()) - before).toBe(1);
    });

    it(`trains the GAN of the example, whose losses are the reference's within 1e-3 for ${ITERATIONS} iterations`, async () => {
      const expected = await lossesOf(new ReferenceBackend(), ITERATIONS, BATCH);
      const actual = await lossesOf(mode.backend, ITERATIONS, BATCH);
      expect(actual).toHaveLength(ITERATIONS);
      actual.forEach((losses, iteration) => {
        losses.forEach((loss, i) => {
          const error = Math.abs(loss - (expected[iteration]?.[i] ?? Number.NaN));
          expect(error, `loss ${i} of iteration ${iteration}: ${loss}`).toBeLessThanOrEqual(1e-3);
        });
      });
    });

    if (canLose) {
      it("tells whoever reads that the device was lost, and starts again", async () => {
        const { backend } = mode;
        const before = backend.upload(Float32Array.of(1, 2, 3));
        await backend.read(before);
        await mode.loseDevice?.();
        await expectLost(backend, () => backend.unary("neg", before, []));
        await expectLost(backend, () => before);
        const again = await mode.restart();
        const doubled = again.unary("square", again.upload(Float32Array.of(3, -4)), []);
        expect([...(await again.read(doubled))]).toEqual([9, 16]);
      });
    }

    it("nothing failed beside, or was printed", () => {
      expect(mode.troubles.filter((text) => !EXPECTED.some((notice) => text.includes(notice)))).toEqual([]);
    });
  });
}

type Scaled = NonNullable<Backend["gatherBytes"]>;

function gather(backend: Backend, ...inputs: Parameters<Scaled>): ReturnType<Scaled> {
  if (!backend.gatherBytes) throw new Error(`${backend.name} gathers no bytes`);
  return backend.gatherBytes(...inputs);
}

/** x ← x² − 1, five times, in float32. */
function chain(x: number): number {
  let y = x;
  for (let i = 0; i < 5; i++) y = Math.fround(Math.fround(y * y) - 1);
  return y;
}

interface AdamState {
  readonly theta: number[];
  readonly m: number[];
  readonly v: number[];
}

/** The contract's formula, in float64. */
function adamByHand({ theta, m, v }: AdamState, slopes: readonly number[], values: AdamValues): void {
  const { beta1, beta2, rate, correction, epsilon } = values;
  slopes.forEach((g, i) => {
    m[i] = beta1 * (m[i] as number) + (1 - beta1) * g;
    v[i] = beta2 * (v[i] as number) + (1 - beta2) * g * g;
    const root = Math.sqrt(v[i]) / (correction === 0 ? 1 : correction);
    theta[i] = (theta[i] as number) - (m[i] * rate) / (root + epsilon);
  });
}

function expectNear(actual: ArrayLike<number>, expected: readonly number[]): void {
  expect(actual).toHaveLength(expected.length);
  expected.forEach((value, i) => {
    expect(Math.abs((actual[i] as number) - value)).toBeLessThanOrEqual(1e-5 * Math.max(Math.abs(value), 1e-3));
  });
}

/** Notices of Chromium that are none: reading pixels waits for them, and a context was lost where a test lost it. */
const EXPECTED = ["GPU stall due to ReadPixels", "CONTEXT_LOST_WEBGL"];

async function expectLost(backend: Backend, make: () => Parameters<Backend["read"]>[0]): Promise<void> {
  const reading = (async () => backend.read(make()))();
  await expect(reading).rejects.toThrow(BackendError);
  await expect(reading).rejects.toThrow(`${backend.name}: the device was lost`);
}
