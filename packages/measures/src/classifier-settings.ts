// The command line of `npm run train-classifier`.

import { parseArgs } from "node:util";
import { ArgumentError } from "@adjoint/core";
import { CLASSIFIER_FILE } from "./classifier-file.js";

/** How the classifier is trained, and where its weights go. */
export interface ClassifierSettings {
  readonly out: string;
  readonly training: {
    readonly epochs: number;
    readonly batchSize: number;
    readonly learningRate: number;
    readonly seed: number;
  };
}

/** Reads the arguments. @throws ArgumentError for wrong ones */
export function readSettings(args: readonly string[]): ClassifierSettings {
  const { epochs, seed, out } = readOptions(args);
  return {
    out,
    training: {
      epochs: wholeNumber("--epochs", epochs, 1),
      batchSize: 128,
      learningRate: 0.002,
      seed: wholeNumber("--seed", seed, 0),
    },
  };
}

function readOptions(args: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        epochs: { type: "string", default: "20" },
        seed: { type: "string", default: "1" },
        out: { type: "string", default: CLASSIFIER_FILE },
      },
    });
    return values;
  } catch (cause) {
    const usage = "expected --epochs <count>, --seed <number> and --out <file>, or none of them";
    throw new ArgumentError("train-classifier", `${(cause as Error).message.split(".")[0]}; ${usage}`, { cause });
  }
}

function wholeNumber(option: string, text: string, least: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= least) return value;
  throw new ArgumentError("train-classifier", `${option} must be a whole number ≥ ${least}, got ${text}`);
}
