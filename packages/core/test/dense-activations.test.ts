// A dense layer and the activation behind it, which a Sequential computes in one pass: the same bits and the same
// derivatives as one after the other, and only where nobody could tell.

import {
  Dense,
  gradients,
  LeakyReLU,
  type Module,
  Random,
  ReLU,
  randomNormal,
  Sequential,
  Sigmoid,
  Tanh,
  type Tensor,
  useBackend,
  WasmBackend,
} from "@adjoint/core";
import { checkGradients, checkSecondGradients } from "@adjoint/core/testing";
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";

afterEach(() => {
  vi.restoreAllMocks();
});

afterAll(async () => {
  await useBackend("reference");
});

/** A dense layer of odd sizes with a bias that is not 0, the activation behind it, and the two as a model. */
function layersWith(activation: Module, { bias = true } = {}) {
  const random = new Random(3);
  const dense = new Dense(7, 5, { random, bias, biasInitializer: ({ shape }) => randomNormal(shape, { random }) });
  const x = () => randomNormal([3, 7], { random: new Random(5), requiresGradient: true });
  return { dense, model: new Sequential([dense, activation]), x };
}

const activations: readonly (readonly [string, () => Module])[] = [
  ["LeakyReLU", () => new LeakyReLU()],
  ["ReLU", () => new ReLU()],
  ["Tanh", () => new Tanh()],
  ["Sigmoid", () => new Sigmoid()],
];

describe.each(["reference", "wasm"] as const)("on %s", (name) => {
  it.each(activations)(
    "%s behind a dense layer has the bits of the two alone, and so have the gradients",
    async (_, make) => {
      const { backend } = await useBackend(name);
      const activation = make();
      const { dense, model, x } = layersWith(activation);
      const outcome = (apply: (x: Tensor) => Tensor) => {
        const input = x();
        const y = apply(input);
        const found = gradients(y.square().sum(), [input, ...dense.parameters()]);
        return [y, ...found].map((tensor) => [...tensor.dataSync()]);
      };
      const apart = outcome((input) => activation.apply(dense.apply(input)));
      const matmul = vi.spyOn(backend, "matmul");
      expect(outcome((input) => model.apply(input))).toEqual(apart);
      expect(matmul.mock.calls[0]?.[3]).toHaveProperty("activation");
      if (backend instanceof WasmBackend) await backend.dispose();
    },
  );
});

describe("in float64", () => {
  it.each(activations)(
    "the first and second gradients of %s behind a dense layer are those of differences",
    async (_, make) => {
      await useBackend("reference:float64");
      const { model, x } = layersWith(make());
      const input = [...x().dataSync()];
      const rows = [input.slice(0, 7), input.slice(7, 14), input.slice(14)];
      expect(checkGradients((value) => model.apply(value), [rows]).error).toBeLessThan(1e-6);
      expect(checkSecondGradients((value) => model.apply(value), [rows]).error).toBeLessThan(1e-5);
    },
  );
});

describe("one pass is not taken", () => {
  it.each([0, -0.5])(
    "for a LeakyReLU with a slope of %s, whose result does not tell its gradient",
    async (negativeSlope) => {
      await useBackend("reference:float64");
      const { dense, model, x } = layersWith(new LeakyReLU({ negativeSlope }));
      const input = x();
      const before = dense.apply(input).dataSync();
      const [found] = gradients(model.apply(input).sum(), [dense.bias as Tensor]);
      const slopes = Array.from(before, (value) => (value > 0 ? 1 : negativeSlope));
      const expected = Array.from({ length: 5 }, (_, j) =>
        [0, 1, 2].reduce((sum, i) => sum + (slopes[5 * i + j] as number), 0),
      );
      expect([...(found?.dataSync() ?? [])]).toEqual(expected);
    },
  );

  it("without a bias", async () => {
    await useBackend("reference:float64");
    const { dense, model, x } = layersWith(new Tanh(), { bias: false });
    expect(model.apply(x()).dataSync()).toEqual(dense.apply(x()).dataSync().map(Math.tanh));
  });

  it("for classes derived from the layers, and for layers with a method replaced, which may compute something else", async () => {
    await useBackend("reference:float64");
    class Shifted extends Tanh {
      override forward(x: Tensor): Tensor {
        return super.forward(x).add(1);
      }
    }
    const { dense, x } = layersWith(new Tanh());
    const before = dense.apply(x()).dataSync();
    const shifted = before.map((value) => Math.tanh(value) + 1);
    expect(new Sequential([dense, new Shifted()]).apply(x()).dataSync()).toEqual(shifted);
    for (const method of ["forward", "apply"] as const) {
      const replaced = new Tanh();
      replaced[method] = (y) => y.tanh().add(1);
      expect(new Sequential([dense, replaced]).apply(x()).dataSync()).toEqual(shifted);
    }
    for (const method of ["forward", "apply"] as const) {
      const { dense: doubled } = layersWith(new Tanh());
      const original = doubled[method].bind(doubled);
      doubled[method] = (y) => original(y).mul(2);
      const expected = before.map((value) => Math.tanh(2 * value));
      expect(new Sequential([doubled, new Tanh()]).apply(x()).dataSync()).toEqual(expected);
    }
  });
});
