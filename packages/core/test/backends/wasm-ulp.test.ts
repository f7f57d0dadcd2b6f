// exp, log, tanh, sigmoid and softplus over a sample of all floats. scripts/measure-ulp.mjs goes over all of them.

import { afterAll, describe, expect, it } from "vitest";
import { measuredNames, measureErrors } from "../../scripts/measure-ulp.mjs";
import { createWasmBackend } from "../../src/backends/wasm/index.js";
import { unitInLastPlace } from "./wasm-support.js";

const wasm = await createWasmBackend({ threads: 1 });
afterAll(() => wasm.dispose());

/** A prime, so that the last bits of the inputs are all kinds. */
const STRIDE = 8191;

describe("over a sample of all floats", () => {
  it.each(measuredNames)("%s is within 2 ulp, and NaN, ±∞ and ±0 are where they belong", (name) => {
    const { inputs, worst, at, wrong } = measureErrors(wasm, name, STRIDE);
    expect(inputs).toBe(Math.ceil(2 ** 32 / STRIDE));
    expect({ wrong }).toEqual({ wrong: [] });
    expect(worst, `at ${at}`).toBeLessThanOrEqual(2);
    // no function is exact: a measure that finds nothing measures nothing
    expect(worst).toBeGreaterThan(0.49);
  });
});

it("tanh is within 2 ulp where rounding eˣ − 1 once made it lose more", () => {
  for (const x of [0.12561532855033875, -0.12561532855033875, 0.20763808488845825]) {
    const y = wasm.readSync(wasm.unary("tanh", wasm.upload(Float32Array.of(x)), []))[0] as number;
    expect(Math.abs(y - Math.tanh(x))).toBeLessThanOrEqual(2 * unitInLastPlace(Math.tanh(x)));
  }
});

describe("the measure", () => {
  const shifted = (by: number) => ({
    upload: wasm.upload.bind(wasm),
    free: wasm.free.bind(wasm),
    readSync: wasm.readSync.bind(wasm),
    unary: (...[name, x]: Parameters<typeof wasm.unary>) => {
      const y = wasm.unary(name, x, []);
      const moved = wasm.readSync(y).map((value) => value + by * unitInLastPlace(value));
      wasm.free(y);
      return wasm.upload(moved);
    },
  });

  it("finds results that are 3 ulp away, and infinities that are none", () => {
    expect(measureErrors(shifted(3), "exp", 999_983).worst).toBeGreaterThan(2);
    expect(measureErrors(shifted(Number.NaN), "tanh", 999_983).wrong).toHaveLength(8);
  });
});
