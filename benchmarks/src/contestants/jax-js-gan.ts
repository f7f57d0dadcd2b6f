// The GAN in jax-js: valueAndGrad and an Adam of our own, one compiled function for each of the three
// updates and one for the generated images.

import { blockUntilReady, jit, nn, numpy as np, valueAndGrad } from "@jax-js/jax";
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
import type { GanTask } from "./protocol.js";

const DECAYS = { beta1: 0.9, beta2: 0.999, epsilon: 1e-7 };
const EPSILON = 1e-7;
const RATE = 1e-3;
const [PIXELS, NOISE] = [784, 100];

type Update = { loss: np.Array; accuracy: np.Array; trained: Trained };

function dense(x: np.Array, kernel: np.Array, bias: np.Array): np.Array {
  return np.matmul(x, kernel).add(bias);
}

function generate([kernel1, bias1, kernel2, bias2]: np.Array[], noise: np.Array): np.Array {
  const hidden = nn.leakyRelu(dense(noise, kernel1 as np.Array, bias1 as np.Array), 0.01);
  return np.tanh(dense(hidden, kernel2 as np.Array, bias2 as np.Array));
}

function judge([kernel1, bias1, kernel2, bias2]: np.Array[], images: np.Array): np.Array {
  const hidden = nn.leakyRelu(dense(images, kernel1 as np.Array, bias1 as np.Array), 0.01);
  return nn.sigmoid(dense(hidden, kernel2 as np.Array, bias2 as np.Array));
}

function crossEntropy(probability: np.Array, label: 0 | 1): np.Array {
  const p = np.clip(probability, EPSILON, 1 - EPSILON);
  return np.mean(np.log(label ? p : np.subtract(1, p))).neg();
}

const compiledGenerate = jit(generate);

function discriminatorUpdate(label: 0 | 1) {
  const loss = (parameters: np.Array[], images: np.Array): [np.Array, np.Array] => {
    const probability = judge(parameters, images);
    const right = label ? np.greater(probability.ref, 0.5) : np.lessEqual(probability.ref, 0.5);
    return [crossEntropy(probability, label), np.mean(right.astype(np.float32))];
  };
  return jit((trained: Trained, images: np.Array, rate: np.Array): Update => {
    const parameters = trained.parameters.map((parameter) => parameter.ref);
    const [[value, accuracy], gradients] = valueAndGrad(loss, { hasAux: true })(parameters, images);
    return { loss: value, accuracy, trained: adam(trained, gradients, rate, DECAYS) };
  });
}

const generatorLoss = (parameters: np.Array[], discriminator: np.Array[], noise: np.Array): np.Array =>
  crossEntropy(judge(discriminator, generate(parameters, noise)), 1);

const updateOnReal = discriminatorUpdate(1);
const updateOnGenerated = discriminatorUpdate(0);
const updateGenerator = jit((trained: Trained, discriminator: np.Array[], noise: np.Array, rate: np.Array) => {
  const parameters = trained.parameters.map((parameter) => parameter.ref);
  const [loss, gradients] = valueAndGrad(generatorLoss)(parameters, discriminator, noise);
  return { loss, trained: adam(trained, gradients, rate, DECAYS) };
});

/** Iterations that start from the task's weights at each turn. */
export function prepareJaxGan(task: GanTask): Promise<Prepared> {
  return prepareTrainer(new JaxGan(task));
}

class JaxGan implements Trainer {
  readonly #task: GanTask;
  readonly #batches: Batch[];
  #generator: Trained = { parameters: [], m: [], v: [] };
  #discriminator: Trained = { parameters: [], m: [], v: [] };
  #iteration = 0;

  constructor(task: GanTask) {
    this.#task = task;
    const { batchSize } = task;
    this.#batches = task.batches.map(({ real, discriminatorNoise, generatorNoise }) => ({
      real: np.array(real, { shape: [batchSize, PIXELS] }),
      discriminatorNoise: np.array(discriminatorNoise, { shape: [batchSize, NOISE] }),
      generatorNoise: np.array(generatorNoise, { shape: [batchSize, NOISE] }),
    }));
  }

  /** The task's weights and means of zero. */
  begin(): void {
    for (const { parameters, m, v } of [this.#generator, this.#discriminator]) {
      for (const array of [...parameters, ...m, ...v]) array.dispose();
    }
    this.#generator = this.#fresh(0);
    this.#discriminator = this.#fresh(4);
    this.#iteration = 0;
  }

  async iterate(): Promise<[np.Array, np.Array]> {
    const { real, discriminatorNoise, generatorNoise } = this.#batches[this.#iteration % this.#batches.length] as Batch;
    const t = 2 * this.#iteration++;
    const generated = compiledGenerate(refs(this.#generator.parameters), discriminatorNoise.ref);
    const onReal = updateOnReal(this.#discriminator, real.ref, scheduledRate(t + 1, RATE, DECAYS));
    const onGenerated = updateOnGenerated(onReal.trained, generated, scheduledRate(t + 2, RATE, DECAYS));
    this.#discriminator = onGenerated.trained;
    const judging = refs(this.#discriminator.parameters);
    const update = updateGenerator(
      this.#generator,
      judging,
      generatorNoise.ref,
      scheduledRate(t / 2 + 1, RATE, DECAYS),
    );
    this.#generator = update.trained;
    onReal.accuracy.dispose();
    onGenerated.accuracy.dispose();
    const discriminatorLoss = onReal.loss.add(onGenerated.loss).mul(0.5);
    await blockUntilReady([discriminatorLoss, update.loss, this.#generator, this.#discriminator]);
    return [discriminatorLoss, update.loss];
  }

  #fresh(from: number): Trained {
    const { weights, width } = this.#task;
    const shapes = shapesOf(width).slice(from, from + 4);
    return freshTrained(shapes.map((shape, i) => () => np.array(weights[from + i] as Float32Array, { shape })));
  }
}

/** In the order of the task's weights. */
function shapesOf(width: number): number[][] {
  return [[NOISE, width], [width], [width, PIXELS], [PIXELS], [PIXELS, width], [width], [width, 1], [1]];
}
