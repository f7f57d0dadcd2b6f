// The page of the browser test: exports models where it runs, and has onnxruntime-web compute what they compute.

import { type Module, noGradient } from "@adjoint/core";
import { env, InferenceSession, Tensor as OrtTensor } from "onnxruntime-web/wasm";
import { exportOnnx } from "../../src/index.js";
import { createGan } from "../support/models.js";
import { BATCH_SIZES, sampleInput } from "../support/samples.js";

/** What a model and its exported file came to for one batch. */
export interface Outcome {
  readonly shape: readonly number[];
  readonly exportedShape: readonly number[];
  readonly values: number[];
  readonly exportedValues: number[];
}

declare global {
  var runModels: () => Promise<Outcome[]>;
}

env.wasm.numThreads = 1;
env.wasm.wasmPaths = { wasm: "/onnxruntime.wasm" };

globalThis.runModels = async () => {
  const { generator, discriminator } = createGan();
  return [...(await runModel(generator, [10])), ...(await runModel(discriminator, [7, 7, 1]))];
};

async function runModel(model: Module, inputShape: readonly number[]): Promise<Outcome[]> {
  const session = await InferenceSession.create(await exportOnnx(model, { inputShape }));
  const outcomes: Outcome[] = [];
  for (const batch of BATCH_SIZES) {
    const input = sampleInput(batch, inputShape);
    const expected = noGradient(() => model.apply(input));
    const feed = new OrtTensor("float32", Float32Array.from(input.dataSync()), input.shape);
    const { output } = await session.run({ input: feed });
    outcomes.push({
      shape: expected.shape,
      exportedShape: output?.dims ?? [],
      values: Array.from(expected.dataSync()),
      exportedValues: Array.from((output?.data ?? []) as Float32Array),
    });
  }
  return outcomes;
}
