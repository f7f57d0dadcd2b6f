// The GAN in TensorFlow.js: variables, `minimize` with a list of those to be trained, and tf.tidy around an iteration.

import type { AdamOptimizer, Rank, Scalar, Tensor2D, Variable } from "@tensorflow/tfjs-core";
import type { Prepared } from "./implementation.js";
import { type GanTask, SHOWN_ITERATIONS } from "./protocol.js";

type Core = typeof import("@tensorflow/tfjs-core");

const PIXELS = 784;
const NOISE = 100;
const EPSILON = 1e-7;

/** Kernel and bias of a model's two layers. */
type Layers = [Variable<Rank.R2>, Variable, Variable<Rank.R2>, Variable];

interface Batch {
  readonly real: Tensor2D;
  readonly discriminatorNoise: Tensor2D;
  readonly generatorNoise: Tensor2D;
}

/** Iterations that start from the task's weights at each turn. */
export async function prepareTfjsGan(tf: Core, task: GanTask): Promise<Prepared> {
  const gan = new TfjsGan(tf, task);
  gan.begin();
  const shown: number[] = [];
  for (let i = 0; i < SHOWN_ITERATIONS; i++) {
    for (const loss of tf.tidy(() => gan.iterate())) {
      // dataSync, on tfjs's webgpu, gives zeros
      shown.push(...(await loss.data()));
      loss.dispose();
    }
  }
  return {
    result: Float32Array.from(shown),
    begin: () => gan.begin(),
    call: () => tf.tidy(() => void gan.iterate()),
    forget: () => gan.dispose(),
  };
}

class TfjsGan {
  readonly #tf: Core;
  readonly #task: GanTask;
  readonly #variables: Variable[];
  readonly #batches: Batch[];
  #optimizers: { generator: AdamOptimizer; discriminator: AdamOptimizer } | undefined;
  #iteration = 0;

  constructor(tf: Core, task: GanTask) {
    this.#tf = tf;
    this.#task = task;
    const shapes = shapesOf(task.width);
    this.#variables = task.weights.map((values, i) => tf.variable(tf.tensor(values, shapes[i])));
    this.#batches = task.batches.map(({ real, discriminatorNoise, generatorNoise }) => ({
      real: tf.tensor2d(real, [task.batchSize, PIXELS]),
      discriminatorNoise: tf.tensor2d(discriminatorNoise, [task.batchSize, NOISE]),
      generatorNoise: tf.tensor2d(generatorNoise, [task.batchSize, NOISE]),
    }));
  }

  /** The task's weights and fresh optimizers. */
  begin(): void {
    const { train, tidy, tensor } = this.#tf;
    tidy(() => {
      this.#variables.forEach((variable, i) => {
        variable.assign(tensor(this.#task.weights[i] as Float32Array, variable.shape));
      });
    });
    this.#disposeOptimizers();
    const adam = () => train.adam(1e-3, 0.9, 0.999, EPSILON);
    this.#optimizers = { generator: adam(), discriminator: adam() };
    this.#iteration = 0;
  }

  /** The losses of the discriminator and the generator. Called in a tidy. */
  iterate(): [Scalar, Scalar] {
    const { real, discriminatorNoise, generatorNoise } = this.#batches[
      this.#iteration++ % this.#batches.length
    ] as Batch;
    const generated = this.#generate(discriminatorNoise);
    const onReal = this.#updateDiscriminator(real, 1);
    const onGenerated = this.#updateDiscriminator(generated, 0);
    const generatorLoss = this.#optimizers?.generator.minimize(
      () => this.#loss(this.#judge(this.#generate(generatorNoise)), 1),
      true,
      this.#variables.slice(0, 4),
    );
    return [this.#tf.mul(this.#tf.add(onReal, onGenerated), 0.5), generatorLoss as Scalar];
  }

  dispose(): void {
    this.#disposeOptimizers();
    this.#tf.dispose(this.#variables);
    for (const batch of this.#batches) this.#tf.dispose({ ...batch });
  }

  #updateDiscriminator(images: Tensor2D, label: 0 | 1): Scalar {
    const tf = this.#tf;
    return this.#optimizers?.discriminator.minimize(
      () => {
        const probability = this.#judge(images);
        const right = label ? tf.greater(probability, 0.5) : tf.lessEqual(probability, 0.5);
        tf.mean(tf.cast(right, "float32")); // the accuracy, which everybody computes
        return this.#loss(probability, label);
      },
      true,
      this.#variables.slice(4),
    ) as Scalar;
  }

  #loss(probability: Tensor2D, label: 0 | 1): Scalar {
    const tf = this.#tf;
    const p = tf.clipByValue(probability, EPSILON, 1 - EPSILON);
    return tf.neg(tf.mean<Scalar>(tf.log(label ? p : tf.sub(1, p))));
  }

  #generate(noise: Tensor2D): Tensor2D {
    const tf = this.#tf;
    const [kernel1, bias1, kernel2, bias2] = this.#variables as Layers;
    const hidden = tf.leakyRelu(tf.add(tf.matMul(noise, kernel1), bias1), 0.01);
    return tf.tanh(tf.add(tf.matMul(hidden as Tensor2D, kernel2), bias2)) as Tensor2D;
  }

  #judge(images: Tensor2D): Tensor2D {
    const tf = this.#tf;
    const [kernel1, bias1, kernel2, bias2] = this.#variables.slice(4) as Layers;
    const hidden = tf.leakyRelu(tf.add(tf.matMul(images, kernel1), bias1), 0.01);
    return tf.sigmoid(tf.add(tf.matMul(hidden as Tensor2D, kernel2), bias2)) as Tensor2D;
  }

  #disposeOptimizers(): void {
    this.#optimizers?.generator.dispose();
    this.#optimizers?.discriminator.dispose();
  }
}

/** In the order of the task's weights. */
function shapesOf(width: number): number[][] {
  return [[NOISE, width], [width], [width, PIXELS], [PIXELS], [PIXELS, width], [width], [width, 1], [1]];
}
