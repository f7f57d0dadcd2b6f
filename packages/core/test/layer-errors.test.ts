// Errors from inside of a model name the layer, with its place and its sizes; and models, optimizers and generators print.

import { inspect } from "node:util";
import {
  Adam,
  AdjointError,
  Conv2d,
  ConvTranspose2d,
  conv2d,
  Dense,
  Dropout,
  Flatten,
  LeakyReLU,
  Module,
  ModuleList,
  ones,
  Parameter,
  Random,
  ReLU,
  Sequential,
  ShapeError,
  type Tensor,
  zeros,
} from "@adjoint/core";
import { describe, expect, it } from "vitest";

const random = () => new Random(1);
const dense = (inFeatures: number, outFeatures: number) => new Dense(inFeatures, outFeatures, { random: random() });

function errorOf(fn: () => unknown): AdjointError {
  try {
    fn();
  } catch (error) {
    if (error instanceof AdjointError) return error;
  }
  throw new Error("no error of the library");
}

describe("an error inside of a layer", () => {
  it("names the layer with its sizes, and keeps its class, where and stack", () => {
    const generator = new Sequential([dense(100, 64), new LeakyReLU(), dense(128, 784)], { name: "generator" });
    const error = errorOf(() => generator.apply(ones([2, 100])));
    expect(error).toBeInstanceOf(ShapeError);
    expect(error.message).toBe("generator/2 (Dense 128→784): linear: inner sizes differ: [2,64] × [128,784]");
    expect([error.where, error.layer]).toEqual(["linear", "generator/2 (Dense 128→784)"]);
    expect(error.stack?.startsWith(`ShapeError: ${error.message}`) || error.stack?.includes(error.message)).toBe(true);
  });

  it("names it also where a layer and its activation are computed in one pass", () => {
    const model = new Sequential([dense(3, 4), new ReLU(), dense(5, 2), new ReLU()]);
    expect(errorOf(() => model.apply(ones([2, 3]))).message).toContain("Sequential/2 (Dense 5→2): linear: inner");
  });

  it("names it in modules inside of modules, lists and containers", () => {
    class Inner extends Module {
      readonly kind = "Inner";
      readonly parts = { list: new ModuleList([new Sequential([new Flatten(), dense(3, 2)])]) };
      forward(x: Tensor): Tensor {
        return (this.parts.list[0] as Module).apply(x);
      }
    }
    const model = new Sequential([new Inner()], { name: "net" });
    const message = "net/0/parts.list.0/1 (Dense 3→2): linear: inner sizes differ: [2,4] × [3,2]";
    expect(errorOf(() => model.apply(ones([2, 4]))).message).toBe(message);
    expect(errorOf(() => dense(3, 2).apply(ones([2, 4]))).message).toBe(
      "Dense 3→2: linear: inner sizes differ: [2,4] × [3,2]",
    );
  });

  it("names nothing outside of layers, and leaves errors of others as they are", () => {
    class Failing extends Module {
      readonly kind = "Failing";
      forward(): Tensor {
        throw new RangeError("of its own");
      }
    }
    expect(() => new Failing().apply(ones([1]))).toThrow(new RangeError("of its own"));
    const after = errorOf(() => ones([2, 3]).add(ones([4])));
    expect([after.layer, after.message.startsWith("add:")]).toEqual([undefined, true]);
  });
});

describe("a convolution of images with channels first", () => {
  it("says that channels come last, and what to do", () => {
    const options = { random: random() };
    expect(errorOf(() => new Conv2d(3, 8, 3, options).apply(zeros([2, 3, 28, 28]))).message).toBe(
      "Conv2d 3→8, 3×3: conv2d: expected channels last, [batch,height,width,3], got [2,3,28,28] with 3 channels first; " +
        "transpose them: x.transpose([0, 2, 3, 1])",
    );
    expect(() => new ConvTranspose2d(5, 2, 3, options).apply(zeros([2, 5, 7, 7]))).toThrow(
      "ConvTranspose2d 5→2, 3×3: convTranspose2d: expected channels last, [batch,height,width,5]",
    );
    expect(() => new Conv2d(4, 8, 3, { ...options, groups: 2 }).apply(zeros([1, 4, 9, 9]))).toThrow(
      "[batch,height,width,4]",
    );
    expect(() => conv2d(zeros([1, 9, 9, 4]), zeros([3, 3, 5, 2]))).toThrow("channels do not go together");
    expect(new Conv2d(3, 8, 3, options).apply(zeros([2, 3, 28, 28]).transpose([0, 2, 3, 1])).shape).toEqual([
      2, 26, 26, 8,
    ]);
  });
});

describe("console.log", () => {
  class Net extends Module {
    readonly kind = "Net";
    readonly scale = new Parameter(ones([2]), "scale");
    readonly body = new Sequential([dense(2, 3), new Dropout(0.5, { random: random() })]);
    readonly self = this;
    forward(x: Tensor): Tensor {
      return x;
    }
  }

  it("of a module shows a tree", () => {
    const net = new Net({ name: "net" });
    net.body.freeze();
    const text = [
      "net: Net, parameters: 2 trainable, 9 frozen",
      "  scale: Parameter [2]",
      "  body: Sequential",
      "    0: Dense 2→3",
      "    1: Dropout 0.5",
      "  self: Net (above)",
    ].join("\n");
    expect([inspect(net), `${net}`]).toEqual([text, text]);
    expect(inspect({ a: { b: { c: net } } }, { depth: 2 })).toContain("[net]");
    expect(inspect({ net })).toContain("    body: Sequential");
  });

  it("of an optimizer shows its kind, rate, parameters and steps", () => {
    const optimizer = new Adam(dense(100, 128).parameters(), { learningRate: 0.01 });
    optimizer.minimize(() => optimizer.parameters.map((parameter) => parameter.sum()).reduce((a, b) => a.add(b)));
    expect(inspect(optimizer)).toBe("Adam: learningRate 0.01, 2 parameters of 12,928 numbers, 1 step");
    optimizer.parameters[0]?.freeze();
    expect(`${optimizer}`).toContain("12,928 numbers, 1 frozen");
  });

  it("of a generator shows seed, stream and place", () => {
    const generator = new Random(7, { stream: 2 });
    for (let i = 0; i < 3; i++) generator.uniform();
    expect(inspect(generator)).toBe("Random: seed 7, stream 2, at word 6");
  });
});
