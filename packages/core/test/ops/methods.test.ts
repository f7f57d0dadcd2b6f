// Every op whose first argument is a tensor is a method too, and gives the same.

import * as adjoint from "@adjoint/core";
import { Tensor, tensor } from "@adjoint/core";
import { describe, expect, it } from "vitest";
import { inFloat64, read } from "../support/expectations.js";

const square = () => tensor([1, 2, 3, 4], { shape: [2, 2] });
const kernel = () => tensor([1, 2], { shape: [2, 1, 1, 1] });

/** A call of each: the arguments after the tensor. Made anew each time, on the current backend. */
const calls: Readonly<Record<string, () => unknown[]>> = {
  add: () => [tensor([10, 20])],
  sub: () => [tensor([10, 20])],
  mul: () => [tensor([10, 20])],
  div: () => [tensor([10, 20])],
  pow: () => [3],
  maximum: () => [2],
  minimum: () => [2],
  neg: () => [],
  exp: () => [],
  log: () => [],
  sqrt: () => [],
  square: () => [],
  abs: () => [],
  clip: () => [2, 3],
  sign: () => [],
  equal: () => [2],
  notEqual: () => [2],
  less: () => [2],
  lessEqual: () => [2],
  greater: () => [2],
  greaterEqual: () => [2],
  where: () => [tensor([10, 20]), 0],
  tanh: () => [],
  sigmoid: () => [],
  relu: () => [],
  leakyRelu: () => [{ negativeSlope: 0.5 }],
  softplus: () => [],
  sum: () => [{ axis: 0 }],
  mean: () => [{ axis: 1, keepDims: true }],
  max: () => [{ axis: 0 }],
  min: () => [{ axis: 0 }],
  argMax: () => [{ axis: 0 }],
  softmax: () => [{ axis: 0 }],
  logSoftmax: () => [{ axis: 0 }],
  matmul: () => [square(), { transposeB: true }],
  linear: () => [square(), tensor([5, 6])],
  reshape: () => [[4]],
  transpose: () => [[0, 1]],
  slice: () => [[[0, 1]]],
  gather: () => [[1, 0, 1]],
  broadcastTo: () => [[3, 2, 2]],
  detach: () => [],
  batchNorm: () => [{ epsilon: 1 }],
  layerNorm: () => [{ epsilon: 1 }],
  conv2d: () => [kernel(), { padding: 1 }],
  convTranspose2d: () => [kernel(), { stride: 2 }],
  maxPool2d: () => [2, { padding: 1 }],
  averagePool2d: () => [2, { padding: 1 }],
  upSample: () => [3],
};

/** Those that take images. */
const ofImages = ["conv2d", "convTranspose2d", "maxPool2d", "averagePool2d", "upSample"];

/** Methods of a tensor that are no ops. */
const OWN = ["constructor", "data", "item", "dataSync", "itemSync", "dispose", "toString", "bufferFor", "operandFor"];

function isCallable(value: unknown): value is (...args: unknown[]) => Tensor {
  return typeof value === "function";
}

function installed(): string[] {
  const properties = Object.entries(Object.getOwnPropertyDescriptors(Tensor.prototype));
  return properties.filter(([name, { value }]) => isCallable(value) && !OWN.includes(name)).map(([name]) => name);
}

describe("the methods of a tensor", () => {
  it("are the ops, and all of them are called here", () => {
    expect(installed().toSorted()).toEqual(Object.keys(calls).toSorted());
  });

  it("are all functions of the package that take a tensor first and are differentiable or compare", () => {
    // those that take a list, indices or a shape first are functions only
    const functionsOnly = ["concat", "stack", "oneHot"];
    for (const name of functionsOnly) expect(installed()).not.toContain(name);
    for (const name of Object.keys(calls)) expect(adjoint).toHaveProperty(name);
  });

  it.each(Object.entries(calls))("x.%s(…) gives what the function gives", (name, rest) => {
    inFloat64(() => {
      const x = example(name);
      const op: unknown = Reflect.get(adjoint, name);
      const method: unknown = Reflect.get(x, name);
      if (!isCallable(op) || !isCallable(method)) throw new Error(`${name} is not callable`);
      const [byFunction, byMethod] = [op(x, ...rest()), method.apply(x, rest())];
      expect(byMethod).toBeInstanceOf(Tensor);
      expect(read(byMethod)).toEqual(read(byFunction));
    });
  });

  it("pass on every argument", () => {
    inFloat64(() => {
      for (const [name, rest] of Object.entries(calls)) {
        if (rest().length === 0) continue;
        const x = example(name);
        const method: unknown = Reflect.get(x, name);
        if (!isCallable(method)) throw new Error(`${name} is not callable`);
        // with options or an operand it is another value than without, or an error
        const without = attempt(() => read(method.call(x)));
        expect(
          attempt(() => read(method.apply(x, rest()))),
          name,
        ).not.toEqual(without);
      }
    });
  });
});

/** Not all positive, so that an option for what is negative shows. */
function example(op: string): Tensor {
  return tensor([1, -2, 3, 4], { shape: ofImages.includes(op) ? [1, 2, 2, 1] : [2, 2] });
}

function attempt(fn: () => unknown): unknown {
  try {
    return fn();
  } catch (error) {
    return error;
  }
}
