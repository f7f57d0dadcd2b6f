// The nonlinearities: properties on random calls, values and gradients by hand, and what they do far out.

import {
  type Activation,
  type BackendBuffer,
  leakyRelu,
  ReferenceBackend,
  relu,
  sigmoid,
  softplus,
  type Tensor,
  tanh,
  tensor,
  valueAndGradients,
  withBackend,
} from "@adjoint/core";
import { describe, expect, it } from "vitest";
import { activationCases } from "../support/arithmetic-cases.js";
import { describeOps } from "../support/describe-ops.js";
import { expectGradients, expectTensor, gradientsFor, valueFor } from "../support/expectations.js";

describeOps(activationCases);

describe("tanh", () => {
  it("is (e²ˣ − 1)/(e²ˣ + 1), and passes dy·(1 − y²)", () => {
    // at ½ ln 3: (3 − 1)/(3 + 1) = ½, and 8·(1 − ¼) = 6
    const x = Math.log(3) / 2;
    expectTensor(valueFor(tanh, [0, x, -x]), [0, 0.5, -0.5]);
    expectGradients(gradientsFor(tanh, [5, 8, 8], [0, x, -x]), [5, 6, 6]);
  });
});

describe("sigmoid", () => {
  it("is 1/(1 + e⁻ˣ), and passes dy·y·(1 − y)", () => {
    // at ln 3: 1/(1 + ⅓) = ¾, and 16·¾·¼ = 3
    const x = Math.log(3);
    expectTensor(valueFor(sigmoid, [0, x, -x]), [0.5, 0.75, 0.25]);
    expectGradients(gradientsFor(sigmoid, [4, 16, 16], [0, x, -x]), [1, 3, 3]);
  });

  it("has no slope far out, and no overflow", () => {
    expectTensor(valueFor(sigmoid, [-1e4, 1e4]), [0, 1]);
    expectGradients(gradientsFor(sigmoid, [1, 1], [-1e4, 1e4]), [0, 0]);
  });
});

describe("relu", () => {
  it("is max(x, 0), and passes dy above 0 only", () => {
    expectTensor(valueFor(relu, [-2, 0, 3]), [0, 0, 3]);
    expectGradients(gradientsFor(relu, [5, 6, 7], [-2, 0, 3]), [0, 0, 7]);
  });
});

describe("leakyRelu", () => {
  it("keeps x above 0 and takes slope·x elsewhere", () => {
    expectTensor(valueFor(leaky(0.25), [-8, 0, 3]), [-2, 0, 3]);
    expectTensor(valueFor(leaky(-2), [-8, 3]), [16, 3]);
    expectTensor(
      valueFor((x) => leakyRelu(x), [-8, 3]),
      [-0.08, 3],
    );
  });

  it("passes dy above 0, and dy·slope below it and at it", () => {
    expectGradients(gradientsFor(leaky(0.25), [4, 8, 7], [-8, 0, 3]), [1, 2, 7]);
  });
});

describe("softplus", () => {
  it("is ln(1 + eˣ), and passes dy·σ(x)", () => {
    // at ln 3: ln 4, and 4·¾ = 3
    const x = Math.log(3);
    expectTensor(valueFor(softplus, [0, x]), [Math.LN2, Math.log(4)]);
    expectGradients(gradientsFor(softplus, [4, 4], [0, x]), [2, 3]);
  });

  it("is the line x far above 0, and eˣ far below", () => {
    expectTensor(valueFor(softplus, [800, -800]), [800, 0]);
    expectTensor(
      valueFor((x) => softplus(x).mul(Math.exp(40)), [-40]),
      [1],
    );
    expectGradients(gradientsFor(softplus, [1, 1], [800, -800]), [1, 0]);
  });
});

describe("a backend's own pass for the gradient of an activation", () => {
  /** Counts calls, and computes something that nothing else would: y + parameters, whatever dy is. */
  class OnePass extends ReferenceBackend {
    readonly calls: string[] = [];

    activationGradient({ name, parameters }: Activation, _dy: BackendBuffer, y: BackendBuffer): BackendBuffer {
      this.calls.push(`${name} ${parameters.join()}`.trim());
      return this.upload(this.readSync(y).map((value) => value + (parameters[0] ?? 0)));
    }
  }

  it.each<[string, (x: Tensor) => Tensor, number[]]>([
    ["tanh", tanh, [0, 0]],
    ["sigmoid", sigmoid, [0.5, 0.5]],
    ["relu", relu, [0, 0]],
    ["leakyRelu 0.25", leaky(0.25), [0.25, 0.25]],
  ])("is asked for %s, with its parameters and its result", (call, op, expected) => {
    const backend = new OnePass({ dtype: "float64" });
    withBackend(backend, () => {
      const [slope] = valueAndGradients((x) => op(x).sum(), [tensor([0, 0])]).gradients;
      expectTensor(slope, expected);
      expect(backend.calls).toEqual([call]);
    });
  });

  it("is not asked for a leakyRelu whose result does not tell on which side it was", () => {
    const backend = new OnePass({ dtype: "float64" });
    withBackend(backend, () => {
      const [slope] = valueAndGradients((x) => leaky(-2)(x).sum(), [tensor([-1, 1])]).gradients;
      expectTensor(slope, [-2, 1]);
      expect(backend.calls).toEqual([]);
    });
  });
});

function leaky(negativeSlope: number) {
  return (x: Tensor) => leakyRelu(x, { negativeSlope });
}
