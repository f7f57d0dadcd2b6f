// The program of `npm run train-classifier`: trains the classifier on MNIST's training set, says what share of the test
// set it recognizes, and writes its weights with what it sees in the training set.

import { AdjointError, ArgumentError, DataError, useBackend } from "@adjoint/core";
import { loadMnist, type Mnist } from "@adjoint/mnist";
import { FEATURE_SIZE } from "./classifier.js";
import { CLASSIFIER_FILE, writeClassifier } from "./classifier-file.js";
import { type ClassifierSettings, readSettings } from "./classifier-settings.js";
import { momentsOf } from "./moments.js";
import { accuracyOf, type LabelledImages, trainClassifier } from "./training.js";

/** What is shipped recognizes at least this share of the test set. */
const SHIPPED_ACCURACY = 0.99;

const say = (line: string) => process.stdout.write(`${line}\n`);

try {
  const settings = readSettings(process.argv.slice(2));
  // by this backend the weights are the same bits on every machine
  const { backend } = await useBackend("wasm");
  try {
    await run(settings);
  } finally {
    await backend.dispose();
  }
} catch (error) {
  if (!(error instanceof AdjointError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = error instanceof ArgumentError ? 2 : 1;
}

async function run({ out, training: settings }: ClassifierSettings): Promise<void> {
  const [train, test] = [labelled(loadMnist("train")), labelled(loadMnist("test"))];
  const onEpoch = (epoch: number, loss: number) => say(`epoch ${epoch}  loss ${loss.toFixed(5)}`);
  const classifier = trainClassifier(train, { ...settings, onEpoch });
  const accuracy = accuracyOf(await classifier.lookAtDataset(test.images), test.labels);
  if (out === CLASSIFIER_FILE && accuracy < SHIPPED_ACCURACY) {
    const [found, wanted] = [accuracy, SHIPPED_ACCURACY].map((share) => `${(100 * share).toFixed(2)} %`);
    const problem = `${found} of the test set are recognized, the classifier that all runs are measured with needs ${wanted}`;
    throw new DataError("train-classifier", `${problem}; its file is left as it was: name another with --out`);
  }
  const { features } = await classifier.lookAtDataset(train.images);
  const description = new Map([
    ...Object.entries(settings).map(([name, value]) => [name, String(value)] as const),
    ["test accuracy", String(accuracy)],
  ]);
  const training = momentsOf(features, FEATURE_SIZE);
  await writeClassifier(out, { classifier, training, images: train.sha256, description });
  say(`${(100 * accuracy).toFixed(2)} % of the test set are recognized; the weights are in ${out}`);
}

function labelled(mnist: Mnist): Mnist & LabelledImages {
  const { labels } = mnist;
  if (!labels) throw new DataError("train-classifier", `${mnist.source} has no labels`);
  return { ...mnist, labels };
}
