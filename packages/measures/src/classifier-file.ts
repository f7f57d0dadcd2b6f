// The file with the trained classifier and what it sees in the training set.

import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { DataError, Random } from "@adjoint/core";
import { type ExactFileArray, fromArrays, type SafetensorsFile, toArrays } from "@adjoint/core/io";
import { openSafetensorsFile, writeSafetensorsFile } from "@adjoint/core/node";
import { DigitClassifier, FEATURE_SIZE } from "./classifier.js";
import type { Moments } from "./moments.js";

/** The file of this package, from its sources and from its build alike. */
export const CLASSIFIER_FILE = join(
  dirname(fileURLToPath(import.meta.url)),
  "..",
  "weights",
  "digit-classifier.safetensors",
);

const MEAN = "training.mean";
const COVARIANCE = "training.covariance";
const CLASSIFIER = "classifier.";

/** What `npm run train-classifier` makes. */
export interface TrainedClassifier {
  readonly classifier: DigitClassifier;
  /** Of the features of all images that it was trained on. */
  readonly training: Moments;
  /** SHA-256 of these images' file, uncompressed. */
  readonly images: string;
  /** How it was trained and what came out, as texts by name. */
  readonly description: ReadonlyMap<string, string>;
}

const IMAGES = "training images, SHA-256";

/** Writes the file, all or nothing. Throws FileSystemError with one line that names the path. */
export async function writeClassifier(path: string, trained: TrainedClassifier): Promise<void> {
  const { classifier, training, images, description } = trained;
  const state = await toArrays(classifier.stateDict());
  const arrays = [
    ...[...state].map(([name, array]) => [CLASSIFIER + name, array] as const),
    [MEAN, { shape: [FEATURE_SIZE], data: training.mean }] as const,
    [COVARIANCE, { shape: [FEATURE_SIZE, FEATURE_SIZE], data: training.covariance }] as const,
  ];
  await writeSafetensorsFile(path, arrays, { metadata: [...description, [IMAGES, images]] });
}

/**
 * Reads the file; the classifier is on the current backend.
 *
 * @throws FileSystemError or FileFormatError where it cannot be read, StateError where it holds another network
 */
export async function readClassifier(path: string = CLASSIFIER_FILE): Promise<TrainedClassifier> {
  const file = await openSafetensorsFile(path);
  try {
    const names = [...file.tensors.keys()].filter((name) => name.startsWith(CLASSIFIER));
    const arrays = await file.readAll(names);
    const state = new Map([...arrays].map(([name, array]) => [name.slice(CLASSIFIER.length), array]));
    // its first weights are overwritten
    const classifier = new DigitClassifier(new Random(0));
    classifier.loadStateDict(fromArrays(state));
    const mean = await readFloat64(file, path, MEAN, FEATURE_SIZE);
    const covariance = await readFloat64(file, path, COVARIANCE, FEATURE_SIZE ** 2);
    const { [IMAGES]: images = "", ...description } = Object.fromEntries(file.metadata);
    return { classifier, training: { mean, covariance }, images, description: new Map(Object.entries(description)) };
  } finally {
    await file.close();
  }
}

/** SHA-256 of the images that a classifier was trained on. Throws as `readClassifier` does. */
export async function trainingImagesOf(path: string = CLASSIFIER_FILE): Promise<string | undefined> {
  const file = await openSafetensorsFile(path);
  await file.close();
  return file.metadata.get(IMAGES);
}

async function readFloat64(file: SafetensorsFile, path: string, name: string, size: number): Promise<Float64Array> {
  const { data, type, shape }: ExactFileArray = await file.readExact(name);
  if (data instanceof Float64Array && data.length === size) return data;
  const problem = `expected ${size} values of float64, found ${type} [${shape.join(",")}]`;
  throw new DataError("readClassifier", `${path}: tensor "${name}": ${problem}`);
}
