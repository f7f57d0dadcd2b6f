// Comparisons, and `where`, which chooses by them. The special values of the elementwise ops are here too.

import {
  add,
  equal,
  gradients,
  greater,
  greaterEqual,
  less,
  lessEqual,
  mul,
  notEqual,
  type Tensor,
  tensor,
  where,
} from "@adjoint/core";
import { describe, expect, it } from "vitest";
import { chooseCases } from "../support/arithmetic-cases.js";
import { describeOps } from "../support/describe-ops.js";
import { expectGradients, expectTensor, gradientsFor, inFloat64, rows, valueFor } from "../support/expectations.js";
import { binaryTables, unaryTables } from "../support/special-values.js";

describeOps(chooseCases);

describe("comparisons", () => {
  it.each<[string, (a: Tensor, b: Tensor) => Tensor, number[]]>([
    ["equal", equal, [0, 1, 0]],
    ["notEqual", notEqual, [1, 0, 1]],
    ["less", less, [1, 0, 0]],
    ["lessEqual", lessEqual, [1, 1, 0]],
    ["greater", greater, [0, 0, 1]],
    ["greaterEqual", greaterEqual, [0, 1, 1]],
  ])("%s gives 1 or 0 for a pair below, equal, above", (_, compare, expected) => {
    expectTensor(valueFor(compare, [1, 2, 3], [2, 2, 2]), expected);
    // the same with broadcasting, either way round
    expectTensor(valueFor(compare, [1, 2, 3], 2), expected);
    expectTensor(
      valueFor((b, a) => compare(a, b), rows([2], [2]), [1, 2, 3]),
      [expected, expected],
    );
  });

  it("pass no gradient on", () => {
    const loss = (x: Tensor) => mul(greater(x, 0), x);
    // x·[x > 0] has the slope [x > 0], from the factor x alone
    expectGradients(gradientsFor(loss, [1, 1], [-2, 3]), [0, 1]);
    expect(inFloat64(() => greater(tensor([1], { requiresGradient: true }), 0)).node).toBeUndefined();
  });
});

describe("where", () => {
  it("takes a where the condition is not 0, b elsewhere; NaN is not 0", () => {
    const condition = [1, 0, -0, Number.NaN, -3];
    expectTensor(valueFor(where, condition, [1, 2, 3, 4, 5], [10, 20, 30, 40, 50]), [1, 20, 30, 4, 5]);
  });

  it("broadcasts all three", () => {
    expectTensor(valueFor(where, rows([1], [0]), [1, 2], 7), rows([1, 2], [7, 7]));
    expectTensor(
      valueFor((c) => where(c, 1, 0), [5, 0]),
      [1, 0],
    );
  });

  it("passes dy to the branch taken, 0 to the other and to the condition", () => {
    expectGradients(gradientsFor(where, [3, 4], [1, 0], [1, 2], [10, 20]), [0, 0], [3, 0], [0, 4]);
    // the branches of one number collect: 3 + 5, and 4
    expectGradients(gradientsFor(where, [3, 4, 5], [1, 0, 1], 1, 10), [0, 0, 0], 8, 4);
  });

  it("keeps an infinite gradient out of the branch that was not taken", () => {
    // where(x > 0, √x, 0): the slope of √ at 0 is ∞, but √ was not taken there
    const guarded = (x: Tensor) => where(greater(x, 0), x, 1).sqrt();
    expectGradients(gradientsFor(guarded, [1, 1], [0, 4]), [0, 0.25]);
  });

  it("lets a gradient through that is asked for twice", () => {
    inFloat64(() => {
      const x = tensor([2, 3], { requiresGradient: true });
      const [slope] = gradients(where(tensor([1, 0]), x.square(), x).sum(), [x]) as [Tensor];
      // [2x, 1], whose sum has the slope [2, 0]
      expectTensor(slope, [4, 1]);
      expectTensor(gradients(slope.sum(), [x])[0] as Tensor, [2, 0]);
    });
  });
});

describe("special values", () => {
  it.each(unaryTables.map((table) => [table.op, table] as const))(
    "%s is as IEEE 754 and NumPy have it",
    (_, { apply, pairs }) => {
      const y = valueFor(
        apply,
        pairs.map(([x]) => x),
      );
      expect([...y.dataSync()]).toEqual(pairs.map(([, expected]) => expected));
    },
  );

  it.each(binaryTables.map((table) => [table.op, table] as const))(
    "%s is as IEEE 754 and NumPy have it",
    (_, { apply, triples }) => {
      const [left, right] = [triples.map(([a]) => a), triples.map(([, b]) => b)];
      expect([...valueFor(apply, left, right).dataSync()]).toEqual(triples.map(([, , expected]) => expected));
    },
  );

  it("broadcast like others", () => {
    expectTensor(valueFor(add, [Infinity, -Infinity, Number.NaN], [[Infinity]]), [[Infinity, Number.NaN, Number.NaN]]);
  });
});
