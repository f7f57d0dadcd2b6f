// Random expressions of up to 30 ops that share parts and broadcast: their gradients are those that differences show.

import {
  add,
  clip,
  concat,
  div,
  exp,
  gather,
  leakyRelu,
  log,
  logSoftmax,
  matmul,
  maximum,
  mean,
  mul,
  sigmoid,
  slice,
  softmax,
  softplus,
  sqrt,
  square,
  sub,
  sum,
  type Tensor,
  tanh,
  transpose,
  where,
} from "@adjoint/core";
import { checkGradients, checkSecondGradients } from "@adjoint/core/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { arraysOf, numbers } from "./support/arbitraries.js";
import { inFloat64 } from "./support/expectations.js";
import { recordError, reportErrorsAtEnd } from "./support/gradient-errors.js";
import { describeArray, type HostArray, toTensor } from "./support/host-array.js";
import { runs } from "./support/runs.js";

reportErrorsAtEnd();

const MOST_OPS = 30;

/** Matrices that broadcast to each other, and scalars. */
const LEAF_SHAPES = [[3, 3], [3, 1], [1, 3], [3], [1], []];

/** Values stay in here, so that no product of products leaves the range where differences are exact. */
const LARGEST = 3;

/** How far from a kink a value must be: far against the steps of a difference and what the graph makes of them. */
const MARGIN = 0.02;

interface Step {
  readonly name: string;
  /** Computes from two of the values before; an op of one takes the first. */
  readonly apply: (a: Tensor, b: Tensor) => Tensor;
  /** How far the point is from where the op has no derivative; everywhere far by default. */
  readonly clearance?: (a: Tensor, b: Tensor) => number;
}

const closest = (x: Tensor, kink: number) => Math.min(...x.dataSync().map((value) => Math.abs(value - kink)));

/** A matrix of any value: a sum with zeros broadcasts it. */
const matrix = (x: Tensor) => add(x, toTensor({ shape: [3, 3], data: new Array(9).fill(0) }));

const pool: readonly Step[] = [
  { name: "add", apply: add },
  { name: "sub", apply: sub },
  { name: "mul", apply: mul },
  { name: "div", apply: (a, b) => div(a, add(square(b), 1)) },
  { name: "exp", apply: (a) => exp(mul(a, 0.3)) },
  { name: "log", apply: (a) => log(add(square(a), 1)) },
  { name: "sqrt", apply: (a) => sqrt(add(square(a), 1)) },
  { name: "square", apply: (a) => square(a) },
  { name: "tanh", apply: (a) => tanh(a) },
  { name: "sigmoid", apply: (a) => sigmoid(a) },
  { name: "softplus", apply: (a) => softplus(a) },
  { name: "leakyRelu", apply: (a) => leakyRelu(a, { negativeSlope: 0.2 }), clearance: (a) => closest(a, 0) },
  { name: "maximum", apply: maximum, clearance: (a, b) => closest(sub(a, b), 0) },
  { name: "clip", apply: (a) => clip(a, -1, 1), clearance: (a) => Math.min(closest(a, -1), closest(a, 1)) },
  { name: "where", apply: (a, b) => where(toTensor({ shape: [3], data: [1, 0, 1] }), a, b) },
  { name: "sum over rows", apply: (a) => mul(sum(matrix(a), { axis: 0 }), 0.5) },
  { name: "mean over columns", apply: (a) => mean(matrix(a), { axis: 1, keepDims: true }) },
  { name: "softmax", apply: (a) => softmax(matrix(a)) },
  { name: "logSoftmax", apply: (a) => logSoftmax(matrix(a), { axis: 0 }) },
  { name: "matmul", apply: (a, b) => matmul(matrix(a), matrix(b), { transposeB: true }) },
  { name: "transpose", apply: (a) => transpose(matrix(a)) },
  {
    name: "slice",
    apply: (a) =>
      slice(matrix(a), [
        [0, 1],
        [0, 3],
      ]),
  },
  { name: "concat", apply: (a, b) => concat([slice(matrix(a), [[0, 1]]), slice(matrix(b), [[1, 3]])]) },
  { name: "gather", apply: (a) => gather(matrix(a), [2, 0, 0]) },
];

/** A step that was taken, on the values at two places. */
interface Taken {
  readonly step: Step;
  readonly left: number;
  readonly right: number;
}

/** What fast-check draws: which op, and which of the values that there are by then. */
type Drawn = readonly [op: number, left: number, right: number];

const tame: Step = { name: "tanh", apply: (a) => tanh(a) };

/**
 * Fixes what is computed at the point of `leaves`: every number drawn is taken modulo what there is, values that
 * outgrow the range go through tanh, and steps that would land near a kink are left out.
 */
function plan(leaves: readonly HostArray[], drawn: readonly Drawn[]): Taken[] {
  return inFloat64(() => {
    const values = leaves.map((leaf) => toTensor(leaf));
    const steps: Taken[] = [];
    const take = (taken: Taken) => {
      steps.push(taken);
      values.push(run(taken, values));
    };
    for (const [op, left, right] of drawn) {
      const step = pool[op % pool.length] as Step;
      const taken = { step, left: left % values.length, right: right % values.length };
      const [a, b] = [values[taken.left] as Tensor, values[taken.right] as Tensor];
      if ((step.clearance?.(a, b) ?? Infinity) < MARGIN) continue;
      take(taken);
      const latest = values.length - 1;
      const largest = Math.max(...(values[latest] as Tensor).dataSync().map(Math.abs));
      if (largest > LARGEST) take({ step: tame, left: latest, right: latest });
    }
    return steps.slice(0, MOST_OPS);
  });
}

function run({ step, left, right }: Taken, values: readonly Tensor[]): Tensor {
  return step.apply(values[left] as Tensor, values[right] as Tensor);
}

/** The sum over everything that no later step used: all of the graph leads there. */
function evaluate(steps: readonly Taken[], leaves: readonly Tensor[]): Tensor {
  const values = [...leaves];
  for (const taken of steps) values.push(run(taken, values));
  const used = new Set(steps.flatMap(({ left, right, step }) => (step.apply.length > 1 ? [left, right] : [left])));
  const ends = values.filter((_, place) => !used.has(place));
  return ends.map((end) => mean(end)).reduce((total, end) => total.add(end));
}

interface Graph {
  readonly leaves: HostArray[];
  readonly steps: Taken[];
}

function graphs(mostSteps: number): fc.Arbitrary<Graph> {
  const leaves = fc
    .array(fc.constantFrom(...LEAF_SHAPES), { minLength: 1, maxLength: 4 })
    .chain((shapes) => arraysOf(shapes, numbers(-1.5, 1.5)));
  const place = fc.nat(1000);
  const steps = fc.array(fc.tuple(fc.nat(pool.length - 1), place, place), {
    minLength: Math.ceil(mostSteps / 2),
    maxLength: mostSteps,
    size: "max",
  });
  return fc.tuple(leaves, steps).map(([arrays, drawn]) => {
    const graph = { leaves: arrays, steps: plan(arrays, drawn) };
    return { ...graph, [fc.toStringMethod]: () => describeGraph(graph) };
  });
}

function describeGraph({ leaves, steps }: Graph): string {
  const lines = steps.map(({ step, left, right }, i) => `v${leaves.length + i} = ${step.name}(v${left}, v${right})`);
  return [...leaves.map((leaf, i) => `v${i} = ${describeArray(leaf)}`), ...lines].join("\n");
}

describe("a random graph", () => {
  it(`of up to ${MOST_OPS} steps has the gradients that differences show`, () => {
    const sizes: number[] = [];
    const property = fc.property(graphs(MOST_OPS), ({ leaves, steps }) => {
      sizes.push(steps.length);
      const fn = (...given: Tensor[]) => evaluate(steps, given);
      recordError("random graph", "first", checkGradients(fn, leaves));
    });
    fc.assert(property, runs(2));
    // the generator does make large graphs
    expect(Math.max(...sizes)).toBeGreaterThan(MOST_OPS / 2);
  });

  it("of up to 8 steps has the second gradients that differences show", () => {
    const property = fc.property(graphs(8), ({ leaves, steps }) => {
      const fn = (...given: Tensor[]) => evaluate(steps, given);
      recordError("random graph", "second", checkSecondGradients(fn, leaves));
    });
    fc.assert(property, runs());
  });
});
