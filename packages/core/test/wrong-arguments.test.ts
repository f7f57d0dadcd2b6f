// Wrong arguments that plain JavaScript passes: every one is refused by an error of the library's own.

import {
  AdjointError,
  BatchNorm,
  binaryCrossEntropy,
  binaryCrossEntropyWithLogits,
  categoricalCrossEntropy,
  categoricalCrossEntropyWithLogits,
  Dense,
  Embedding,
  gradients,
  klDivergenceNormal,
  meanAbsoluteError,
  meanSquaredError,
  ReferenceBackend,
  tensor,
  valueAndGradients,
  withBackend,
  zeros,
} from "@adjoint/core";
import { writeCheckpoint } from "@adjoint/core/io";
import { describe, expect, it } from "vitest";

// biome-ignore lint/suspicious/noExplicitAny: an argument that no type allows
const untyped = (value: unknown): any => value;

const x = tensor([0.25, 0.5], { requiresGradient: true });

describe("losses of arrays, of nothing and of null", () => {
  const losses = {
    binaryCrossEntropy,
    binaryCrossEntropyWithLogits,
    categoricalCrossEntropy,
    categoricalCrossEntropyWithLogits,
    klDivergenceNormal,
    meanAbsoluteError,
    meanSquaredError,
  };
  const wrong = [[0.5, 0.5], undefined, null, "0.5", Symbol("x"), new Map(), new Float32Array(2)];
  it.each(Object.entries(losses))("%s refuses them, on either side", (_, loss) => {
    for (const value of wrong) {
      expect(() => loss(untyped(value), x)).toThrow(AdjointError);
      expect(() => loss(x, untyped(value))).toThrow(AdjointError);
      expect(() => loss(x, x, untyped(value ?? null))).toThrow(AdjointError);
    }
  });
});

describe("gradients", () => {
  it.each<[string, unknown]>([
    ["takes an array of tensors, as model.parameters() gives it, got undefined", undefined],
    ["takes an array of tensors, as model.parameters() gives it, got an object (Tensor)", x],
    ["entry 1 must be a tensor, got undefined", [x, undefined]],
  ])("%s", (message, wrt) => {
    expect(() => gradients(x.sum(), untyped(wrt))).toThrow(`gradients: ${message}`);
    expect(() => valueAndGradients(() => x.sum(), untyped(wrt))).toThrow(`valueAndGradients: ${message}`);
  });
});

describe("layers without options", () => {
  it.each<[string, () => unknown]>([
    ["Dense", () => new Dense(2, 2, untyped(undefined))],
    ["Embedding", () => new Embedding(2, 2, untyped(null))],
    ["BatchNorm", () => new BatchNorm(2, untyped(null))],
  ])("%s is refused", (_, make) => {
    expect(make).toThrow(AdjointError);
  });
});

describe("a tensor that no array holds", () => {
  it("is refused by the reference backend", () => {
    withBackend(new ReferenceBackend(), () => {
      expect(() => zeros([2 ** 17, 2 ** 17, 2 ** 18])).toThrow(
        `allocate: there is no memory for an array of ${2 ** 52} elements of float32`,
      );
    });
  });
});

describe("a checkpoint's progress", () => {
  const circular: { self?: unknown } = {};
  circular.self = [circular];
  let deep: unknown = 0;
  for (let i = 0; i < 20_000; i++) deep = [deep];
  it.each<[string, unknown]>([
    ["progress.self.0 is an object inside of itself, which JSON cannot hold", circular],
    // biome-ignore lint/suspicious/noSparseArray: JSON would fill the hole with null
    ["progress.1 is undefined, which JSON cannot hold", [1, , 2]],
    ["progress is nested more than 500 deep", deep],
    ["progress.at is 1n, which JSON cannot hold", { at: 1n }],
  ])("%s", async (message, progress) => {
    await expect(writeCheckpoint({ progress })).rejects.toThrow(`writeCheckpoint: ${message}`);
  });

  it("may hold one object in two places", async () => {
    const shared = { step: 1 };
    expect((await writeCheckpoint({ progress: [shared, shared] })).length).toBeGreaterThan(0);
  });
});
