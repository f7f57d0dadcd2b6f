// minimize and applyGradients: what they give back, and what optimizers refuse before anything changes.

import {
  Adam,
  ArgumentError,
  Dense,
  type Optimizer,
  Parameter,
  Random,
  RMSprop,
  SGD,
  type Tensor,
  tensor,
  useBackend,
  zeros,
} from "@adjoint/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bits } from "./support/bits.js";

const values = (x: Tensor) => Array.from(x.dataSync());

/** One parameter of the given values, and an optimizer of it. */
function single(start: number[], make: (parameters: Parameter[]) => Optimizer) {
  const parameter = new Parameter(tensor(start), "p");
  return { parameter, optimizer: make([parameter]) };
}

beforeAll(async () => {
  await useBackend("reference:float64");
});

afterAll(async () => {
  await useBackend("reference");
});

describe("minimize", () => {
  it("returns what its function returned, cut from the graph, from before the update", () => {
    const { parameter, optimizer } = single([3], (p) => new SGD(p, { learningRate: 1 }));
    const result = optimizer.minimize(() => ({ loss: parameter.square().sum(), doubled: parameter.mul(2) }));
    expect([result.loss.itemSync(), result.doubled.itemSync()]).toEqual([9, 6]);
    expect(values(parameter)).toEqual([-3]);
    expect([result.loss.node, result.doubled.requiresGradient]).toEqual([undefined, false]);
    expect(optimizer.minimize(() => parameter.square().sum()).itemSync()).toBe(9);
  });

  it("refuses a loss of several elements, a forgotten return and a promise; nothing changes then", () => {
    const { parameter, optimizer } = single([3, 4], (p) => new Adam(p));
    const before = [values(parameter), bits(optimizer)];
    expect(() => optimizer.minimize(() => parameter.square())).toThrow("the loss must have one element, got [2]");
    expect(() => optimizer.minimize(() => undefined as never)).toThrow("the loss must be a tensor, got undefined");
    expect(() => optimizer.minimize((async () => parameter.sum()) as never)).toThrow(
      "minimize: its function must be synchronous, got a promise",
    );
    expect([values(parameter), bits(optimizer)]).toEqual(before);
  });

  it("passes on what its function throws, with nothing changed", () => {
    const { parameter, optimizer } = single([3], (p) => new Adam(p));
    const fails = () => {
      throw new Error("of its own");
    };
    expect(() => optimizer.minimize(fails)).toThrow("of its own");
    expect(values(parameter)).toEqual([3]);
  });
});

describe("what optimizers refuse", () => {
  const parameter = () => new Parameter(zeros([2, 3]), "weights");

  it("anything but a list of distinct parameters", () => {
    const refusal = "Optimizer: takes Parameters: pass model.parameters(), not a model or tensors";
    expect(() => new Adam([])).toThrow("Optimizer: needs at least one parameter, got none");
    expect(() => new Adam([zeros([1])] as never)).toThrow(refusal);
    expect(() => new Adam(new Dense(1, 1, { random: new Random(0) }) as never)).toThrow(refusal);
    expect(() => new Adam(undefined as never)).toThrow(refusal);
    const twice = parameter();
    expect(() => new Adam([twice, twice])).toThrow('Optimizer: the parameter "weights" is given twice');
  });

  it.each<[string, () => Optimizer]>([
    ["SGD: learningRate must be a number in [0, Infinity), got -1", () => new SGD([parameter()], { learningRate: -1 })],
    ["SGD: momentum must be a number in [0, 1), got 1", () => new SGD([parameter()], { momentum: 1 })],
    ["RMSprop: decay must be a number in [0, 1), got 2", () => new RMSprop([parameter()], { decay: 2 })],
    [
      "RMSprop: epsilon must be a number in [0, Infinity), got NaN",
      () => new RMSprop([parameter()], { epsilon: Number.NaN }),
    ],
    [
      "Adam: learningRate must be a number in [0, Infinity), got Infinity",
      () => new Adam([parameter()], { learningRate: Infinity }),
    ],
    ["Adam: beta1 must be a number in [0, 1), got 1", () => new Adam([parameter()], { beta1: 1 })],
    ["Adam: beta2 must be a number in [0, 1), got -0.5", () => new Adam([parameter()], { beta2: -0.5 })],
    [
      'Adam: convention must be "keras" or "pytorch", got "tensorflow"',
      () => new Adam([parameter()], { convention: "tensorflow" as never }),
    ],
  ])("%s", (message, make) => {
    expect(make).toThrow(ArgumentError);
    expect(make).toThrow(message);
  });

  it("a gradient of another shape, or one that is gone, with nothing changed", () => {
    const { parameter: p, optimizer } = single([1, 2], (parameters) => new Adam(parameters));
    const before = bits(optimizer);
    expect(() => optimizer.applyGradients(new Map([[p, tensor(1)]]))).toThrow(
      'applyGradients: the parameter "p" is [2], its gradient []',
    );
    const gone = tensor([1, 2]);
    gone.dispose();
    expect(() => optimizer.applyGradients(new Map([[p, gone]]))).toThrow(
      "applyGradients: the tensor made by tensor was disposed",
    );
    expect(bits(optimizer)).toEqual(before);
  });
});
