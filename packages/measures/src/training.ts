// How the classifier is trained: Adam with a rate that falls to zero, on images moved by up to two pixels.

import {
  Adam,
  type ByteDataset,
  categoricalCrossEntropyWithLogits,
  oneHot,
  Random,
  scope,
  type Tensor,
  tensor,
} from "@adjoint/core";
import { IMAGE_SIDE } from "@adjoint/mnist";
import { DIGITS, DigitClassifier, SCALING, type Seen } from "./classifier.js";

/** How far an image is moved at most, in pixels, along each axis. */
const MOST_SHIFT = 2;

/** The pixel of the background. */
const BLACK = -1;

/** Streams of the one seed. */
const STREAMS = { weights: 0, order: 1, shifts: 2 } as const;

/** Images of digits, [count, 28, 28, 1], and which they are. */
export interface LabelledImages {
  readonly images: ByteDataset;
  readonly labels: Uint8Array;
}

/** How long and how fast. */
export interface TrainingOptions {
  readonly epochs: number;
  readonly batchSize: number;
  /** At the beginning; it falls to zero along a line. */
  readonly learningRate: number;
  readonly seed: number;
  /** Is told the mean loss of each epoch. */
  readonly onEpoch?: (epoch: number, loss: number) => void;
}

/** Trains a classifier on the current backend, which has to answer at once. Same seed, same bits, on `wasm`. */
export function trainClassifier({ images, labels }: LabelledImages, options: TrainingOptions): DigitClassifier {
  const { epochs, batchSize, learningRate, seed, onEpoch } = options;
  const random = (stream: keyof typeof STREAMS) => new Random(seed, { stream: STREAMS[stream] });
  const classifier = new DigitClassifier(random("weights"));
  const optimizer = new Adam(classifier.parameters(), { learningRate });
  const [order, shifts] = [random("order"), random("shifts")];
  const stepsInEpoch = Math.ceil(labels.length / batchSize);
  for (let epoch = 0; epoch < epochs; epoch++) {
    const shuffled = permutation(labels.length, order);
    let sum = 0;
    for (let step = 0; step < stepsInEpoch; step++) {
      const chosen = shuffled.subarray(step * batchSize, (step + 1) * batchSize);
      optimizer.learningRate = learningRate * (1 - (epoch * stepsInEpoch + step) / (epochs * stepsInEpoch));
      sum += scope(() => {
        const inputs = shifted(images.batch(chosen, SCALING), shifts);
        const targets = oneHot(
          Array.from(chosen, (image) => labels[image] as number),
          DIGITS,
        );
        return optimizer
          .minimize(() => categoricalCrossEntropyWithLogits(classifier.apply(inputs), targets))
          .itemSync();
      });
    }
    onEpoch?.(epoch + 1, sum / stepsInEpoch);
  }
  return classifier;
}

/** The share of images whose most probable digit is their label. */
export function accuracyOf({ probabilities }: Seen, labels: ArrayLike<number>): number {
  let right = 0;
  for (let image = 0; image < labels.length; image++) {
    const row = probabilities.subarray(image * DIGITS, (image + 1) * DIGITS);
    if (row.indexOf(Math.max(...row)) === labels[image]) right++;
  }
  return right / labels.length;
}

/** The numbers below `count` in an order that is drawn (Fisher & Yates, 1938). */
function permutation(count: number, random: Random): Int32Array {
  const numbers = Int32Array.from({ length: count }, (_, i) => i);
  for (let last = count - 1; last > 0; last--) {
    const other = random.integer(last + 1);
    const [a, b] = [numbers[last] as number, numbers[other] as number];
    numbers[last] = b;
    numbers[other] = a;
  }
  return numbers;
}

/** Images, each moved by as many pixels as is drawn for it; what moves in is black. */
export function shifted(images: Tensor, random: Random): Tensor {
  const pixels = images.dataSync();
  const moved = new Float32Array(pixels.length).fill(BLACK);
  for (let start = 0; start < pixels.length; start += IMAGE_SIDE ** 2) {
    const down = random.integer(2 * MOST_SHIFT + 1) - MOST_SHIFT;
    const right = random.integer(2 * MOST_SHIFT + 1) - MOST_SHIFT;
    const [firstColumn, endColumn] = [Math.max(0, -right), IMAGE_SIDE - Math.max(0, right)];
    for (let row = Math.max(0, -down); row < IMAGE_SIDE - Math.max(0, down); row++) {
      const source = start + row * IMAGE_SIDE;
      const target = start + (row + down) * IMAGE_SIDE + right;
      moved.set(pixels.subarray(source + firstColumn, source + endColumn), target + firstColumn);
    }
  }
  return tensor(moved, { shape: images.shape });
}
