// The program of `npm run train-classifier`: trains the classifier on MNIST's training set, says what share of the test
// set it recognizes, and writes its weights with what it sees in the training set.

import { parseArgs } from "node:util";
import { DataError, useBackend } from "@adjoint/core";
import { loadMnist, type Mnist } from "@adjoint/mnist";
import { FEATURE_SIZE } from "./classifier.js";
import { CLASSIFIER_FILE, writeClassifier } from "./classifier-file.js";
import { momentsOf } from "./moments.js";
import { accuracyOf, type LabelledImages, trainClassifier } from "./training.js";

const { values } = parseArgs({
  options: {
    epochs: { type: "string", default: "20" },
    seed: { type: "string", default: "1" },
    out: { type: "string", default: CLASSIFIER_FILE },
  },
});
const say = (line: string) => process.stdout.write(`${line}\n`);

// by this backend the weights are the same bits on every machine
const { backend } = await useBackend("wasm");
try {
  await run();
} finally {
  await backend.dispose();
}

async function run(): Promise<void> {
  const [train, test] = [labelled(loadMnist("train")), labelled(loadMnist("test"))];
  const settings = { epochs: Number(values.epochs), batchSize: 128, learningRate: 0.002, seed: Number(values.seed) };
  const onEpoch = (epoch: number, loss: number) => say(`epoch ${epoch}  loss ${loss.toFixed(5)}`);
  const classifier = trainClassifier(train, { ...settings, onEpoch });
  const accuracy = accuracyOf(await classifier.lookAtDataset(test.images), test.labels);
  const { features } = await classifier.lookAtDataset(train.images);
  const description = new Map([
    ...Object.entries(settings).map(([name, value]) => [name, String(value)] as const),
    ["test accuracy", String(accuracy)],
  ]);
  const training = momentsOf(features, FEATURE_SIZE);
  await writeClassifier(values.out, { classifier, training, images: train.sha256, description });
  say(`${(100 * accuracy).toFixed(2)} % of the test set are recognized; the weights are in ${values.out}`);
}

function labelled(mnist: Mnist): Mnist & LabelledImages {
  const { labels } = mnist;
  if (!labels) throw new DataError("train-classifier", `${mnist.source} has no labels`);
  return { ...mnist, labels };
}
