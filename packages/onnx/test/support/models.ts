// Models for the tests, in Node and in a browser.

import { Dense, Flatten, LeakyReLU, Random, Reshape, randomNormal, Sequential, Sigmoid, Tanh } from "@adjoint/core";

/** A dense layer whose biases are no zeros. */
export function dense(inFeatures: number, outFeatures: number, random: Random, bias = true): Dense {
  return new Dense(inFeatures, outFeatures, {
    random,
    bias,
    biasInitializer: ({ shape }) => randomNormal(shape, { random }),
  });
}

/** The networks of the GAN, with fewer units. */
export function createGan(): { generator: Sequential; discriminator: Sequential } {
  const random = new Random(3);
  const slope = { negativeSlope: 0.01 };
  const generator = new Sequential(
    [dense(10, 12, random), new LeakyReLU(slope), dense(12, 49, random), new Tanh(), new Reshape([7, 7, 1])],
    { name: "generator" },
  );
  const discriminator = new Sequential(
    [new Flatten(), dense(49, 12, random), new LeakyReLU(slope), dense(12, 1, random), new Sigmoid()],
    { name: "discriminator" },
  );
  return { generator, discriminator };
}
