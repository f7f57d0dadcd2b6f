// The layers of image networks in ONNX: what onnxruntime-node computes is what they compute.

import {
  AveragePool2d,
  BatchNorm,
  Conv2d,
  ConvTranspose2d,
  Dense,
  Embedding,
  Flatten,
  LayerNorm,
  LeakyReLU,
  MaxPool2d,
  type Module,
  noGradient,
  Random,
  Reshape,
  randomNormal,
  randomUniform,
  Sequential,
  type Shape,
  Tanh,
  tensor,
  UpSample,
} from "@adjoint/core";
import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import { exportOnnx } from "../src/index.js";
import { expectAgreement, expectClose } from "./support/agreement.js";

const random = new Random(3);
/** With biases that are not 0. */
const drawn = { random, biasInitializer: ({ shape }: { shape: Shape }) => randomNormal(shape, { random }) };

/** A normalization that has seen something. */
function trained(layer: BatchNorm): BatchNorm {
  const channels = layer.runningMean.shape;
  layer.runningMean.assign(randomNormal(channels, { random }));
  layer.runningVariance.assign(randomUniform(channels, { random, low: 0.5, high: 2 }));
  for (const parameter of layer.parameters()) parameter.assign(randomNormal(channels, { random }));
  return layer;
}

const CASES: readonly [string, () => Module, Shape][] = [
  ["Conv2d", () => new Conv2d(3, 4, [3, 2], drawn), [5, 6, 3]],
  ["Conv2d without a bias", () => new Conv2d(3, 4, 2, { random, bias: false }), [5, 6, 3]],
  ["Conv2d, same, of an odd amount", () => new Conv2d(2, 3, 3, { ...drawn, stride: 2, padding: "same" }), [6, 5, 2]],
  [
    "Conv2d with everything",
    () =>
      new Conv2d(4, 6, [2, 3], {
        ...drawn,
        stride: [2, 1],
        padding: [
          [1, 2],
          [0, 3],
        ],
        dilation: [2, 1],
        groups: 2,
      }),
    [6, 5, 4],
  ],
  ["ConvTranspose2d", () => new ConvTranspose2d(3, 4, 3, { ...drawn, stride: 2 }), [3, 4, 3]],
  ["ConvTranspose2d, same", () => new ConvTranspose2d(3, 4, 3, { ...drawn, stride: 2, padding: "same" }), [3, 4, 3]],
  [
    "ConvTranspose2d, same, of a kernel below the stride",
    () => new ConvTranspose2d(2, 2, 1, { ...drawn, stride: 3, padding: "same" }),
    [3, 2, 2],
  ],
  [
    "ConvTranspose2d with everything",
    () => new ConvTranspose2d(4, 6, 3, { ...drawn, stride: 2, padding: 1, outputPadding: [1, 0], groups: 2 }),
    [3, 4, 4],
  ],
  ["MaxPool2d", () => new MaxPool2d(), [4, 6, 3]],
  ["MaxPool2d, padded and with gaps", () => new MaxPool2d({ size: 3, stride: 1, padding: 1, dilation: 2 }), [6, 7, 2]],
  ["AveragePool2d", () => new AveragePool2d({ size: [2, 3] }), [4, 6, 3]],
  ["AveragePool2d, padded", () => new AveragePool2d({ size: 3, stride: 2, padding: "same" }), [6, 7, 2]],
  ["UpSample", () => new UpSample([2, 3]), [2, 3, 2]],
  ["BatchNorm of vectors", () => trained(new BatchNorm(4)), [4]],
  ["BatchNorm of images", () => trained(new BatchNorm(3, { epsilon: 0.1 })), [2, 4, 3]],
  ["BatchNorm without parameters", () => trained(new BatchNorm(3, { scale: false, offset: false })), [2, 4, 3]],
  ["LayerNorm", () => new LayerNorm(5), [2, 5]],
  ["LayerNorm without parameters", () => new LayerNorm(5, { scale: false, offset: false }), [5]],
  [
    "a generator of images",
    () =>
      new Sequential([
        ...[new Dense(6, 12, { random }), new Reshape([2, 2, 3]), trained(new BatchNorm(3)), new LeakyReLU()],
        ...[new ConvTranspose2d(3, 2, 3, { ...drawn, stride: 2, padding: "same" }), new Tanh()],
      ]),
    [6],
  ],
  [
    "a discriminator of images",
    () =>
      new Sequential([
        ...[new Conv2d(1, 3, 3, { ...drawn, stride: 2, padding: "same" }), new LeakyReLU(), new Flatten()],
        new Dense(27, 1, { random }),
      ]),
    [6, 6, 1],
  ],
];

describe("a layer of an image network", () => {
  it.each(CASES)("%s", async (_, make, inputShape) => {
    await expectAgreement(make(), inputShape);
  });

  it("Embedding, of whole numbers", async () => {
    const layer = new Embedding(5, 3, { random });
    const session = await InferenceSession.create(await exportOnnx(layer, { inputShape: [2] }));
    const indices = [4, 0, 2, 2];
    const { output } = await session.run({ input: new OrtTensor("float32", Float32Array.from(indices), [2, 2]) });
    const expected = noGradient(() => layer.apply(tensor(indices, { shape: [2, 2] })));
    expect(output?.dims).toEqual(expected.shape);
    expectClose(output?.data as Float32Array, expected.dataSync());
    await session.release();
  });

  it.each<[string, Module, Shape, string]>([
    [
      "channels",
      new Conv2d(3, 4, 3, drawn),
      [5, 5, 2],
      "the model (Conv2d) takes images [batch,height,width,3], got [batch,5,5,2]",
    ],
    [
      "no images",
      new MaxPool2d(),
      [5],
      "the model (MaxPool2d) takes images [batch,height,width,channels], got [batch,5]",
    ],
    ["windows", new AveragePool2d({ size: 4 }), [3, 3, 1], "the model (AveragePool2d) has windows that do not fit"],
    [
      "a dilation",
      new AveragePool2d({ dilation: 2 }),
      [4, 4, 1],
      "the model (AveragePool2d) with a dilation has no form",
    ],
    ["a vector", new BatchNorm(3), [4], "the model (BatchNorm) takes […,3], got [batch,4]"],
  ])("refuses %s", async (_, model, inputShape, message) => {
    await expect(exportOnnx(model, { inputShape })).rejects.toThrow(message);
  });
});
