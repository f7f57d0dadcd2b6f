// The checker is checked: it passes what is right, finds what is wrong, and says where it is worst.

import {
  ArgumentError,
  currentBackend,
  defineOp,
  GradientCheckError,
  ones,
  type Tensor,
  tensor,
  useBackend,
  withBackend,
} from "@adjoint/core";
import { checkAdjoint, checkGradients, checkSecondGradients } from "@adjoint/core/testing";
import { describe, expect, it } from "vitest";
import { StrictBackend } from "./support/strict-backend.js";

/** What a check says that fails. */
function complaint(check: () => unknown): string {
  try {
    check();
  } catch (error) {
    expect(error).toBeInstanceOf(GradientCheckError);
    return (error as Error).message;
  }
  throw new Error("the check passed");
}

/** x³, whose gradient `change` may spoil. */
const cube = (change: (gradient: Tensor) => Tensor) => {
  const op = defineOp<[Tensor]>({
    name: "cube",
    forward: ([x]) => x.mul(x).mul(x),
    gradient: ({ dy, inputs: [x] }) => [() => change(dy.mul(x.square()).mul(3))],
  });
  return (x: Tensor) => op([x], undefined);
};

const right = cube((gradient) => gradient);
const INPUT = [
  [0.5, -1, 1.5],
  [2, 0.25, -0.75],
];

describe("checkGradients", () => {
  it("passes a right gradient, and reports a small error and what it compared", () => {
    const report = checkGradients(right, [INPUT]);
    expect(report.error).toBeLessThan(1e-6);
    expect(report.error).toBeGreaterThanOrEqual(0);
    expect(report.comparisons).toBe(3 + 6);
    expect(Math.abs(report.analytic - report.numeric)).toBeLessThan(1e-5);
  });

  it("names the one element that is wrong, with both values", () => {
    const mask = [
      [1, 1, 1],
      [1.01, 1, 1],
    ];
    const wrong = cube((gradient) => gradient.mul(tensor(mask)));
    const message = complaint(() => checkGradients(wrong, [INPUT], { directions: 0 }));
    expect(message).toMatch(
      /^checkGradients: error \d\.\d\de-\d > 1\.00e-6, worst at input 0, element \[1,0\]: analytic -?[\d.]+, numeric -?[\d.]+$/,
    );
    const [analytic, numeric] = (message.match(/analytic (.*), numeric (.*)$/) ?? []).slice(1).map(Number);
    expect((analytic as number) / (numeric as number)).toBeCloseTo(1.01, 6);
  });

  it("names the input that is wrong among several", () => {
    const product = defineOp<[Tensor, Tensor]>({
      name: "product",
      forward: ([a, b]) => a.mul(b),
      gradient: ({ dy, inputs: [a, b] }) => [() => dy.mul(b), () => dy.mul(a).mul(1.001)],
    });
    const fn = (a: Tensor, b: Tensor) => product([a, b], undefined);
    expect(
      complaint(() =>
        checkGradients(fn, [
          [1, 2],
          [3, 4],
        ]),
      ),
    ).toContain("worst at input 1, element [1]");
  });

  it("finds a gradient of the wrong sign, one that is missing, and one that is there for nothing", () => {
    expect(
      complaint(() =>
        checkGradients(
          cube((gradient) => gradient.neg()),
          [INPUT],
        ),
      ),
    ).toContain("checkGradients: error");
    expect(complaint(() => checkGradients((x) => right(x.detach()), [INPUT]))).toContain("analytic 0,");
    const flat = defineOp<[Tensor]>({ name: "flat", forward: ([x]) => x.mul(0), gradient: ({ dy }) => [() => dy] });
    expect(complaint(() => checkGradients((x) => flat([x], undefined), [INPUT]))).toMatch(/numeric -?0$/);
  });

  it("finds NaN, which agrees with nothing, not even with NaN", () => {
    const undefinedGradient = cube((gradient) => gradient.mul(Number.NaN));
    expect(complaint(() => checkGradients(undefinedGradient, [INPUT]))).toContain("error Infinity");
    expect(complaint(() => checkGradients((x) => x.sqrt(), [[-1, 1]]))).toContain("analytic NaN, numeric NaN");
  });

  it("checks large inputs along random directions, and finds one wrong element there too", () => {
    const large = Array.from({ length: 50 }, (_, i) => 1 + i / 50);
    expect(checkGradients(right, [large]).comparisons).toBe(3);
    expect(checkGradients(right, [large], { directions: 5, coordinateLimit: 50 }).comparisons).toBe(55);
    const mask = large.map((_, i) => (i === 17 ? 1.1 : 1));
    const wrong = cube((gradient) => gradient.mul(tensor(mask)));
    expect(complaint(() => checkGradients(wrong, [large]))).toMatch(/worst at input 0, element \[17\]:/);
  });

  it("sees an error where rows would cancel, since outputs are weighted", () => {
    const swapped = defineOp<[Tensor]>({
      name: "swapped",
      forward: ([x]) => x.mul(2),
      gradient: ({ dy }) => [() => dy.transpose().mul(2)],
    });
    const square = [
      [1, 2],
      [3, 4],
    ];
    expect(complaint(() => checkGradients((x) => swapped([x], undefined), [square]))).toContain("error");
  });

  it("gives the same report for the same seed, and another for another", () => {
    const wrong = cube((gradient) => gradient.mul(1.5));
    const at = (seed: number) => complaint(() => checkGradients(wrong, [INPUT], { seed }));
    expect(at(4)).toBe(at(4));
    expect(at(4)).not.toBe(at(5));
  });

  it("keeps to the tolerance it is given", () => {
    const slightly = cube((gradient) => gradient.mul(1 + 1e-5));
    expect(() => checkGradients(slightly, [INPUT])).toThrow(GradientCheckError);
    expect(checkGradients(slightly, [INPUT], { tolerance: 1e-4 }).error).toBeGreaterThan(1e-6);
  });

  it("narrows its differences where a function is steep, and bounds their error", () => {
    // the third derivative is 10⁸: one difference of half the width 10⁻⁴ is off by 0.2
    const report = checkGradients((x) => x.mul(1000).tanh(), [[0.0003, -0.0001, 0.0012]]);
    expect(report.numericError).toBeLessThan(1e-6 * Math.max(1, Math.abs(report.numeric)));
    expect(Math.abs(report.analytic - report.numeric)).toBeLessThanOrEqual(report.numericError);
  });

  it("narrows them where they leave the domain", () => {
    expect(checkGradients((x) => x.sqrt().mul(1e-3), [[5e-5]]).error).toBeLessThan(1e-6);
  });

  it("widens them where rounding hides a small derivative", () => {
    const report = checkGradients((x) => x.add(1e6), [[0.5]], { directions: 0 });
    expect(report.numericError).toBeLessThan(1e-6);
    expect(report.error).toBeLessThan(1e-6);
  });

  it("says so where they do not settle: next to a kink, at a jump, or with noise", () => {
    const unsettled =
      /^checkGradients: differences do not settle, worst at .*: analytic .*, numeric .* ± \d\.\d\de[+-]\d+; move/;
    expect(complaint(() => checkGradients((x) => x.relu(), [[1e-8]]))).toMatch(unsettled);
    expect(complaint(() => checkGradients((x) => x.greater(0).add(x), [[1e-9]]))).toMatch(unsettled);
    let calls = 0;
    expect(complaint(() => checkGradients((x) => x.add(1e-6 * Math.sin(++calls)), [[1]]))).toMatch(unsettled);
  });

  it("takes scalars, nested arrays, host values with a shape, and tensors of any backend", () => {
    const elsewhere = withBackend(new StrictBackend({ dtype: "float32" }), () => ones([2]));
    const host = { data: Float32Array.of(1, 2), shape: [2] };
    const fn = (...inputs: Tensor[]) => inputs.reduce((a, b) => a.mul(b));
    expect(checkGradients(fn, [3, [1, 2], host, elsewhere]).error).toBeLessThan(1e-6);
  });

  it("computes in float64 whatever backend is in use, and leaves that in use", async () => {
    await useBackend("reference");
    const before = currentBackend();
    const dtypes = new Set<string>();
    checkGradients(
      (x) => {
        dtypes.add(x.dtype);
        return x.exp();
      },
      [[1]],
    );
    expect([...dtypes]).toEqual(["float64"]);
    expect(currentBackend()).toBe(before);
    expect(() =>
      checkGradients(
        cube((g) => g.neg()),
        [[1]],
      ),
    ).toThrow();
    expect(currentBackend()).toBe(before);
  });

  it("refuses to check without inputs", () => {
    expect(() => checkGradients(() => ones([1]), [])).toThrow(ArgumentError);
    expect(() => checkGradients(() => ones([1]), [])).toThrow("checkGradients: needs at least one input");
  });
});

describe("checkSecondGradients", () => {
  it("passes a right gradient of a right gradient, of one input and of several", () => {
    expect(checkSecondGradients(right, [INPUT]).error).toBeLessThan(1e-6);
    expect(
      checkSecondGradients(
        (a, b) => a.mul(b).exp(),
        [
          [0.5, -1],
          [1, 0.25],
        ],
      ).error,
    ).toBeLessThan(1e-6);
  });

  it("finds a gradient that is right itself and has a wrong gradient, and names the element", () => {
    const hidden = cube((gradient) => gradient.detach().mul(tensor([1, 1]).square()));
    checkGradients(hidden, [[0.5, 2]]);
    expect(complaint(() => checkSecondGradients(hidden, [[0.5, 2]]))).toMatch(
      /^checkSecondGradients: error .*, worst at (input 0, element \[1\]|random direction \d): analytic 0,/,
    );
  });

  it("passes linear functions, whose second gradient is 0", () => {
    expect(checkSecondGradients((x) => x.mul(3).sum(), [[1, 2]]).error).toBe(0);
  });
});

describe("checkAdjoint", () => {
  it("passes linear ops whose gradient is their transpose", () => {
    expect(checkAdjoint((x) => x.transpose(), [3, 5]).error).toBeLessThan(1e-12);
    expect(checkAdjoint((x) => x.sum({ axis: 0 }), [4, 3]).comparisons).toBe(1);
  });

  it("finds one whose gradient is not, and names the shape", () => {
    const wrong = defineOp<[Tensor]>({
      name: "wrong",
      forward: ([x]) => x.mul(2),
      gradient: ({ dy }) => [() => dy.mul(2.0001)],
    });
    expect(complaint(() => checkAdjoint((x) => wrong([x], undefined), [2, 3]))).toMatch(
      /^checkAdjoint: error \S+ > 1\.00e-12, worst at an input of shape \[2,3\]: analytic \S+, numeric \S+$/,
    );
  });

  it("finds a function that is not linear", () => {
    expect(() => checkAdjoint((x) => x.square(), [5])).toThrow(GradientCheckError);
    expect(() => checkAdjoint((x) => x.add(1), [5])).toThrow(GradientCheckError);
  });
});
