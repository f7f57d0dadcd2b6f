// Elementwise arithmetic: properties on random calls, and values and gradients computed by hand, also at the kinks.

import {
  abs,
  add,
  clip,
  div,
  exp,
  log,
  maximum,
  minimum,
  mul,
  neg,
  pow,
  relu,
  sign,
  sqrt,
  square,
  sub,
  type Tensor,
} from "@adjoint/core";
import { describe, it } from "vitest";
import { binaryCases, unaryCases } from "../support/arithmetic-cases.js";
import { describeOps } from "../support/describe-ops.js";
import { expectGradients, expectTensor, gradientsFor, rows, valueFor } from "../support/expectations.js";

describeOps([...binaryCases, ...unaryCases]);

const { E } = Math;

describe("add", () => {
  it("adds with broadcasting", () => {
    // a row to each row: [[1 + 10, 2 + 20], [3 + 10, 4 + 20]]
    expectTensor(valueFor(add, rows([1, 2], [3, 4]), [10, 20]), rows([11, 22], [13, 24]));
    // a column and a row give a table
    expectTensor(valueFor(add, rows([1], [2]), rows([10, 20, 30])), rows([11, 21, 31], [12, 22, 32]));
  });

  it("passes dy to both, summed over what was repeated", () => {
    const dy = rows([5, 6], [7, 8]);
    // da = dy; db = the sums of dy's columns: [5 + 7, 6 + 8]
    expectGradients(gradientsFor(add, dy, rows([1, 2], [3, 4]), [10, 20]), dy, [12, 14]);
    // a scalar collects all of dy: 5 + 6 + 7 + 8; a column its rows: 5 + 6, 7 + 8
    expectGradients(gradientsFor(add, dy, 1, rows([1], [2])), 26, rows([11], [15]));
  });
});

describe("sub", () => {
  it("subtracts, and passes dy to the first and −dy to the second", () => {
    expectTensor(valueFor(sub, [1, 2], [10, 30]), [-9, -28]);
    expectGradients(gradientsFor(sub, [3, 4], [1, 2], [10, 30]), [3, 4], [-3, -4]);
  });
});

describe("mul", () => {
  it("multiplies element by element", () => {
    expectTensor(valueFor(mul, [2, 3], [5, -7]), [10, -21]);
  });

  it("passes dy·b to a and dy·a to b", () => {
    // da = [10·5, 100·−7], db = [10·2, 100·3]
    expectGradients(gradientsFor(mul, [10, 100], [2, 3], [5, -7]), [50, -700], [20, 300]);
    // b is repeated: db = 10·2 + 100·3
    expectGradients(gradientsFor(mul, [10, 100], [2, 3], [5]), [50, 500], [320]);
  });
});

describe("div", () => {
  it("divides, by zero as IEEE 754 has it", () => {
    expectTensor(valueFor(div, [1, -1, 3], [0, 0, 4]), [Infinity, -Infinity, 0.75]);
  });

  it("passes dy/b to a and −dy·a/b² to b", () => {
    // da = 8/4, db = −8·3/16
    expectGradients(gradientsFor(div, 8, 3, 4), 2, -1.5);
  });
});

describe("pow", () => {
  it("raises to a power", () => {
    expectTensor(valueFor(pow, [2, 4, -2, -2, 9], [10, 0.5, 3, -1, 0]), [1024, 2, -8, -0.5, 1]);
  });

  it("passes dy·b·aᵇ⁻¹ to a and dy·y·ln a to b", () => {
    // da = 2·3·e², db = 2·e³·1
    expectGradients(gradientsFor(pow, 2, E, 3), 6 * E ** 2, 2 * E ** 3);
    // a negative base: da = 3·(−2)²
    expectGradients(gradientsFor(toThe(3), 1, -2), 12);
  });

  it.each([
    ["constant", 0, 0],
    ["line", 1, 1],
    ["parabola", 2, 0],
    ["root", 0.5, Infinity],
  ])("has at base 0 the slope of a %s", (_, exponent, slope) => {
    // b·0ᵇ⁻¹, but 0 for b = 0
    expectGradients(gradientsFor(toThe(exponent), 1, 0), slope);
  });

  it("gives the exponent no slope at base 0", () => {
    // 0ᵇ is 0 for all b > 0, where y·ln 0 would be 0·∞
    const powerOfZero = (b: Tensor) => pow(0, b);
    expectGradients(gradientsFor(powerOfZero, [1, 1, 1], [1, 2, 0]), [0, 0, 0]);
  });
});

describe("maximum and minimum", () => {
  const [a, b, dy] = [
    [1, 5, 3],
    [4, 2, 3],
    [10, 20, 30],
  ] as const;

  it("take the larger and the smaller", () => {
    expectTensor(valueFor(maximum, a, b), [4, 5, 3]);
    expectTensor(valueFor(minimum, a, b), [1, 2, 3]);
  });

  it("pass dy to the one taken, and half to each of equal ones", () => {
    expectGradients(gradientsFor(maximum, dy, a, b), [0, 20, 15], [10, 0, 15]);
    expectGradients(gradientsFor(minimum, dy, a, b), [10, 0, 15], [0, 20, 15]);
  });
});

describe("neg", () => {
  it("changes the sign of the value and of dy", () => {
    expectTensor(valueFor(neg, [1, -2, 0]), [-1, 2, 0]);
    expectGradients(gradientsFor(neg, [3, 4], [1, -2]), [-3, -4]);
  });
});

describe("exp", () => {
  it("is eˣ, and passes dy·eˣ", () => {
    expectTensor(valueFor(exp, [0, 1, -1]), [1, E, 1 / E]);
    expectGradients(gradientsFor(exp, [2, 3], [0, 1]), [2, 3 * E]);
  });
});

describe("log", () => {
  it("is the natural logarithm, and passes dy/x", () => {
    expectTensor(valueFor(log, [1, E, E ** 2]), [0, 1, 2]);
    expectGradients(gradientsFor(log, [2, 3], [4, 0.5]), [0.5, 6]);
  });

  it("has an infinite slope at 0", () => {
    expectGradients(gradientsFor(log, 1, 0), Infinity);
  });
});

describe("sqrt", () => {
  it("is the root, and passes dy/2√x", () => {
    expectTensor(valueFor(sqrt, [0, 9, 2.25]), [0, 3, 1.5]);
    // 12/(2·3), 3/(2·1.5)
    expectGradients(gradientsFor(sqrt, [12, 3], [9, 2.25]), [2, 1]);
  });

  it("has an infinite slope at 0", () => {
    expectGradients(gradientsFor(sqrt, 1, 0), Infinity);
  });
});

describe("square", () => {
  it("is x², and passes 2x·dy", () => {
    expectTensor(valueFor(square, [3, -2]), [9, 4]);
    expectGradients(gradientsFor(square, [10, 100], [3, -2]), [60, -400]);
  });
});

describe("abs", () => {
  it("drops the sign, and passes dy with it; nothing at 0", () => {
    expectTensor(valueFor(abs, [3, -2, 0]), [3, 2, 0]);
    expectGradients(gradientsFor(abs, [5, 7, 11], [3, -2, 0]), [5, -7, 0]);
  });
});

describe("clip", () => {
  it("keeps to its bounds, which may be infinite or the same", () => {
    const x = [-3, -1, 0.5, 2, 4];
    expectTensor(valueFor(clipTo(-1, 2), x), [-1, -1, 0.5, 2, 2]);
    expectTensor(valueFor(clipTo(-Infinity, 1), x), [-3, -1, 0.5, 1, 1]);
    expectTensor(valueFor(clipTo(1, 1), x), [1, 1, 1, 1, 1]);
  });

  it("passes dy between its bounds and at them, and nothing outside", () => {
    expectGradients(gradientsFor(clipTo(-1, 2), [1, 2, 3, 4, 5], [-3, -1, 0.5, 2, 4]), [0, 2, 3, 4, 0]);
  });
});

describe("sign", () => {
  it("is −1, 0 or 1, and passes nothing", () => {
    expectTensor(valueFor(sign, [-3, 0, 0.1]), [-1, 0, 1]);
    expectGradients(gradientsFor(sign, [1, 2, 3], [-3, 0, 0.1]), [0, 0, 0]);
  });
});

describe("an infinite gradient", () => {
  // √ has the slope ∞ at 0; what is flat there lets none of it through, where ∞·0 would be NaN
  it.each<[string, (x: Tensor) => Tensor]>([
    ["relu", relu],
    ["clip", clipTo(0, 10)],
    ["maximum", (x) => maximum(x, 0)],
    ["minimum", (x) => neg(minimum(neg(x), 0))],
  ])("stops where %s is flat", (_, op) => {
    const root = (x: Tensor) => sqrt(op(x));
    expectGradients(gradientsFor(root, [1, 1], [-4, 4]), [0, 0.25]);
  });
});

function toThe(exponent: number) {
  return (x: Tensor) => pow(x, exponent);
}

function clipTo(low: number, high: number) {
  return (x: Tensor) => clip(x, low, high);
}
