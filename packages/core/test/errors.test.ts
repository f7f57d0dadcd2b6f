// Every op that can refuse, by the exact message, in the form `op: what is wrong, with the shapes or the names`.
// Longer than other files: one line a refusal.

import {
  AdjointError,
  ArgumentError,
  abs,
  add,
  arange,
  argMax,
  BackendError,
  broadcastTo,
  clip,
  concat,
  DTypeError,
  equal,
  full,
  gather,
  leakyRelu,
  linear,
  linspace,
  logSoftmax,
  matmul,
  max,
  mean,
  min,
  oneHot,
  ones,
  pow,
  Random,
  ReferenceBackend,
  ReleasedError,
  randomNormal,
  randomUniform,
  reshape,
  ShapeError,
  slice,
  softmax,
  stack,
  sum,
  type Tensor,
  tensor,
  transpose,
  where,
  withBackend,
  zeros,
  zerosLike,
} from "@adjoint/core";
import { checkGradients } from "@adjoint/core/testing";
import { describe, expect, it } from "vitest";
import { inFloat64 } from "./support/expectations.js";

/** What the types forbid and JavaScript does not: an argument of any kind. */
const untyped = (value: unknown) => value as never;

const random = new Random(1);
const row = tensor([1, 2, 3]);
const table = zeros([2, 3]);

type Refusal = readonly [message: string, call: () => unknown];

function refuses(kind: new (...args: never[]) => AdjointError, refusals: readonly Refusal[]): void {
  it.each(refusals)("%s", (message, call) => {
    const error = thrownBy(call);
    expect(error).toBeInstanceOf(kind);
    expect(error.message).toBe(message);
    expect(message.startsWith(`${error.where}: `)).toBe(true);
  });
}

function thrownBy(call: () => unknown): AdjointError {
  try {
    call();
  } catch (error) {
    if (error instanceof AdjointError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

describe("shapes that do not go together", () => {
  refuses(ShapeError, [
    ["add: shapes do not broadcast: [3] × [2]", () => add(row, tensor([1, 2]))],
    ["pow: shapes do not broadcast: [2,3] × [3,2]", () => pow(table, zeros([3, 2]))],
    ["equal: shapes do not broadcast: [2,3] × [2]", () => equal(table, tensor([1, 2]))],
    ["where: shapes do not broadcast: [2] × [3]", () => where(1, tensor([1, 2]), row)],
    ["where: shapes do not broadcast: [2] × [3]", () => where(tensor([1, 2]), row, 1)],
    ["matmul: inner sizes differ: [2,3] × [2,3]", () => matmul(table, table)],
    ["matmul: inner sizes differ: [2,3]ᵀ × [2,3]ᵀ", () => matmul(table, table, { transposeA: true, transposeB: true })],
    ["matmul: shapes do not broadcast: [2] × [4]", () => matmul(zeros([2, 1, 3]), zeros([4, 3, 1]))],
    [
      "matmul: operands need at least two axes: [3] × [2,3]ᵀ; reshape a vector to a row or a column",
      () => matmul(row, table, { transposeB: true }),
    ],
    ["linear: inner sizes differ: [2,3] × [2,4]", () => linear(table, zeros([2, 4]))],
    ["linear: inner sizes differ: [2,3] × [3]", () => linear(table, row)],
    ["linear: inner sizes differ: [] × [3,4]", () => linear(tensor(1), zeros([3, 4]))],
    ["linear: the bias must be [4], got [3]", () => linear(table, zeros([3, 4]), row)],
    ["linear: the bias must be [4], got [1,4]", () => linear(table, zeros([3, 4]), zeros([1, 4]))],
    ["linear: inner sizes differ: [2,3] × []", () => linear(table, untyped(2))],
    ["linear: the bias must be [4], got []", () => linear(table, zeros([3, 4]), untyped(2))],
    ["reshape: [2,3] (6 elements) does not fit [4]", () => reshape(table, [4])],
    ["reshape: [2,3] (6 elements) does not fit [4,-1]", () => reshape(table, [4, -1])],
    ["reshape: [2,3] (6 elements) does not fit [-1,-1]", () => reshape(table, [-1, -1])],
    ["reshape: [2,3] (6 elements) does not fit [-2,-3]", () => reshape(table, [-2, -3])],
    ["reshape: [0] (0 elements) does not fit [0,-1]", () => reshape(zeros([0]), [0, -1])],
    ["broadcastTo: shapes do not broadcast: [3] × [2]", () => broadcastTo(row, [2])],
    ["broadcastTo: [2,3] does not broadcast to [3]", () => broadcastTo(table, [3])],
    ["broadcastTo: [3] does not broadcast to [1]", () => broadcastTo(row, [1])],
    ["concat: shapes differ off axis 0: [2,3], [2,4]", () => concat([table, zeros([2, 4])])],
    ["concat: shapes differ off axis 1: [2,3], [3]", () => concat([table, row], { axis: 1 })],
    ["stack: shapes differ: [2,3], [3]", () => stack([table, row])],
    ["slice: 2 ranges for the 1 axes of [3]", () => slice(row, [null, null])],
    ["gather: needs a tensor of at least one axis, got a scalar", () => gather(tensor(1), [0])],
    ["tensor: 3 values do not fill [2,2]", () => tensor([1, 2, 3], { shape: [2, 2] })],
    ["tensor: ragged nesting: values[1] must be 2 entries, got 1 entries", () => tensor([[1, 2], [3]])],
    ["tensor: ragged nesting: values[1] must be 2 entries, got number", () => tensor([[1, 2], 3])],
    ["tensor: ragged nesting: values[0][1] must be a number, got 2 entries", () => tensor([[1, [2, 3]]])],
    ["tensor: ragged nesting: values[1] must be 0 entries, got 1 entries", () => tensor([[], [1]])],
    ["itemSync: needs a tensor of one element, got [3]; read it with data()", () => row.itemSync()],
  ]);
});

describe("axes and sizes that are not there", () => {
  refuses(ShapeError, [
    ["sum: axis 2 is not one of the 2 axes", () => sum(table, { axis: 2 })],
    ["mean: axis -3 is not one of the 2 axes", () => mean(table, { axis: [0, -3] })],
    ["max: axis 0.5 is not one of the 2 axes", () => max(table, { axis: 0.5 })],
    ["min: axis 1 is named twice in [1,-1]", () => min(table, { axis: [1, -1] })],
    ["max: axis 1 of [2,0] has no elements", () => max(zeros([2, 0]))],
    ["min: axis 0 of [0] has no elements", () => min(zeros([0]), { axis: 0 })],
    ["argMax: axis 1 of [2,0] has no elements", () => argMax(zeros([2, 0]))],
    ["argMax: axis -1 is not one of the 0 axes", () => argMax(tensor(1))],
    ["softmax: axis 1 is not one of the 1 axes", () => softmax(row, { axis: 1 })],
    ["logSoftmax: axis -1 is not one of the 0 axes", () => logSoftmax(tensor(1))],
    ["concat: axis 0 is not one of the 0 axes", () => concat([tensor(1), tensor(2)])],
    ["stack: axis 2 is not one of the 2 axes", () => stack([row, row], { axis: 2 })],
    ["transpose: [0] is not an order of the axes of [2,3]", () => transpose(table, [0])],
    ["transpose: [0,-2] is not an order of the axes of [2,3]", () => transpose(table, [0, -2])],
    ["transpose: axis 2 is not one of the 2 axes", () => transpose(table, [0, 2])],
    ["zeros: sizes must be whole numbers ≥ 0, got [2,-1]", () => zeros([2, -1])],
    ["ones: sizes must be whole numbers ≥ 0, got [1.5]", () => ones([1.5])],
    ["full: a shape is an array of sizes, got 3", () => full(untyped(3), 1)],
    ["reshape: a shape is an array of sizes, got 3", () => reshape(table, untyped(3))],
    ["broadcastTo: a shape is an array of sizes, got 3", () => broadcastTo(row, untyped(3))],
    ["broadcastTo: sizes must be whole numbers ≥ 0, got [-1,3]", () => broadcastTo(row, [-1, 3])],
    ["tensor: sizes must be whole numbers ≥ 0, got [-1]", () => tensor([1], { shape: [-1] })],
    ["randomNormal: sizes must be whole numbers ≥ 0, got [-1]", () => randomNormal([-1], { random })],
    ["randomUniform: a shape is an array of sizes, got 3", () => randomUniform(untyped(3), { random })],
  ]);
});

describe("values out of range", () => {
  const generator = "random must be a generator, as new Random(seed), got";
  refuses(AdjointError, [
    ["clip: the bounds must be low ≤ high, got 2 and 1", () => clip(row, 2, 1)],
    ["clip: the bounds must be low ≤ high, got NaN and 1", () => clip(row, Number.NaN, 1)],
    [
      "leakyRelu: negativeSlope must be a finite number, got Infinity",
      () => leakyRelu(row, { negativeSlope: Infinity }),
    ],
    ["slice: axis 0: [0, 1.5, 1] is not a range of whole numbers, step ≥ 1", () => slice(row, [[0, 1.5]])],
    ["slice: axis 1: [0, 2, 0] is not a range of whole numbers, step ≥ 1", () => slice(table, [null, [0, 2, 0]])],
    ["slice: axis 0: [2, 0, -1] is not a range of whole numbers, step ≥ 1", () => slice(row, [[2, 0, -1]])],
    ["slice: axis 0: [NaN, 1, 1] is not a range of whole numbers, step ≥ 1", () => slice(row, [[Number.NaN, 1]])],
    ["gather: index 1 is 3, expected a whole number in [0, 3)", () => gather(row, [0, 3])],
    ["gather: index 0 is -1, expected a whole number in [0, 3)", () => gather(row, tensor([-1]))],
    ["gather: index 0 is 0.5, expected a whole number in [0, 3)", () => gather(row, [0.5])],
    ["gather: index 0 is NaN, expected a whole number in [0, 3)", () => gather(row, [Number.NaN])],
    ["oneHot: index 0 is 3, expected a whole number in [0, 3)", () => oneHot([3], 3)],
    ["oneHot: the depth must be a whole number ≥ 1, got 0", () => oneHot([0], 0)],
    ["concat: needs at least one tensor", () => concat([])],
    ["stack: needs at least one tensor", () => stack([])],
    ["arange: needs finite numbers and a step other than 0, got 0, 3, 0", () => arange(0, 3, 0)],
    ["arange: needs finite numbers and a step other than 0, got 0, Infinity, 1", () => arange(Infinity)],
    ["linspace: the count must be a whole number ≥ 0, got 2.5", () => linspace(0, 1, 2.5)],
    ["linspace: the count must be a whole number ≥ 0, got -1", () => linspace(0, 1, -1)],
    ["randomUniform: needs finite low ≤ high, got 1 and 0", () => randomUniform([1], { random, low: 1, high: 0 })],
    [
      "randomUniform: needs finite low ≤ high, got 0 and Infinity",
      () => randomUniform([1], { random, high: Infinity }),
    ],
    [
      "randomNormal: the standard deviation must be ≥ 0, got -1",
      () => randomNormal([1], { random, standardDeviation: -1 }),
    ],
    [`randomUniform: ${generator} undefined`, () => Reflect.apply(randomUniform, undefined, [[1]])],
    [`randomNormal: ${generator} 7`, () => randomNormal([1], { random: untyped(7) })],
  ]);
});

describe("arguments of another kind", () => {
  const hint = "; make tensors with tensor(…)";
  refuses(AdjointError, [
    [`add: expected a tensor or a number, got undefined${hint}`, () => add(row, untyped(undefined))],
    [`abs: expected a tensor or a number, got null${hint}`, () => abs(untyped(null))],
    [`where: expected a tensor or a number, got boolean${hint}`, () => where(untyped(true), 1, 2)],
    [`matmul: expected a tensor or a number, got an array${hint}`, () => matmul(table, untyped([1]))],
    [`sum: expected a tensor or a number, got string${hint}`, () => sum(untyped("1"))],
    [`add: expected a tensor or a number, got an object (Map)${hint}`, () => add(row, untyped(new Map()))],
    [`zerosLike: expected a tensor or a number, got an array${hint}`, () => zerosLike(untyped([1]))],
    [`concat: expected a tensor or a number, got an array${hint}`, () => concat(untyped([row, [1]]))],
    [`stack: expected a tensor or a number, got string${hint}`, () => stack(untyped(["a"]))],
    ["concat: takes an array of tensors, got an object (Tensor)", () => concat(untyped(row))],
    ["stack: takes an array of tensors, got undefined", () => stack(untyped(undefined))],
    ["transpose: takes an array of axes, got number", () => transpose(table, untyped(1))],
    ["slice: takes an array of ranges, got number", () => slice(row, untyped(1))],
    [
      "slice: axis 0: a range is [start, end], [start, end, step] or null, got number",
      () => slice(table, untyped([1, 3])),
    ],
    ["gather: takes indices as an array or a tensor, got number", () => gather(row, untyped(1))],
    ["oneHot: takes indices as an array or a tensor, got string", () => oneHot(untyped("1"), 3)],
    ["full: the value must be a number, got string", () => full([2], untyped("1"))],
    ["tensor: values must be a number, got string", () => tensor(untyped("1"))],
    ["tensor: values[1] must be a number, got null", () => tensor(untyped([1, null]))],
    // biome-ignore lint/suspicious/noSparseArray: a hole is what is refused
    ["tensor: values[1] must be a number, got undefined", () => tensor(untyped([1, , 3]))],
    ["tensor: values[0] must be a number, got an object (Float32Array)", () => tensor(untyped([new Float32Array(2)]))],
    ["tensor: takes arrays of numbers, got an object (BigInt64Array)", () => tensor(untyped(new BigInt64Array(2)))],
    [
      "tensor: takes arrays of numbers, got an object (DataView)",
      () => tensor(untyped(new DataView(new ArrayBuffer(8)))),
    ],
  ]);
});

describe("element types, backends and tensors that are gone", () => {
  // the one backend that has two element types
  const [single, double] = withBackend(new ReferenceBackend(), () => {
    return [tensor([1, 2, 3]), tensor([1, 2, 3], { dtype: "float64" })] as const;
  });
  const elsewhere = inFloat64(() => tensor([1, 2, 3], { dtype: "float32" }));
  const mixed = "operands live on different backends: wasm × reference:float64; make both after the same useBackend";
  // two backends of one name are two all the same
  const twin = withBackend(new ReferenceBackend(), () => tensor([1, 2, 3]));
  const twins = "operands live on different backends: reference × reference; make both after the same useBackend";
  const gone = () => {
    const x = tensor([1, 2, 3]);
    x.dispose();
    return x;
  };
  const why = "the tensor made by tensor was disposed; use it before dispose(), or leave the freeing to scope()";

  refuses(DTypeError, [
    ["add: element types differ: float32 × float64", () => add(single, double)],
    ["where: element types differ: float32 × float64", () => where(single, 1, double)],
    ["concat: element types differ: float32 × float64", () => concat([single, single, double])],
    ["zeros: wasm has float32, not float64; float64 is on reference", () => zeros([1], { dtype: "float64" })],
    ["ones: wasm has float32, not int32; float64 is on reference", () => ones([1], { dtype: untyped("int32") })],
  ]);
  refuses(BackendError, [
    [`add: ${mixed}`, () => add(row, elsewhere)],
    [`matmul: ${mixed}`, () => matmul(table, elsewhere.reshape([3, 1]))],
    [`linear: ${mixed}`, () => linear(table, zeros([3, 3]), elsewhere)],
    [`stack: ${mixed}`, () => stack([row, elsewhere])],
    [`add: ${twins}`, () => add(single, twin)],
  ]);
  refuses(ReleasedError, [
    [`add: ${why}`, () => add(1, gone())],
    [`abs: ${why}`, () => abs(gone())],
    [`sum: ${why}`, () => sum(gone())],
    [`reshape: ${why}`, () => reshape(gone(), [3, 1])],
    [`transpose: ${why}`, () => transpose(gone())],
    [`slice: ${why}`, () => slice(gone(), [[0, 1]])],
    [`concat: ${why}`, () => concat([row, gone()])],
    [`gather: ${why}`, () => gather(gone(), [0])],
    [`broadcastTo: ${why}`, () => broadcastTo(gone(), [2, 3])],
    [`where: ${why}`, () => where(gone(), 1, 2)],
    [`dataSync: ${why}`, () => gone().dataSync()],
  ]);
});

describe("gradient checks", () => {
  const nothing = { directions: 0, coordinateLimit: 0 };
  refuses(ArgumentError, [
    ["checkGradients: needs at least one input", () => checkGradients(() => row, [])],
    [
      "checkGradients: 0 directions and more than 0 elements leave nothing to compare",
      () => checkGradients(abs, [[1, 5]], nothing),
    ],
  ]);

  it("take tensors from outside where float64 is in use, and refuse those of another backend", () => {
    const scaled = (factor: Tensor) => () => checkGradients((x) => x.mul(factor), [[1, 2, 3]]);
    expect(thrownBy(scaled(row)).message).toContain("different backends: reference:float64 × wasm;");
    inFloat64(() => expect(scaled(tensor([2, 3, 4]))().error).toBeLessThan(1e-8));
  });
});
