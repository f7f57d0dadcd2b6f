// Random calls of the ops that move elements about: arranging.ts, broadcasting.ts and indexing.ts.

import {
  broadcastTo,
  concat,
  gather,
  type Indices,
  reshape,
  type SliceRange,
  slice,
  stack,
  type Tensor,
  tensor,
  transpose,
} from "@adjoint/core";
import fc from "fast-check";
import { arrays, arraysOf, axisOf, broadcastable, numbers, shapes, sizeOf } from "./arbitraries.js";
import { inFloat64 } from "./expectations.js";
import { broadcastAt, elementAt, generate, type HostArray, indicesOf, withShape } from "./host-array.js";
import { callOf, jointlyLinear, LINEAR, type OpCase } from "./op-case.js";

const values = numbers(-3, 3);

const transposeCase: OpCase = {
  op: "transpose",
  linearIn: LINEAR,
  calls: shapes().chain((shape) => {
    const axes = shape.map((_, axis) => axis);
    const orders = fc.option(fc.shuffledSubarray(axes, { minLength: axes.length }), { nil: undefined });
    return fc.tuple(arrays(shape, values), orders).map(([x, permutation]) => {
      const order = permutation ?? axes.toReversed();
      return callOf({
        inputs: [x],
        apply: (t: Tensor) => transpose(t, permutation),
        define: (array) =>
          generate(
            order.map((axis) => shape[axis] ?? 0),
            // axis i of the result is axis order[i] of x
            (index) =>
              elementAt(
                array,
                axes.map((axis) => index[order.indexOf(axis)] ?? 0),
              ),
          ),
        options: { permutation },
      });
    });
  }),
};

/** Shapes of `size` elements: its divisors in some order, and perhaps one size left open. */
function foldings(shape: readonly number[]): fc.Arbitrary<number[]> {
  const size = sizeOf(shape);
  const whole = fc.array(fc.constantFrom(1, 2, 3, 5, 7), { maxLength: 3 }).map((wanted) => {
    let rest = size;
    const taken = wanted.filter((extent) => {
      const divides = rest % extent === 0;
      if (divides) rest /= extent;
      return divides;
    });
    return [...taken, rest];
  });
  return whole.chain((target) =>
    fc.option(fc.nat(target.length - 1), { nil: undefined }).map((open) => target.map((n, i) => (i === open ? -1 : n))),
  );
}

const reshapeCase: OpCase = {
  op: "reshape",
  linearIn: LINEAR,
  calls: shapes().chain((shape) =>
    fc.tuple(arrays(shape, values), foldings(shape)).map(([x, target]) => {
      const known = target.filter((extent) => extent !== -1);
      const whole = target.map((extent) => (extent === -1 ? sizeOf(shape) / sizeOf(known) : extent));
      return callOf({
        inputs: [x],
        apply: (t: Tensor) => reshape(t, target),
        define: (array) => withShape(array, whole),
        options: { target },
      });
    }),
  ),
};

const broadcastToCase: OpCase = {
  op: "broadcastTo",
  linearIn: LINEAR,
  calls: shapes().chain((target) =>
    broadcastable(target, 1).chain(([own = []]) =>
      arrays(own, values).map((x) =>
        callOf({
          inputs: [x],
          apply: (t: Tensor) => broadcastTo(t, target),
          define: (array) => generate(target, (index) => broadcastAt(array, index)),
          options: { target },
        }),
      ),
    ),
  ),
};

/** Where an array of a list lies when they are put one after the other along an axis: which array, and which index. */
function joined(inputs: readonly HostArray[], axis: number): HostArray {
  const pieces = inputs.flatMap((array) => Array.from({ length: array.shape[axis] ?? 0 }, (_, i) => ({ array, i })));
  const shape = (inputs[0]?.shape ?? []).with(axis, pieces.length);
  return generate(shape, (index) => {
    const piece = pieces[index[axis] ?? 0];
    return piece ? elementAt(piece.array, index.with(axis, piece.i)) : Number.NaN;
  });
}

const fromEnd = (axis: number, rank: number) => (axis < 0 ? axis + rank : axis);

const concatCase: OpCase = {
  op: "concat",
  linearIn: jointlyLinear(3),
  calls: shapes({ minRank: 1, maxRank: 3 })
    .chain((shape) => fc.tuple(fc.constant(shape), axisOf(shape.length)))
    .chain(([shape, axis]) => {
      const along = fromEnd(axis, shape.length);
      const extents = fc.tuple(fc.constantFrom(1, 2, 3), fc.constantFrom(1, 2, 3), fc.constantFrom(1, 2, 3));
      return extents
        .chain((list) =>
          arraysOf(
            list.map((extent) => shape.with(along, extent)),
            values,
          ),
        )
        .map((inputs) =>
          callOf({
            inputs,
            apply: (...tensors: Tensor[]) => concat(tensors, { axis }),
            define: (...given) => joined(given, along),
            options: { axis },
          }),
        );
    }),
};

const stackCase: OpCase = {
  op: "stack",
  linearIn: jointlyLinear(2),
  calls: shapes({ maxRank: 3 })
    .chain((shape) => fc.tuple(fc.constant(shape), axisOf(shape.length + 1)))
    .chain(([shape, axis]) =>
      arraysOf([shape, shape], values).map((inputs) => {
        const at = fromEnd(axis, shape.length + 1);
        return callOf({
          inputs,
          apply: (...tensors: Tensor[]) => stack(tensors, { axis }),
          define: (...given) =>
            joined(
              given.map((array) => withShape(array, shape.toSpliced(at, 0, 1))),
              at,
            ),
          options: { axis },
        });
      }),
    ),
};

/** A range along an axis: mostly a part of it, counted from either end; now and then empty, or past the ends. */
function ranges(extent: number): fc.Arbitrary<SliceRange> {
  const step = fc.integer({ min: 1, max: 3 });
  const wild = fc.oneof(fc.integer({ min: -extent - 2, max: extent + 2 }), fc.constantFrom(Infinity, -Infinity));
  const inside = fc
    .tuple(fc.nat(extent - 1), fc.nat(extent - 1), step, fc.boolean())
    .map(([a, b, by, negative]): SliceRange => {
      const [first, last] = [Math.min(a, b), Math.max(a, b)];
      return [negative ? first - extent : first, last + 1, by];
    });
  return fc.oneof(
    { weight: 4, arbitrary: inside },
    { weight: 2, arbitrary: fc.constant(null) },
    { weight: 1, arbitrary: fc.tuple(wild, wild, step) },
    { weight: 1, arbitrary: fc.tuple(wild, wild) },
  );
}

/** The positions that a range takes, as Python's slices do. */
function positions(range: SliceRange, extent: number): number[] {
  const [start, end, step = 1] = range ?? [0, extent];
  const [from, to] = [start, end].map((bound) => (bound < 0 ? bound + extent : bound)) as [number, number];
  const all = Array.from({ length: extent }, (_, i) => i).filter((i) => i >= from && i < to);
  return all.filter((i) => (i - Math.max(0, from)) % step === 0);
}

const sliceCase: OpCase = {
  op: "slice",
  linearIn: LINEAR,
  calls: shapes().chain((shape) =>
    fc.nat(shape.length).chain((named) =>
      fc.tuple(arrays(shape, values), fc.tuple(...shape.slice(0, named).map(ranges))).map(([x, given]) => {
        const taken = shape.map((extent, axis) => positions(given[axis] ?? null, extent));
        return callOf({
          inputs: [x],
          apply: (t: Tensor) => slice(t, given),
          define: (array) =>
            generate(
              taken.map((list) => list.length),
              (index) =>
                elementAt(
                  array,
                  index.map((i, axis) => taken[axis]?.[i] ?? 0),
                ),
            ),
          options: { given },
        });
      }),
    ),
  ),
};

/** Row numbers, some of them repeated: as a list, as an Int32Array, or as a tensor of `shape`. */
const gatherCase: OpCase = {
  op: "gather",
  linearIn: LINEAR,
  calls: fc.tuple(shapes({ minRank: 1 }), shapes({ maxRank: 2 }), fc.nat(2)).chain(([shape, asked, kind]) => {
    const rows = fc.array(fc.nat((shape[0] ?? 1) - 1), { minLength: sizeOf(asked), maxLength: sizeOf(asked) });
    return fc.tuple(arrays(shape, values), rows).map(([x, list]) => {
      const indexShape = kind === 2 ? asked : [list.length];
      const indices = (): Indices => {
        if (kind === 0) return list;
        // indices are read on the host, so their tensor need not live where x does
        return kind === 1 ? Int32Array.from(list) : inFloat64(() => tensor(list, { shape: asked }));
      };
      const places = indicesOf(indexShape).map((index) => index.join());
      return callOf({
        inputs: [x],
        apply: (t: Tensor) => gather(t, indices()),
        define: (array) =>
          generate([...indexShape, ...shape.slice(1)], (index) => {
            const row = list[places.indexOf(index.slice(0, indexShape.length).join())] ?? 0;
            return elementAt(array, [row, ...index.slice(indexShape.length)]);
          }),
        options: { indexShape, list },
      });
    });
  }),
};

/** Ops that copy windows: arranging.ts. */
export const arrangingCases: readonly OpCase[] = [transposeCase, concatCase, stackCase, sliceCase];

/** Ops on the shape alone: broadcasting.ts. */
export const broadcastingCases: readonly OpCase[] = [reshapeCase, broadcastToCase];

/** Ops that take rows by number: indexing.ts. */
export const indexingCases: readonly OpCase[] = [gatherCase];
