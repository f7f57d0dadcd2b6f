// Loss functions against PyTorch (fixtures/training.json), against their formulas, and at their edges.

import { readFileSync } from "node:fs";
import {
  binaryCrossEntropy,
  binaryCrossEntropyWithLogits,
  categoricalCrossEntropy,
  categoricalCrossEntropyWithLogits,
  klDivergenceNormal,
  type LossOptions,
  meanAbsoluteError,
  meanSquaredError,
  type Shape,
  ShapeError,
  type Tensor,
  tensor,
  useBackend,
  valueAndGradients,
} from "@adjoint/core";
import { checkGradients, checkSecondGradients } from "@adjoint/core/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const functions = {
  binaryCrossEntropy,
  binaryCrossEntropyWithLogits,
  categoricalCrossEntropy,
  categoricalCrossEntropyWithLogits,
  meanSquaredError,
  meanAbsoluteError,
  klDivergenceNormal,
} as const;

interface LossCase {
  readonly name: keyof typeof functions;
  readonly shape: Shape;
  readonly first: number[];
  readonly second: number[];
  readonly mean: number[];
  readonly sum: number[];
  readonly none: number[];
  readonly gradient: number[];
}

const fixture: { torch: string; losses: readonly LossCase[] } = JSON.parse(
  readFileSync(new URL("fixtures/training.json", import.meta.url), "utf8"),
);

const values = (x: Tensor) => Array.from(x.dataSync());

function expectClose(actual: Tensor, expected: readonly number[], tolerance = 1e-13): void {
  expect(actual.size).toBe(expected.length);
  const scale = Math.max(1e-300, ...expected.map(Math.abs));
  values(actual).forEach((x, i) => {
    expect(Math.abs(x - (expected[i] as number)) / scale, `element ${i}: ${x}, not ${expected[i]}`).toBeLessThan(
      tolerance,
    );
  });
}

beforeAll(async () => {
  await useBackend("reference:float64");
});

afterAll(async () => {
  await useBackend("reference");
});

describe(`losses against PyTorch ${fixture.torch}`, () => {
  it("has every loss", () => {
    expect(new Set(fixture.losses.map(({ name }) => name))).toEqual(new Set(Object.keys(functions)));
  });

  it.each(fixture.losses.map((entry, i) => ({ ...entry, title: `${entry.name}, case ${i},` })))(
    "$title gives the values and the gradient",
    (entry) => {
      const loss: (first: Tensor, second: Tensor, options?: LossOptions) => Tensor = functions[entry.name];
      const [first, second] = [entry.first, entry.second].map((data) => tensor(data).reshape(entry.shape)) as [
        Tensor,
        Tensor,
      ];
      for (const reduction of ["mean", "sum", "none"] as const) {
        expectClose(loss(first, second, { reduction }), entry[reduction]);
      }
      const { value, gradients } = valueAndGradients((x) => loss(x, second), [first]);
      expectClose(value, entry.mean);
      expect(value.shape).toEqual([]);
      expectClose(gradients[0], entry.gradient);
    },
  );

  it.each(Object.entries(functions))(
    "%s has a gradient, and one of that, with respect to both arguments",
    (_, loss) => {
      const first = [
        [0.35, 0.7, 0.45],
        [0.6, 0.55, 0.4],
      ];
      const second = [
        [0.3, 0.1, 0.65],
        [0.05, 0.5, 0.45],
      ];
      const check = loss as (a: Tensor, b: Tensor) => Tensor;
      checkGradients((a, b) => check(a as Tensor, b as Tensor), [first, second]);
      checkSecondGradients((a, b) => check(a as Tensor, b as Tensor), [first, second]);
    },
  );
});

describe("losses by their formulas", () => {
  it("binaryCrossEntropy is −ln p for real, −ln(1 − p) for generated ones", () => {
    const p = tensor([0.8, 0.3]);
    expectClose(binaryCrossEntropy(p, 1), [-(Math.log(0.8) + Math.log(0.3)) / 2]);
    expectClose(binaryCrossEntropy(p, 0), [-(Math.log(0.2) + Math.log(0.7)) / 2]);
    expectClose(binaryCrossEntropy(p, tensor([1, 0]), { reduction: "none" }), [-Math.log(0.8), -Math.log(0.7)]);
  });

  it("cross-entropies on logits are those on probabilities", () => {
    const x = tensor([[1, -2, 0.5]]);
    const t = tensor([[0, 1, 0]]);
    expectClose(binaryCrossEntropyWithLogits(x, t), values(binaryCrossEntropy(x.sigmoid(), t)));
    expectClose(categoricalCrossEntropyWithLogits(x, t), values(categoricalCrossEntropy(x.softmax(), t)));
  });

  it("errors are means of squares and of magnitudes, against a tensor or a number", () => {
    const x = tensor([
      [1, -2],
      [3, 0],
    ]);
    expect(meanSquaredError(x, 1).itemSync()).toBe((0 + 9 + 4 + 1) / 4);
    expect(meanAbsoluteError(x, 1).itemSync()).toBe((0 + 3 + 2 + 1) / 4);
    expect(meanSquaredError(x, x).itemSync()).toBe(0);
  });

  it("the divergence of the standard normal from itself is 0", () => {
    expect(Math.abs(klDivergenceNormal(tensor([[0, 0]]), tensor([[0, 0]])).itemSync())).toBe(0);
    // μ = 1, σ² = e: ½(1 + e − 1 − 1)
    expectClose(klDivergenceNormal(tensor([[1]]), tensor([[1]])), [(Math.E - 1) / 2]);
  });
});

describe("losses at their edges", () => {
  it("clip probabilities as Keras does, so that certain mistakes cost a finite amount", () => {
    const losses = binaryCrossEntropy(tensor([0, 1, 0, 1]), tensor([1, 0, 0, 1]), { reduction: "none" });
    const [wrong, right] = [-Math.log(1e-7), -Math.log(1 - 1e-7)];
    expectClose(losses, [wrong, wrong, right, right], 1e-9);
    expectClose(binaryCrossEntropy(tensor([0]), 1, { epsilon: 0.01 }), [-Math.log(0.01)]);
    expectClose(categoricalCrossEntropy(tensor([[0, 1]]), tensor([[1, 0]])), [-Math.log(1e-7)]);
  });

  it("give no gradient where they clip", () => {
    const { gradients } = valueAndGradients((p) => binaryCrossEntropy(p, 1), [tensor([1e-9, 0.5])]);
    expectClose(gradients[0], [0, -1]);
  });

  it("do not overflow on logits, in float32 either", () => {
    const x = tensor([-1000, 1000], { dtype: "float32" });
    expect(values(binaryCrossEntropyWithLogits(x, 1, { reduction: "none" }))).toEqual([1000, 0]);
    const row = tensor([[1000, 0, -1000]], { dtype: "float32" });
    const target = tensor([[0, 0, 1]], { dtype: "float32" });
    expect(categoricalCrossEntropyWithLogits(row, target).itemSync()).toBe(2000);
  });

  it("pass over masked classes, and give their logits no gradient", () => {
    const x = tensor([
      [-Infinity, 0, 1],
      [2, -Infinity, -Infinity],
    ]);
    const t = tensor([
      [0, 1, 0],
      [1, 0, 0],
    ]);
    const { value, gradients } = valueAndGradients((x) => categoricalCrossEntropyWithLogits(x, t), [x]);
    expectClose(value, [Math.log(1 + Math.E) / 2]);
    const share = 1 / (1 + Math.exp(-1)) / 2;
    expectClose(gradients[0], [0, -share, share, 0, 0, 0]);
  });

  it("give targets of 0 and 1 their gradients, and second ones, as all others", () => {
    const x = tensor([[0.3, -1, 0.5]]);
    const t = tensor([[0, 1, 0]]);
    const { gradients } = valueAndGradients((t) => categoricalCrossEntropyWithLogits(x, t), [t]);
    expectClose(gradients[0], values(x.logSoftmax().neg()));
    const p = { shape: [1, 3], data: [0.2, 0.5, 0.3] };
    const certain = { shape: [1, 3], data: [0, 1, 0] };
    const exact = { epsilon: 0, reduction: "none" } as const;
    for (const loss of [binaryCrossEntropyWithLogits, categoricalCrossEntropyWithLogits]) {
      checkGradients((x, t) => loss(x, t, { reduction: "none" }), [p, certain]);
      checkSecondGradients((x, t) => loss(x, t, { reduction: "none" }), [p, certain]);
    }
    for (const loss of [binaryCrossEntropy, categoricalCrossEntropy]) {
      checkGradients((p, t) => loss(p, t, exact), [p, certain]);
      checkSecondGradients((p, t) => loss(p, t, exact), [p, certain]);
    }
  });

  it.each(Object.entries(functions))("%s refuses shapes that would broadcast", (name, loss) => {
    const call = () => (loss as (a: Tensor, b: Tensor) => Tensor)(tensor([1, 0]), tensor([[1], [0]]));
    expect(call).toThrow(ShapeError);
    const what = name === "klDivergenceNormal" ? "mean and log-variance" : "prediction and target";
    expect(call).toThrow(`${name}: ${what} differ in shape: [2] × [2,1]`);
  });

  it("refuse an unknown reduction", () => {
    expect(() => meanSquaredError(tensor([1]), 0, { reduction: "average" as never })).toThrow(
      'meanSquaredError: reduction must be "mean", "sum" or "none", got "average"',
    );
  });
});
