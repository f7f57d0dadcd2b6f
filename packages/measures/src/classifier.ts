// The network that looks at digits: its last layer but one gives the features that generators are measured by.

import {
  type Backend,
  type ByteDataset,
  Conv2d,
  Dense,
  Flatten,
  heNormal,
  Module,
  noGradient,
  type Random,
  ReLU,
  Sequential,
  scope,
  type Tensor,
  withBackend,
} from "@adjoint/core";

/** Values in the features of one image. */
export const FEATURE_SIZE = 64;

/** The digits that are told apart. */
export const DIGITS = 10;

/** Bytes 0 … 255 become −1 … 1. */
export const SCALING = { scale: 1 / 127.5, offset: -1 };

/** Images that go through the network at once. */
const BATCH = 500;

/** What the network sees in images, one row an image. */
export interface Seen {
  /** [count, 64], not negative. */
  readonly features: Float32Array;
  /** [count, 10], the probability of each digit. */
  readonly probabilities: Float32Array;
}

/**
 * [batch, 28, 28, 1] pixels in [−1, 1] → [batch, 10] logits; 55,482 parameters: three convolutions in steps of two
 * pixels, 64 features, and a layer that tells the digits apart. All but the last are followed by ReLU.
 */
export class DigitClassifier extends Module {
  readonly kind = "DigitClassifier";
  readonly features: Sequential;
  readonly digits: Dense;

  constructor(random: Random) {
    super({ name: "classifier" });
    const convolution = { random, kernelInitializer: heNormal };
    this.features = new Sequential([
      new Conv2d(1, 16, 5, { ...convolution, stride: 2, padding: "same" }),
      new ReLU(),
      new Conv2d(16, 32, 5, { ...convolution, stride: 2, padding: "same" }),
      new ReLU(),
      new Conv2d(32, 48, 3, { ...convolution, stride: 2 }),
      new ReLU(),
      new Flatten(),
      new Dense(3 * 3 * 48, FEATURE_SIZE, { random, kernelInitializer: heNormal }),
      new ReLU(),
    ]);
    this.digits = new Dense(FEATURE_SIZE, DIGITS, { random });
  }

  forward(x: Tensor): Tensor {
    return this.digits.apply(this.features.apply(x));
  }

  /**
   * Features and probabilities of many images, some at a time.
   *
   * @param count how many images there are
   * @param batch makes the images from one number to before another: [end − start, 28, 28, 1], on the backend of the
   *   parameters
   */
  async look(count: number, batch: (start: number, end: number) => Tensor): Promise<Seen> {
    const features = new Float32Array(count * FEATURE_SIZE);
    const probabilities = new Float32Array(count * DIGITS);
    for (let start = 0; start < count; start += BATCH) {
      const seen = scope(() => this.#lookAt(batch(start, Math.min(start + BATCH, count))));
      features.set(await seen.features.data(), start * FEATURE_SIZE);
      probabilities.set(await seen.probabilities.data(), start * DIGITS);
      for (const read of Object.values(seen)) read.dispose();
    }
    return { features, probabilities };
  }

  /** What it sees in the images of a data set: all of them, or the first `count`. */
  lookAtDataset(images: ByteDataset, count: number = images.count): Promise<Seen> {
    return this.look(count, (start, end) => {
      const indices = Int32Array.from({ length: end - start }, (_, i) => start + i);
      return withBackend(this.backend, () => images.batch(indices, SCALING));
    });
  }

  /** Where it computes. */
  get backend(): Backend {
    return this.digits.kernel.backend;
  }

  #lookAt(images: Tensor): { readonly features: Tensor; readonly probabilities: Tensor } {
    return noGradient(() => {
      const features = this.features.apply(images);
      return { features, probabilities: this.digits.apply(features).softmax() };
    });
  }
}
