// The command line of `npm run train-classifier`.

import { ArgumentError } from "@adjoint/core";
import { expect, it } from "vitest";
import { CLASSIFIER_FILE } from "../src/classifier-file.js";
import { readSettings } from "../src/classifier-settings.js";

it("trains what is shipped where nothing is said, and what is asked for", () => {
  const { out, training } = readSettings([]);
  expect(out).toBe(CLASSIFIER_FILE);
  expect(training).toEqual({ epochs: 20, batchSize: 128, learningRate: 0.002, seed: 1 });
  const asked = readSettings(["--epochs", "3", "--seed", "0", "--out", "x.safetensors"]);
  expect(asked).toMatchObject({ out: "x.safetensors", training: { epochs: 3, seed: 0 } });
});

it.each([
  [["--epochs", "abc"], "train-classifier: --epochs must be a whole number ≥ 1, got abc"],
  [["--epochs", "0"], "train-classifier: --epochs must be a whole number ≥ 1, got 0"],
  [["--epochs", "0.5"], "train-classifier: --epochs must be a whole number ≥ 1, got 0.5"],
  [["--seed", ""], "train-classifier: --seed must be a whole number ≥ 0, got "],
  [["--nothing"], "train-classifier: Unknown option '--nothing'; expected --epochs <count>"],
  [["more"], "train-classifier: Unexpected argument 'more'"],
])("refuses %j, saying what it takes", (args, message) => {
  expect(() => readSettings(args)).toThrow(ArgumentError);
  expect(() => readSettings(args)).toThrow(message);
});
