// Every layer that has an ONNX form: what onnxruntime-node computes from it is what the layer computes, and which
// nodes it becomes.

import {
  Dense,
  Dropout,
  Flatten,
  LeakyReLU,
  type Module,
  Random,
  ReLU,
  Reshape,
  Sequential,
  type Shape,
  Sigmoid,
  Softmax,
  Tanh,
} from "@adjoint/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { runs } from "../../core/test/support/runs.js";
import { expectAgreement } from "./support/agreement.js";
import { Message } from "./support/messages.js";
import { createGan, dense } from "./support/models.js";
import { build, plans } from "./support/plans.js";

const random = new Random(1);

/** A layer, the shape of one input, and the operators that it becomes. */
const CASES: readonly [string, () => Module, Shape, string[]][] = [
  ["Dense", () => dense(5, 3, random), [5], ["Gemm"]],
  ["Dense without a bias", () => dense(5, 3, random, false), [5], ["Gemm"]],
  ["Dense over more axes", () => dense(5, 3, random), [2, 4, 5], ["MatMul", "Add"]],
  ["Dense over more axes, without a bias", () => dense(5, 3, random, false), [2, 5], ["MatMul"]],
  ["LeakyReLU", () => new LeakyReLU({ negativeSlope: 0.3 }), [6], ["LeakyRelu"]],
  ["LeakyReLU of slope 0", () => new LeakyReLU({ negativeSlope: 0 }), [6], ["LeakyRelu"]],
  ["ReLU", () => new ReLU(), [2, 3], ["Relu"]],
  ["Tanh", () => new Tanh(), [7], ["Tanh"]],
  ["Sigmoid", () => new Sigmoid(), [7], ["Sigmoid"]],
  ["Softmax", () => new Softmax(), [2, 5], ["Softmax"]],
  ["Softmax along a middle axis", () => new Softmax({ axis: 1 }), [3, 5], ["Softmax"]],
  ["Softmax over the batch", () => new Softmax({ axis: 0 }), [5], ["Softmax"]],
  ["Dropout, which is nothing in evaluation", () => new Dropout(0.5, { random }), [5], ["Identity"]],
  ["Flatten", () => new Flatten(), [2, 3, 4], ["Flatten"]],
  ["Flatten of a number each", () => new Flatten(), [], ["Flatten"]],
  ["Reshape", () => new Reshape([3, 2, 1]), [6], ["Reshape"]],
  ["Reshape with a size left open", () => new Reshape([-1, 2]), [4, 3], ["Reshape"]],
  ["Reshape to a number each", () => new Reshape([]), [1], ["Reshape"]],
  ["Sequential of nothing", () => new Sequential([]), [2, 3], ["Identity"]],
  ["Sequential, nested", () => new Sequential([new Sequential([new Tanh()]), new ReLU()]), [4], ["Tanh", "Relu"]],
];

describe("a layer", () => {
  it.each(CASES)("%s", async (_, make, inputShape, operators) => {
    const bytes = await expectAgreement(make(), inputShape);
    const graph = new Message(bytes).message(7);
    expect(graph.messages(1).flatMap((node) => node.texts(4))).toEqual(operators);
  });

  it("of a class that inherits its forward has its form", async () => {
    class Wide extends Dense {
      constructor() {
        super(3, 50, { random });
      }
    }
    await expectAgreement(new Sequential([new Wide(), new Tanh()]), [3]);
  });

  it("in two places has a node in each, and its parameters once", async () => {
    const shared = dense(4, 4, random);
    const bytes = await expectAgreement(new Sequential([shared, new Tanh(), shared]), [4]);
    const graph = new Message(bytes).message(7);
    expect(graph.messages(1).map((node) => node.texts(1))).toEqual([
      ["input", "0.kernel", "0.bias"],
      ["0.output"],
      ["1.output", "0.kernel", "0.bias"],
    ]);
    expect(graph.messages(5).flatMap((constant) => constant.texts(8))).toEqual(["0.kernel", "0.bias"]);
  });
});

describe("a model", () => {
  it("is computed alike: the GAN's generator", async () => {
    await expectAgreement(createGan().generator, [10]);
  });

  it("is computed alike: the GAN's discriminator", async () => {
    await expectAgreement(createGan().discriminator, [7, 7, 1]);
  });

  it("is computed alike: random ones", async () => {
    const shapes = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(plans, shapes, fc.nat(), async (plan, inputShape, seed) => {
        await expectAgreement(build(plan, inputShape, new Random(seed)), inputShape);
      }),
      runs(),
    );
  });
});
