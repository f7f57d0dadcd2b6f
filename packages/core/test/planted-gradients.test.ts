// Wrong gradients, planted: the checker finds each of them and passes the right one, plain and inside a steep function,
// of which a single difference would be off by more than the tolerance.

import {
  broadcastTo,
  concat,
  defineOp,
  exp,
  gather,
  matmul,
  ones,
  sum,
  type Tensor,
  tensor,
  where,
} from "@adjoint/core";
import { checkGradients } from "@adjoint/core/testing";
import { describe, expect, it } from "vitest";

type Rule = (dy: Tensor, a: Tensor, b: Tensor, y: Tensor) => readonly [Tensor, Tensor];

interface Planted {
  readonly name: string;
  readonly forward: (a: Tensor, b: Tensor) => Tensor;
  readonly right: Rule;
  readonly wrong: Rule;
}

const none = (x: Tensor) => x.mul(0);
const T = (x: Tensor) => x.transpose();

/** A gradient of a function of one input; the other gets none. */
const ofOne =
  (rule: (dy: Tensor, a: Tensor, y: Tensor) => Tensor): Rule =>
  (dy, a, b, y) => [rule(dy, a, y), none(b)];

/** One element of a 3×3 matrix that is off by a part of 10⁻⁵. */
const spot = () =>
  tensor([
    [1, 1, 1],
    [1, 1, 1 + 1e-5],
    [1, 1, 1],
  ]);
const row = (x: Tensor, i: number) => gather(x, [i]);

const PLANTED: readonly Planted[] = [
  one(
    "a wrong sign",
    (a) => a.square(),
    (dy, a) => dy.mul(a).mul(2),
    (dy, a) => dy.mul(a).mul(-2),
  ),
  one(
    "a factor left out",
    (a) => a.square(),
    (dy, a) => dy.mul(a).mul(2),
    (dy, a) => dy.mul(a),
  ),
  one(
    "dy left out",
    (a) => a.square(),
    (dy, a) => dy.mul(a).mul(2),
    (dy, a) => dy.mul(0).add(a.mul(2)),
  ),
  one(
    "a factor of 1 + 10⁻⁵",
    (a) => a.square(),
    (dy, a) => dy.mul(a).mul(2),
    (dy, a) => dy.mul(a).mul(2 + 2e-5),
  ),
  one(
    "one element off by a part of 10⁻⁵",
    (a) => a.exp(),
    (dy, _, y) => dy.mul(y),
    (dy, _, y) => dy.mul(y).mul(spot()),
  ),
  one(
    "a constant of 10⁻⁴ too much",
    (a) => a.exp(),
    (dy, _, y) => dy.mul(y),
    (dy, _, y) => dy.mul(y).add(1e-4),
  ),
  one(
    "exp by its input",
    (a) => a.exp(),
    (dy, _, y) => dy.mul(y),
    (dy, a) => dy.mul(a),
  ),
  one(
    "tanh with 1 − y",
    (a) => a.tanh(),
    (dy, _, y) => dy.sub(dy.mul(y.square())),
    (dy, _, y) => dy.sub(dy.mul(y)),
  ),
  one(
    "tanh by its input",
    (a) => a.tanh(),
    (dy, _, y) => dy.sub(dy.mul(y.square())),
    (dy, a) => dy.sub(dy.mul(a.square())),
  ),
  one(
    "sigmoid without 1 − y",
    (a) => a.sigmoid(),
    (dy, _, y) => dy.mul(y.sub(y.square())),
    (dy, _, y) => dy.mul(y),
  ),
  one(
    "softplus with the other side",
    (a) => a.softplus(),
    (dy, a) => dy.mul(a.sigmoid()),
    (dy, a) => dy.mul(a.neg().sigmoid()),
  ),
  one(
    "log with 1/x²",
    (a) => a.log(),
    (dy, a) => dy.div(a),
    (dy, a) => dy.div(a.square()),
  ),
  one(
    "sqrt with 1/(2x)",
    (a) => a.sqrt(),
    (dy, _, y) => dy.div(y.mul(2)),
    (dy, a) => dy.div(a.mul(2)),
  ),
  one(
    "a power one too high",
    (a) => a.pow(3),
    (dy, a) => dy.mul(a.square()).mul(3),
    (dy, a) => dy.mul(a.pow(3)).mul(3),
  ),
  one(
    "leakyRelu without its slope",
    leaky,
    (dy, a) => dy.mul(where(a.greater(1), ones([]), 0.2)),
    (dy, a) => dy.mul(a.greater(1)),
  ),
  one(
    "a transpose not undone",
    T,
    (dy) => T(dy),
    (dy) => dy,
  ),
  one(
    "a mean not divided",
    mean,
    (dy, a) => broadcastTo(dy.div(9), a.shape),
    (dy, a) => broadcastTo(dy, a.shape),
  ),
  one(
    "a sum divided",
    (a) => sum(a),
    (dy, a) => broadcastTo(dy, a.shape),
    (dy, a) => broadcastTo(dy.div(9), a.shape),
  ),
  one("softmax without its sum", softmax, softmaxGradient, (dy, _, y) => dy.mul(y)),
  one(
    "rows gathered twice, counted once",
    rows,
    (dy) => scattered(dy, true),
    (dy) => scattered(dy, false),
  ),
  two(
    "a product with inputs swapped",
    (a, b) => a.mul(b),
    (dy, a, b) => [dy.mul(b), dy.mul(a)],
    (dy, a, b) => [dy.mul(a), dy.mul(b)],
  ),
  two(
    "a second input forgotten",
    (a, b) => a.mul(b),
    (dy, a, b) => [dy.mul(b), dy.mul(a)],
    (dy, _, b) => [dy.mul(b), none(b)],
  ),
  two(
    "a difference that adds",
    (a, b) => a.sub(b),
    (dy) => [dy, dy.neg()],
    (dy) => [dy, dy],
  ),
  two(
    "a quotient without its square",
    (a, b) => a.div(b),
    quotient,
    (dy, a, b) => [dy.div(b), dy.mul(a).div(b).neg()],
  ),
  two(
    "a quotient with the wrong sign",
    (a, b) => a.div(b),
    quotient,
    (dy, a, b) => [dy.div(b), dy.mul(a).div(b.square())],
  ),
  two(
    "a matmul not transposed",
    matmul,
    (dy, a, b) => [matmul(dy, T(b)), matmul(T(a), dy)],
    (dy, a, b) => [matmul(dy, b), matmul(T(a), dy)],
  ),
  two(
    "a matmul in the wrong order",
    matmul,
    (dy, a, b) => [matmul(dy, T(b)), matmul(T(a), dy)],
    (dy, a, b) => [matmul(dy, T(b)), matmul(dy, T(a))],
  ),
  two(
    "a maximum that gives to both",
    largest,
    (dy, a, b) => chosen(dy, a.greater(b)),
    (dy) => [dy, dy],
  ),
  two(
    "a maximum that gives to the smaller",
    largest,
    (dy, a, b) => chosen(dy, a.greater(b)),
    (dy, a, b) => chosen(dy, a.less(b)),
  ),
  two(
    "halves joined and parted the other way",
    joined,
    (dy) => halves(dy, 0),
    (dy) => halves(dy, 3),
  ),
];

function one(name: string, forward: (a: Tensor) => Tensor, right: OneRule, wrong: OneRule): Planted {
  return { name, forward, right: ofOne(right), wrong: ofOne(wrong) };
}
type OneRule = Parameters<typeof ofOne>[0];

function two(name: string, forward: Planted["forward"], right: Rule, wrong: Rule): Planted {
  return { name, forward, right, wrong };
}

function leaky(a: Tensor): Tensor {
  return where(a.greater(1), a, a.mul(0.2));
}

function mean(a: Tensor): Tensor {
  return sum(a).div(9);
}

function softmax(a: Tensor): Tensor {
  const e = exp(a);
  return e.div(matmul(e, ones([3, 1])));
}

function softmaxGradient(dy: Tensor, _: Tensor, y: Tensor): Tensor {
  return y.mul(dy.sub(matmul(dy.mul(y), ones([3, 1]))));
}

function rows(a: Tensor): Tensor {
  return gather(a, [2, 0, 0]);
}

function scattered(dy: Tensor, both: boolean): Tensor {
  const first = both ? row(dy, 1).add(row(dy, 2)) : row(dy, 2);
  return concat([first, none(first), row(dy, 0)]);
}

function quotient(dy: Tensor, a: Tensor, b: Tensor): [Tensor, Tensor] {
  return [dy.div(b), dy.mul(a).div(b.square()).neg()];
}

function largest(a: Tensor, b: Tensor): Tensor {
  return where(a.greater(b), a, b);
}

function chosen(dy: Tensor, first: Tensor): [Tensor, Tensor] {
  return [dy.mul(first), dy.mul(first.neg().add(1))];
}

function joined(a: Tensor, b: Tensor): Tensor {
  return concat([a, b]);
}

function halves(dy: Tensor, from: 0 | 3): [Tensor, Tensor] {
  const part = (start: number) => gather(dy, [start, start + 1, start + 2]);
  return [part(from), part(3 - from)];
}

// positive, not symmetric, and away from where largest() and leaky() have a kink
const INPUTS = [
  [
    [0.5, 1.2, 0.8],
    [1.5, 0.3, 1.1],
    [0.7, 1.4, 0.6],
  ],
  [
    [0.9, 0.7, 1.3],
    [0.4, 1.2, 0.8],
    [1.6, 0.5, 1.1],
  ],
];

/** Its third derivative is 10⁴ times its first: a difference of half the width 10⁻⁴ is off by 2·10⁻⁵. */
const steep = (y: Tensor) => y.sub(0.9).mul(100).tanh().mul(0.1).add(y.mul(y));

const AROUND = { plain: (y: Tensor) => y, "inside a steep function": steep };

describe("checkGradients", () => {
  it("is tried with 30 wrong gradients", () => {
    expect(new Set(PLANTED.map(({ name }) => name)).size).toBe(30);
  });

  describe.each(Object.entries(AROUND))("%s", (_, around) => {
    it.each(PLANTED)("finds $name", ({ name, forward, right, wrong }) => {
      const made = (rule: Rule) => {
        const op = defineOp<[Tensor, Tensor]>({
          name,
          forward: ([a, b]) => forward(a, b),
          gradient: ({ dy, inputs: [a, b], output }) => [
            () => rule(dy, a, b, output)[0],
            () => rule(dy, a, b, output)[1],
          ],
        });
        return (a: Tensor, b: Tensor) => around(op([a, b], undefined));
      };
      expect(checkGradients(made(right), INPUTS).error).toBeLessThan(1e-7);
      expect(() => checkGradients(made(wrong), INPUTS)).toThrow(/^checkGradients: error \S+ > 1\.00e-6/);
    });
  });
});
