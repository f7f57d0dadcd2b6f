// What all elementwise ops share: numbers beside tensors, tensors without elements, results that are new.

import * as adjoint from "@adjoint/core";
import {
  add,
  mul,
  ones,
  ReferenceBackend,
  type Tensor,
  tensor,
  valueAndGradients,
  where,
  withBackend,
  zeros,
} from "@adjoint/core";
import { describe, expect, it } from "vitest";
import { expectTensor, inFloat64 } from "../support/expectations.js";

const { abs, exp, leakyRelu, log, neg, relu, sigmoid, sign, softplus, sqrt, square, tanh } = adjoint;
const { div, maximum, minimum, pow, sub } = adjoint;

const unary = { abs, exp, leakyRelu, log, neg, relu, sigmoid, sign, softplus, sqrt, square, tanh };
const binary = { add, div, maximum, minimum, mul, pow, sub };

describe("a number", () => {
  it("takes element type and backend from the tensors beside it", () => {
    const x = inFloat64(() => tensor([1, 2]));
    for (const y of [add(x, 0.1), mul(0.1, x), where(1, x, 0.1), where(0, 0.1, x)]) {
      expect(y.dtype).toBe("float64");
      expect(y.backend).toBe(x.backend);
    }
    // 1.1 of float64, not of float32
    expect(add(x, 0.1).dataSync()[0]).toBe(1.1);
  });

  it("takes the type of the tensors also where that is not the backend's first", () => {
    const x = withBackend(new ReferenceBackend(), () => tensor([1, 2], { dtype: "float64" }));
    expect(x.backend.dtypes[0]).toBe("float32");
    expect(add(x, 0.1).dtype).toBe("float64");
    expect(add(x, 0.1).dataSync()[0]).toBe(1.1);
  });

  it("alone becomes a scalar of the current backend", () => {
    expect(add(1, 2).shape).toEqual([]);
    expect(add(1, 2).dtype).toBe("float32");
    expect(inFloat64(() => exp(0)).dtype).toBe("float64");
  });
});

describe("tensors without elements", () => {
  const slopes = (fn: (...inputs: Tensor[]) => Tensor, shapes: number[][]) =>
    inFloat64(() => {
      const inputs = shapes.map((shape) => ones(shape));
      const { value, gradients } = valueAndGradients((...given) => fn(...given).sum(), inputs);
      expectTensor(value, 0);
      return gradients;
    });

  it.each(Object.entries(unary))("go through %s", (_, op) => {
    expect(inFloat64(() => op(zeros([2, 0, 3]))).shape).toEqual([2, 0, 3]);
    const [slope] = slopes((x) => op(x as Tensor), [[2, 0]]);
    expect(slope?.shape).toEqual([2, 0]);
  });

  it.each(Object.entries(binary))("go through %s, and a gradient summed over nothing is 0", (_, op) => {
    expect(inFloat64(() => op(zeros([2, 0]), ones([2, 1]))).shape).toEqual([2, 0]);
    const [left, right] = slopes(
      (a, b) => op(a as Tensor, b as Tensor),
      [
        [2, 0],
        [2, 1],
      ],
    );
    expect(left?.shape).toEqual([2, 0]);
    expectTensor(right as Tensor, [[0], [0]]);
  });
});

describe("a result", () => {
  it("shares no memory with its inputs, but where an op says so", () => {
    const x = tensor([1, 2]);
    const others = [...Object.values(unary).map((op) => op(x)), ...Object.values(binary).map((op) => op(x, 1))];
    for (const y of others) expect(y.storage).not.toBe(x.storage);
  });
});
