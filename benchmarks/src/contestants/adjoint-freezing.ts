// What freezing costs and saves: the same loss with a discriminator that is trained, that is frozen, and whose weights
// are plain tensors of which nothing could be trained; and the products alone that remain in the last two.

import {
  Adam,
  binaryCrossEntropy,
  gradients,
  leakyRelu,
  linear,
  matmul,
  Parameter,
  Random,
  randomNormal,
  type Shape,
  scope,
  sigmoid,
  type Tensor,
  withFrozen,
} from "@adjoint/core";
import { createSizedModels } from "./adjoint-gan.js";
import { resident } from "./adjoint-resident.js";
import type { Prepared } from "./implementation.js";
import type { FreezingTask } from "./protocol.js";

const BATCH_SIZE = 128;
const WIDTH = 128;
const PIXELS = 784;
const NOISE = 100;

/** Results are the loss, so that all variants can be seen to compute the same; of `products` there is none. */
export function prepareFreezing({ subject, variant }: FreezingTask): Prepared {
  const make = subject === "generator update" ? generatorUpdate : inputGradient;
  return make(variant);
}

type Make = (variant: FreezingTask["variant"]) => Prepared;

/** A step of the generator's optimizer. The rate is 0, so that every call does the same. */
const generatorUpdate: Make = (variant) => {
  if (variant === "products") return products(GENERATOR_PRODUCTS);
  const { generator, discriminator } = createSizedModels(WIDTH, new Random(1));
  const noise = stored([BATCH_SIZE, NOISE], 2);
  const judge = variant === "constant" ? constantJudge(discriminator.parameters()) : judgeOf(discriminator);
  const loss = () => binaryCrossEntropy(judge(generator.apply(noise)), 1);
  const trained = [...generator.parameters(), ...(variant === "trainable" ? discriminator.parameters() : [])];
  const optimizer = new Adam(trained, { learningRate: 0 });
  const update = () => optimizer.minimize(loss);
  return fromStep(variant === "frozen" ? () => withFrozen(discriminator, update) : update);
};

/** The loss of the discriminator and its gradient with respect to the image, as a generator needs it. */
const inputGradient: Make = (variant) => {
  if (variant === "products") return products(DISCRIMINATOR_PRODUCTS);
  const { discriminator } = createSizedModels(WIDTH, new Random(1));
  const image = new Parameter(randomNormal([BATCH_SIZE, PIXELS], { random: new Random(2) }), "image");
  const judge = variant === "constant" ? constantJudge(discriminator.parameters()) : judgeOf(discriminator);
  const wanted = variant === "trainable" ? [image, ...discriminator.parameters()] : [image];
  const step = () => {
    const loss = binaryCrossEntropy(judge(image), 1);
    gradients(loss, wanted);
    return loss;
  };
  return fromStep(variant === "frozen" ? () => withFrozen(discriminator, step) : step);
};

const judgeOf = (discriminator: { apply(x: Tensor): Tensor }) => (image: Tensor) => discriminator.apply(image);

/** The discriminator written in ops over plain tensors, which stay in the backend's memory as parameters do. */
function constantJudge(parameters: readonly Parameter[]): (image: Tensor) => Tensor {
  const constants = parameters.map((parameter) => resident(parameter, parameter.shape));
  const [kernel1, bias1, kernel2, bias2] = constants as [Parameter, Parameter, Parameter, Parameter];
  return (image) => {
    const hidden = linear(image.reshape([BATCH_SIZE, PIXELS]), kernel1, bias1);
    return sigmoid(linear(leakyRelu(hidden, { negativeSlope: 0.01 }), kernel2, bias2));
  };
}

function fromStep(step: () => Tensor): Prepared {
  return {
    result: Float32Array.of(scope(step).itemSync()),
    call: () => {
      scope(() => {
        step();
      });
    },
  };
}

interface Product {
  readonly a: Shape;
  readonly b: Shape;
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
}

/** Forward through both layers, and the gradient of the input back through both. */
const DISCRIMINATOR_PRODUCTS: readonly Product[] = [
  { a: [BATCH_SIZE, PIXELS], b: [PIXELS, WIDTH] },
  { a: [BATCH_SIZE, WIDTH], b: [WIDTH, 1] },
  { a: [BATCH_SIZE, 1], b: [WIDTH, 1], transposeB: true },
  { a: [BATCH_SIZE, WIDTH], b: [PIXELS, WIDTH], transposeB: true },
];

/** Those, and the generator's own: forward, the gradients of both kernels, and of what lies between them. */
const GENERATOR_PRODUCTS: readonly Product[] = [
  ...DISCRIMINATOR_PRODUCTS,
  { a: [BATCH_SIZE, NOISE], b: [NOISE, WIDTH] },
  { a: [BATCH_SIZE, WIDTH], b: [WIDTH, PIXELS] },
  { a: [BATCH_SIZE, WIDTH], b: [BATCH_SIZE, PIXELS], transposeA: true },
  { a: [BATCH_SIZE, PIXELS], b: [WIDTH, PIXELS], transposeB: true },
  { a: [BATCH_SIZE, NOISE], b: [BATCH_SIZE, WIDTH], transposeA: true },
];

function products(list: readonly Product[]): Prepared {
  const operands = list.map(({ a, b, ...flags }, i) => ({ a: stored(a, 2 * i), b: stored(b, 2 * i + 1), flags }));
  return {
    result: new Float32Array(),
    call: () => {
      scope(() => {
        for (const { a, b, flags } of operands) matmul(a, b, flags);
      });
    },
  };
}

/** Normal numbers that stay in the backend's memory. */
function stored(shape: Shape, seed: number): Parameter {
  return resident(randomNormal(shape, { random: new Random(seed) }), shape);
}
