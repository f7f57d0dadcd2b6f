// Whether what a runtime computes from an exported file is what the model computes.

import { type Module, noGradient, type Shape } from "@adjoint/core";
import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { expect } from "vitest";
import { exportOnnx } from "../../src/index.js";
import { BATCH_SIZES, sampleInput } from "./samples.js";

/** The largest difference that is allowed, relative to the largest value where that is beyond 1. */
const TOLERANCE = 1e-5;

/** Exports a model, and has onnxruntime-node compute what the model computes, for each size of batch. */
export async function expectAgreement(model: Module, inputShape: Shape): Promise<Uint8Array> {
  const bytes = await exportOnnx(model, { inputShape });
  const session = await InferenceSession.create(bytes);
  model.eval();
  for (const batch of BATCH_SIZES) {
    const input = sampleInput(batch, inputShape);
    const expected = noGradient(() => model.apply(input));
    const feed = new OrtTensor("float32", Float32Array.from(input.dataSync()), input.shape);
    const { output } = await session.run({ input: feed });
    expect(output?.dims).toEqual(expected.shape);
    expectClose(output?.data as Float32Array, expected.dataSync());
  }
  await session.release();
  return bytes;
}

/** Fails where two lists of numbers differ by more than 1e-5. */
export function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>): void {
  expect(actual.length).toBe(expected.length);
  const values = Array.from(expected);
  const scale = Math.max(1, ...values.map(Math.abs));
  // a difference that is no number is as bad as an infinite one
  const worst = values.reduce((largest, value, i) => {
    const difference = Math.abs((actual[i] ?? Number.NaN) - value) / scale;
    return Number.isNaN(difference) ? Infinity : Math.max(largest, difference);
  }, 0);
  expect(worst).toBeLessThanOrEqual(TOLERANCE);
}
