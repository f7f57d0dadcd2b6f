// The wasm backend's elementwise functions, reductions and copies against the reference backend in float64: any float,
// odd shapes, every pattern of broadcasting and every set of axes. Inputs lie in the linear memory or in arrays.

import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import type { BackendBuffer, StridedView, UnaryName } from "../../src/backends/backend.js";
import { BINARY_NAMES, UNARY_NAMES } from "../../src/backends/wasm/codes.js";
import { createWasmBackend } from "../../src/backends/wasm/index.js";
import { type Shape, sizeOf, stridesOf } from "../../src/shape.js";
import { broadcastable } from "../support/arbitraries.js";
import { runs } from "../support/runs.js";
import {
  computed,
  expected,
  expectNear,
  expectRounded,
  inputs,
  inputsOf,
  oddShapes,
  onBoth,
  type Primitives,
  tameFloat,
  unitInLastPlace,
} from "./wasm-support.js";

const wasm = await createWasmBackend({ threads: 1 });
afterAll(() => wasm.dispose());

/** Functions that no float32 format rounds once: within 2 units in the last place. */
const APPROXIMATED: readonly string[] = ["exp", "log", "tanh", "sigmoid", "softplus", "pow"];

function parametersOf(name: UnaryName): fc.Arbitrary<number[]> {
  const number = fc.float({ min: -3, max: 3, noNaN: true });
  if (name === "leakyRelu") return number.map((slope) => [slope]);
  if (name === "clip") return fc.tuple(number, number).map((bounds) => bounds.sort((a, b) => a - b));
  return fc.constant([]);
}

describe("unary", () => {
  it.each(UNARY_NAMES)("%s of any float is what float64 gives, rounded", (name) => {
    const cases = fc.nat(67).chain((count) => fc.tuple(inputs(count), parametersOf(name)));
    const property = fc.property(cases, ([x, parameters]) => {
      const [actual, wanted] = onBoth(wasm, [x], (backend, buffer) => backend.unary(name, buffer, parameters));
      if (APPROXIMATED.includes(name)) expectNear(actual, wanted, (value) => 2 * unitInLastPlace(value));
      else expectRounded(actual, wanted);
    });
    fc.assert(property, runs(2));
  });
});

/** A shape, and shapes that broadcast to it. */
function broadcasts(count: number) {
  return oddShapes().chain((shape) => broadcastable(shape, count).map((from) => ({ shape, from })));
}

/** Every shape that broadcasts to `shape`: with any of its axes single, and any number of the first ones left out. */
function allBroadcasting(shape: Shape): Shape[] {
  const masks = Array.from({ length: 2 ** shape.length }, (_, mask) => mask);
  const single = masks.map((mask) => shape.map((extent, axis) => ((mask >> axis) & 1 ? 1 : extent)));
  const all = single.flatMap((from) => from.map((_, axis) => from.slice(axis)).concat([[]]));
  return [...new Map(all.map((from) => [from.join(), from])).values()];
}

const counting = (shape: Shape, start: number) => ({
  values: Float32Array.from({ length: sizeOf(shape) }, (_, i) => start + i),
  left: false,
});

describe("binary", () => {
  it.each(BINARY_NAMES)("%s of any floats is what float64 gives, rounded, however they broadcast", (name) => {
    const cases = broadcasts(2).chain(({ shape, from }) => fc.tuple(fc.constant({ shape, from }), inputsOf(from)));
    const property = fc.property(cases, ([{ shape, from }, given]) => {
      const [left = [], right = []] = from;
      const [actual, wanted] = onBoth(wasm, given, (backend, a, b) => {
        return backend.binary(name, { buffer: a, shape: left }, { buffer: b, shape: right }, shape);
      });
      if (APPROXIMATED.includes(name)) expectNear(actual, wanted, (value) => 2 * unitInLastPlace(value));
      else expectRounded(actual, wanted);
    });
    fc.assert(property, runs(2));
  });

  it("reads every pair of shapes that broadcast to [2,3,5,3], or to [3,1,7], as the reference does", () => {
    for (const shape of [
      [2, 3, 5, 3],
      [3, 1, 7],
    ]) {
      const patterns = allBroadcasting(shape);
      for (const left of patterns) {
        for (const right of patterns) {
          const given = [counting(left, 1000), counting(right, 1)];
          const results = onBoth(wasm, given, (backend, a, b) => {
            return backend.binary("sub", { buffer: a, shape: left }, { buffer: b, shape: right }, shape);
          });
          expectRounded(...results);
        }
      }
    }
  });
});

describe("select", () => {
  it("takes the first where the condition is not 0, NaN included, however they broadcast", () => {
    const cases = broadcasts(3).chain(({ shape, from }) => fc.tuple(fc.constant({ shape, from }), inputsOf(from)));
    const property = fc.property(cases, ([{ shape, from }, given]) => {
      const [first = [], second = [], third = []] = from;
      const results = onBoth(wasm, given, (backend, condition, a, b) => {
        const chosen = { buffer: condition, shape: first };
        return backend.select(chosen, { buffer: a, shape: second }, { buffer: b, shape: third }, shape);
      });
      expectRounded(...results);
    });
    fc.assert(property, runs(4));
  });
});

/** All subsets of the axes. */
function axisSets(rank: number): number[][] {
  const axes = Array.from({ length: rank }, (_, axis) => axis);
  return Array.from({ length: 2 ** rank }, (_, mask) => axes.filter((axis) => (mask >> axis) & 1));
}

describe("reduce", () => {
  const cases = (values?: fc.Arbitrary<number>) =>
    oddShapes().chain((shape) => fc.tuple(fc.constant(shape), inputs(sizeOf(shape), values)));

  it.each(["max", "min"] as const)("%s over every set of axes, of any floats: NaN wins", (name) => {
    const property = fc.property(cases(), ([shape, x]) => {
      for (const axes of axisSets(shape.length)) {
        expectRounded(...onBoth(wasm, [x], (backend, buffer) => backend.reduce(name, { buffer, shape }, axes)));
      }
    });
    fc.assert(property, runs());
  });

  it("argMax over every axis, of any floats: the first of equals, NaN before all", () => {
    const few = fc.constantFrom(Number.NaN, -Infinity, Infinity, 0, 1, 1, 2 ** -149);
    const property = fc.property(fc.oneof(cases(), cases(few)), ([shape, x]) => {
      shape.forEach((extent, axis) => {
        if (extent === 0) return;
        expectRounded(...onBoth(wasm, [x], (backend, buffer) => backend.reduce("argMax", { buffer, shape }, [axis])));
      });
    });
    fc.assert(property, runs());
  });

  it("sum over every set of axes, within 1e-6 of the sum of sizes", () => {
    const property = fc.property(cases(tameFloat), ([shape, x]) => {
      for (const axes of axisSets(shape.length)) {
        const sum = (backend: Primitives, buffer: BackendBuffer) => backend.reduce("sum", { buffer, shape }, axes);
        const total = expected([{ ...x, values: x.values.map(Math.abs) }], sum);
        expectNear(...onBoth(wasm, [x], sum), (_, i) => 1e-6 * (total[i] as number));
      }
    });
    fc.assert(property, runs());
  });

  it.each([
    [Infinity, -Infinity, Number.NaN],
    [Infinity, 3, Infinity],
    [Number.NaN, Infinity, Number.NaN],
    [2 ** -149, 2 ** -149, 2 ** -148],
    [-0, -0, 0],
  ])("sums %d and %d among zeros to %d, wherever they are", (first, second, total) => {
    for (const [shape, axes] of [
      [[1, 67], [1]],
      [[67, 1], [0]],
      [[67, 5], [0]],
    ] as const) {
      for (let at = 0; at < 66; at++) {
        const values = new Float32Array(sizeOf(shape));
        const step = shape[1] === 5 ? 5 : 1;
        values[at * step] = first;
        values[(at + 1) * step] = second;
        const sums = computed(wasm, [{ values, left: false }], (backend, buffer) => {
          return backend.reduce("sum", { buffer, shape }, axes);
        });
        expect(sums[0]).toBe(total);
      }
    }
  });
});

/** Windows into a buffer of at most some thousand elements: any strides, 0 for an axis that is repeated. */
const windows: fc.Arbitrary<{ view: StridedView; size: number }> = oddShapes()
  .chain((shape) => {
    const strides = fc.array(fc.nat(9), { minLength: shape.length, maxLength: shape.length });
    return fc.record({ shape: fc.constant(shape), strides, offset: fc.nat(20) });
  })
  .map((view) => {
    const last = view.shape.reduce((at, extent, axis) => at + Math.max(0, extent - 1) * (view.strides[axis] ?? 0), 0);
    return { view, size: view.offset + last + 1 };
  });

describe("copies", () => {
  it("copy takes any window: strided, transposed, repeated, empty", () => {
    const cases = windows.chain(({ view, size }) => fc.tuple(fc.constant(view), inputs(size)));
    const property = fc.property(cases, ([view, x]) => {
      expectRounded(...onBoth(wasm, [x], (backend, buffer) => backend.copy(buffer, view)));
    });
    fc.assert(property, runs(5));
  });

  it("assemble fills windows along any axis, in any order of axes, and leaves zeros between them", () => {
    const cases = oddShapes()
      .filter((shape) => shape.length > 0)
      .chain((shape) => {
        const axes = shape.map((_, axis) => axis);
        const cuts = fc.subarray(Array.from({ length: 18 }, (_, i) => i));
        const order = fc.shuffledSubarray(axes, { minLength: axes.length, maxLength: axes.length });
        return fc.record({ shape: fc.constant(shape), axis: fc.constantFrom(...axes), cuts, order });
      })
      .map(({ shape, axis, cuts, order }) => ({ size: sizeOf(shape), views: slabs(shape, axis, cuts, order) }))
      .chain(({ size, views }) => fc.tuple(fc.constant({ size, views }), inputsOf(views.map(({ shape }) => shape))));
    const property = fc.property(cases, ([{ size, views }, given]) => {
      const results = onBoth(wasm, given, (backend, ...buffers) => {
        const parts = buffers.map((buffer, i) => ({ buffer, view: views[i] as StridedView }));
        return backend.assemble(backend === wasm ? "float32" : "float64", size, parts);
      });
      expectRounded(...results);
    });
    fc.assert(property, runs(4));
  });
});

/** Every other of the slabs into which cuts divide a shape along an axis, with its axes in another order. */
function slabs(shape: Shape, axis: number, cuts: readonly number[], order: readonly number[]): StridedView[] {
  const strides = stridesOf(shape);
  const extent = shape[axis] as number;
  const bounds = [0, ...cuts.filter((cut) => cut <= extent), extent];
  return bounds.slice(1).flatMap((end, i) => {
    if (i % 3 === 2) return [];
    const start = bounds[i] as number;
    const part = shape.map((length, at) => (at === axis ? end - start : length));
    const pick = (list: readonly number[]) => order.map((at) => list[at] as number);
    return [{ shape: pick(part), strides: pick(strides), offset: start * (strides[axis] as number) }];
  });
}
