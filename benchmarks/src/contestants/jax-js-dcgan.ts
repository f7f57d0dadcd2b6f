// The GAN with convolutions in jax-js, which has the channels first: one compiled function for each of the two updates
// and one for the generated images.

import { blockUntilReady, jit, lax, nn, numpy as np, valueAndGrad } from "@jax-js/jax";
import type { Prepared } from "./implementation.js";
import {
  adam,
  type Batch,
  freshTrained,
  prepareTrainer,
  refs,
  scheduledRate,
  type Trained,
  type Trainer,
} from "./jax-js-training.js";
import { DCGAN_OPTIONS, DCGAN_SHAPES, type DcganTask } from "./protocol.js";

const DECAYS = { beta1: DCGAN_OPTIONS.beta1, beta2: 0.999, epsilon: DCGAN_OPTIONS.epsilon };
const SLOPE = 0.01;
const HALVING: [number, number][] = [
  [1, 1],
  [1, 1],
];
/** Of the kernel's reach less the padding before, and one more after: twice the size. */
const DOUBLING: [number, number][] = [
  [1, 2],
  [1, 2],
];
/** Where the discriminator's weights begin among the task's. */
const JUDGING = 7;
const NORMALIZED = [12544, 128, 64];

/** Adds one number for each channel, the second axis. */
function addBias(x: np.Array, bias: np.Array): np.Array {
  return x.add(bias.reshape([1, -1, 1, 1]));
}

/** Over the batch and, for images, over their places: the mean becomes 0 and the variance 1, then scale and offset. */
function normalize(x: np.Array, scale: np.Array, offset: np.Array): np.Array {
  const axes = x.ndim === 4 ? [0, 2, 3] : [0];
  const shape = x.ndim === 4 ? [1, -1, 1, 1] : [1, -1];
  const centered = x.ref.sub(np.mean(x, axes, { keepdims: true }));
  const variance = np.mean(np.square(centered.ref), axes, { keepdims: true });
  const unit = centered.div(np.sqrt(variance.add(DCGAN_OPTIONS.normalizationEpsilon)));
  return unit.mul(scale.reshape(shape)).add(offset.reshape(shape));
}

function activate(x: np.Array): np.Array {
  return nn.leakyRelu(x, SLOPE);
}

function double(x: np.Array, kernel: np.Array, bias: np.Array): np.Array {
  return addBias(lax.convGeneralDilated(x, kernel, [1, 1], DOUBLING, { lhsDilation: [2, 2] }), bias);
}

function generate(parameters: np.Array[], noise: np.Array): np.Array {
  const [dense, k1, b1, k2, b2, k3, b3, s0, o0, s1, o1, s2, o2] = parameters as Fixed;
  const first = activate(normalize(np.matmul(noise, dense), s0, o0)).reshape([-1, 256, 7, 7]);
  const second = activate(normalize(double(first, k1, b1), s1, o1));
  const third = activate(normalize(addBias(lax.convGeneralDilated(second, k2, [1, 1], HALVING), b2), s2, o2));
  return np.tanh(double(third, k3, b3));
}

/** The logits. */
function judge(parameters: np.Array[], images: np.Array): np.Array {
  const [k1, b1, k2, b2, k3, b3, dense, bias] = parameters as Fixed;
  const halve = (x: np.Array, kernel: np.Array, each: np.Array) =>
    activate(addBias(lax.convGeneralDilated(x, kernel, [2, 2], HALVING), each));
  const features = halve(halve(halve(images, k1, b1), k2, b2), k3, b3);
  return np.matmul(features.reshape([-1, 2048]), dense).add(bias);
}

/** As many as the longer of the two lists has. */
type Fixed = [
  ...[np.Array, np.Array, np.Array, np.Array, np.Array, np.Array, np.Array],
  ...[np.Array, np.Array, np.Array, np.Array, np.Array, np.Array],
];

/** Cross-entropy of a logit with a label. */
function crossEntropy(logits: np.Array, label: 0 | 1): np.Array {
  return np.mean(nn.softplus(label ? logits.neg() : logits));
}

const compiledGenerate = jit(generate);

const discriminatorLoss = (parameters: np.Array[], real: np.Array, generated: np.Array): np.Array =>
  crossEntropy(judge(refs(parameters), real), 1).add(crossEntropy(judge(parameters, generated), 0));

const generatorLoss = (parameters: np.Array[], discriminator: np.Array[], noise: np.Array): np.Array =>
  crossEntropy(judge(discriminator, generate(parameters, noise)), 1);

const updateDiscriminator = jit((trained: Trained, real: np.Array, generated: np.Array, rate: np.Array) => {
  const [loss, gradients] = valueAndGrad(discriminatorLoss)(refs(trained.parameters), real, generated);
  return { loss, trained: adam(trained, gradients, rate, DECAYS) };
});

const updateGenerator = jit((trained: Trained, discriminator: np.Array[], noise: np.Array, rate: np.Array) => {
  const [loss, gradients] = valueAndGrad(generatorLoss)(refs(trained.parameters), discriminator, noise);
  return { loss, trained: adam(trained, gradients, rate, DECAYS) };
});

/** Iterations that start from the task's weights at each turn. */
export function prepareJaxDcgan(task: DcganTask): Promise<Prepared> {
  return prepareTrainer(new JaxDcgan(task));
}

class JaxDcgan implements Trainer {
  readonly #weights: readonly (() => np.Array)[];
  readonly #batches: Batch[];
  #generator: Trained = { parameters: [], m: [], v: [] };
  #discriminator: Trained = { parameters: [], m: [], v: [] };
  #iteration = 0;

  constructor({ weights, batches, batchSize }: DcganTask) {
    this.#weights = weights.map((values, i) => () => channelsFirst(values, i));
    this.#batches = batches.map(({ real, discriminatorNoise, generatorNoise }) => ({
      real: np.array(real, { shape: [batchSize, 1, 28, 28] }),
      discriminatorNoise: np.array(discriminatorNoise, { shape: [batchSize, 100] }),
      generatorNoise: np.array(generatorNoise, { shape: [batchSize, 100] }),
    }));
  }

  begin(): void {
    for (const { parameters, m, v } of [this.#generator, this.#discriminator]) {
      for (const array of [...parameters, ...m, ...v]) array.dispose();
    }
    const normalizing = NORMALIZED.flatMap((size) => [() => np.ones([size]), () => np.zeros([size])]);
    this.#generator = freshTrained([...this.#weights.slice(0, JUDGING), ...normalizing]);
    this.#discriminator = freshTrained(this.#weights.slice(JUDGING));
    this.#iteration = 0;
  }

  async iterate(): Promise<[np.Array, np.Array]> {
    const { real, discriminatorNoise, generatorNoise } = this.#batches[this.#iteration % this.#batches.length] as Batch;
    const t = ++this.#iteration;
    const rate = () => scheduledRate(t, DCGAN_OPTIONS.learningRate, DECAYS);
    const generated = compiledGenerate(refs(this.#generator.parameters), discriminatorNoise.ref);
    const judging = updateDiscriminator(this.#discriminator, real.ref, generated, rate());
    this.#discriminator = judging.trained;
    const update = updateGenerator(this.#generator, refs(judging.trained.parameters), generatorNoise.ref, rate());
    this.#generator = update.trained;
    await blockUntilReady([judging.loss, update.loss, this.#generator, this.#discriminator]);
    return [judging.loss, update.loss];
  }
}

/** A weight of the task as jax-js takes it. */
function channelsFirst(values: Float32Array, i: number): np.Array {
  const shape = [...(DCGAN_SHAPES[i] as readonly number[])];
  const array = np.array(values, { shape });
  // what a dense layer makes or takes are images, channels last in the task
  if (i === 0) return array.reshape([100, 7, 7, 256]).transpose([0, 3, 1, 2]).reshape([100, 12544]);
  if (shape[0] === 2048) return array.reshape([4, 4, 128, 1]).transpose([2, 0, 1, 3]).reshape([2048, 1]);
  if (shape.length !== 4) return array;
  // [height, width, in, out]; a transposed convolution's is that of the convolution whose gradient it is
  return i < JUDGING ? np.flip(array, [0, 1]).transpose([2, 3, 0, 1]) : array.transpose([3, 2, 0, 1]);
}
