// Random calls of the ops of matmul.ts, with their definitions and the error that float32 allows a product.

import { linear, type MatmulOptions, matmul, type Tensor } from "@adjoint/core";
import fc from "fast-check";
import { arrays, arraysOf, broadcastable, extents, numbers, shapes } from "./arbitraries.js";
import { broadcastAt, broadcastShape, generate, type HostArray } from "./host-array.js";
import { BILINEAR, callOf, type OpCase } from "./op-case.js";

/** What a product's cell is made of: a row of A and a column of B. */
type Cell = (row: readonly number[], column: readonly number[]) => number;

const innerProduct: Cell = (row, column) => row.reduce((total, x, i) => total + x * (column[i] ?? Number.NaN), 0);

const norm = (vector: readonly number[]) => Math.sqrt(vector.reduce((total, x) => total + x * x, 0));

/** 4·√k·2⁻²⁴·‖row‖·‖column‖: how far a float32 product of inner size k may be off. */
export const productBound: Cell = (row, column) => 4 * Math.sqrt(row.length) * 2 ** -24 * norm(row) * norm(column);

/** A function of every row of A and column of B, over the last two axes of arrays whose other axes broadcast. */
export function productBy(
  cell: Cell,
  a: HostArray,
  b: HostArray,
  { transposeA = false, transposeB = false }: MatmulOptions = {},
): HostArray {
  const [aRows = 0, aColumns = 0] = a.shape.slice(-2);
  const [bRows = 0, bColumns = 0] = b.shape.slice(-2);
  const [m, k] = transposeA ? [aColumns, aRows] : [aRows, aColumns];
  const n = transposeB ? bRows : bColumns;
  const inner = Array.from({ length: k }, (_, p) => p);
  return generate([...broadcastShape(a.shape.slice(0, -2), b.shape.slice(0, -2)), m, n], (index) => {
    const batch = index.slice(0, -2);
    const [i = 0, j = 0] = index.slice(-2);
    // a batch axis of size 1 repeats; a matrix axis does not, and its index is 0 where its size is 1
    const row = inner.map((p) => broadcastAt(a, [...batch, ...(transposeA ? [p, i] : [i, p])]));
    const column = inner.map((p) => broadcastAt(b, [...batch, ...(transposeB ? [j, p] : [p, j])]));
    return cell(row, column);
  });
}

const values = numbers(-2, 2);
const flags = fc.record({ transposeA: fc.boolean(), transposeB: fc.boolean() });

/** Two stacks of matrices that multiply, under the transposes, and whose batches broadcast. */
function operands({ transposeA, transposeB }: Required<MatmulOptions>) {
  const batches = fc.oneof(
    fc.constant([[], []]),
    shapes({ maxRank: 2 }).chain((shape) =>
      broadcastable(
        shape.map((extent) => Math.min(extent, 3)),
        2,
      ),
    ),
  );
  return fc.tuple(extents, extents, extents, batches).chain(([m, k, n, [batchA = [], batchB = []]]) =>
    arraysOf(
      [
        [...batchA, ...(transposeA ? [k, m] : [m, k])],
        [...batchB, ...(transposeB ? [n, k] : [k, n])],
      ],
      values,
    ),
  );
}

const matmulCase: OpCase = {
  op: "matmul",
  linearIn: BILINEAR,
  calls: flags.chain((options) =>
    operands(options).map((inputs) =>
      callOf({
        inputs,
        apply: (a: Tensor, b: Tensor) => matmul(a, b, options),
        define: (a, b) => productBy(innerProduct, a, b, options),
        float32Bound: (a, b) => productBy(productBound, a, b, options),
        options,
      }),
    ),
  ),
};

/** x · kernel (+ bias) over the last axis of x, by `cell` for the product and `join` for the bias. */
function linearBy(
  cell: Cell,
  join: (product: number, bias: number) => number,
  [x, kernel, bias]: readonly HostArray[],
): HostArray {
  if (!x || !kernel) throw new Error("linear has two inputs or three");
  const [features = 0] = x.shape.slice(-1);
  const front = x.shape.slice(0, -1);
  // as a product of one row for each of the leading indices
  const rows = { shape: [...front, 1, features], data: x.data };
  const product = productBy(cell, rows, kernel);
  const shape = [...front, kernel.shape[1] ?? 0];
  if (!bias) return { shape, data: product.data };
  return generate(shape, (index) => join(broadcastAt({ shape, data: product.data }, index), broadcastAt(bias, index)));
}

function linearCase(op: string, withBias: boolean): OpCase {
  return {
    op,
    linearIn: withBias
      ? [
          { input: 0, zeroed: [2] },
          { input: 1, zeroed: [2] },
          { input: 2, zeroed: [0] },
        ]
      : BILINEAR,
    calls: fc.tuple(shapes({ maxRank: 2 }), extents, extents).chain(([front, inFeatures, outFeatures]) => {
      const inputs = [[...front, inFeatures], [inFeatures, outFeatures], ...(withBias ? [[outFeatures]] : [])];
      return fc.tuple(...inputs.map((shape) => arrays(shape, values))).map((drawn) =>
        callOf({
          inputs: drawn,
          apply: (x: Tensor, kernel: Tensor, bias?: Tensor) => linear(x, kernel, bias),
          define: (...given) => linearBy(innerProduct, (product, bias) => product + bias, given),
          float32Bound: (...given) =>
            linearBy(productBound, (bound, bias) => bound + 1e-6 * (1 + Math.abs(bias)), given),
        }),
      );
    }),
  };
}

/** Matrix products. */
export const productCases: readonly OpCase[] = [
  matmulCase,
  linearCase("linear without bias", false),
  linearCase("linear", true),
];
