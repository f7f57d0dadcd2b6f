// Random calls of the ops on images, channels last, with their definitions: convolution.ts, pooling.ts, normalization.ts.

import {
  averagePool2d,
  batchNorm,
  conv2d,
  convTranspose2d,
  layerNorm,
  maxPool2d,
  type Padding,
  type Tensor,
  upSample,
} from "@adjoint/core";
import fc from "fast-check";
import { arrays, arraysOf, distinctArrays, numbers } from "./arbitraries.js";
import { elementAt, elementwise, generate, type HostArray, indicesOf, zerosLike } from "./host-array.js";
import { callOf, LINEAR, type Linearity, type OpCall, type OpCase } from "./op-case.js";

/** Windows along one axis of an image. */
interface Line {
  readonly size: number;
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  readonly before: number;
  readonly after: number;
}

type PaddingKind = "valid" | "same" | "explicit";

/** One axis with windows that fit, under a kind of padding. */
function lineOf(kind: PaddingKind): fc.Arbitrary<Line> {
  const small = { kernel: fc.integer({ min: 1, max: 3 }), stride: fc.integer({ min: 1, max: 3 }) };
  const rest = { dilation: fc.integer({ min: 1, max: 2 }), extra: fc.nat(2), before: fc.nat(2), after: fc.nat(2) };
  return fc.record({ ...small, ...rest }).map(({ extra, before, after, ...line }) => {
    const reach = (line.kernel - 1) * line.dilation + 1;
    if (kind === "valid") return { ...line, size: reach + extra, before: 0, after: 0 };
    const size = 1 + extra;
    if (kind === "explicit") return { ...line, size, before, after: Math.max(after, reach - size - before) };
    const total = Math.max(0, (Math.ceil(size / line.stride) - 1) * line.stride + reach - size);
    return { ...line, size, before: Math.floor(total / 2), after: Math.ceil(total / 2) };
  });
}

/** How many windows there are. */
const countOf = ({ size, kernel, stride, dilation, before, after }: Line) =>
  Math.floor((size + before + after - (kernel - 1) * dilation - 1) / stride) + 1;

/** The place in the image that cell i of window y reads. */
const placeOf = ({ stride, dilation, before }: Line, y: number, i: number) => y * stride + i * dilation - before;

const geometries = fc.constantFrom<PaddingKind>("valid", "same", "explicit").chain((kind) =>
  fc.tuple(lineOf(kind), lineOf(kind)).map(([rows, columns]) => {
    const explicit: Padding = [
      [rows.before, rows.after],
      [columns.before, columns.after],
    ];
    const padding: Padding = kind === "explicit" ? explicit : kind;
    const stride = [rows.stride, columns.stride] as const;
    const dilation = [rows.dilation, columns.dilation] as const;
    return { rows, columns, options: { stride, dilation, padding } };
  }),
);

const channelCounts = fc.record({
  batch: fc.constantFrom(1, 1, 2),
  groups: fc.constantFrom(1, 1, 2),
  inside: fc.constantFrom(1, 1, 2),
  outside: fc.constantFrom(1, 2),
});

const values = numbers(-2, 2);
const range = (count: number) => Array.from({ length: count }, (_, i) => i);

/** Σ over what two arrays have in common: y[n,v,u,o] = Σ x[n,r,q,c]·w[i,j,c′,o], for all that belongs together. */
function convolution(rows: Line, columns: Line, groups: number, x: HostArray, w: HostArray): HostArray {
  const [batch = 0, , , inChannels = 0] = x.shape;
  const [height = 0, width = 0, perGroup = 0, outChannels = 0] = w.shape;
  return generate([batch, countOf(rows), countOf(columns), outChannels], ([n = 0, v = 0, u = 0, o = 0]) => {
    const group = Math.floor(o / (outChannels / groups));
    return indicesOf([height, width, perGroup]).reduce((total, [i = 0, j = 0, c = 0]) => {
      const [r, q] = [placeOf(rows, v, i), placeOf(columns, u, j)];
      if (r < 0 || r >= rows.size || q < 0 || q >= columns.size) return total;
      return total + elementAt(x, [n, r, q, group * (inChannels / groups) + c]) * elementAt(w, [i, j, c, o]);
    }, 0);
  });
}

/** x[n,r,q,c] = Σ y[n,v,u,o]·w[i,j,c′,o], over all windows that see the pixel. */
function transposed(rows: Line, columns: Line, groups: number, y: HostArray, w: HostArray): HostArray {
  const [batch = 0, high = 0, wide = 0, outChannels = 0] = y.shape;
  const [height = 0, width = 0, perGroup = 0] = w.shape;
  return generate([batch, rows.size, columns.size, perGroup * groups], ([n = 0, r = 0, q = 0, c = 0]) => {
    const group = Math.floor(c / perGroup);
    return indicesOf([high, wide, height, width, outChannels / groups]).reduce(
      (total, [v = 0, u = 0, i = 0, j = 0, k = 0]) => {
        if (placeOf(rows, v, i) !== r || placeOf(columns, u, j) !== q) return total;
        const o = group * (outChannels / groups) + k;
        return total + elementAt(y, [n, v, u, o]) * elementAt(w, [i, j, c - group * perGroup, o]);
      },
      0,
    );
  });
}

type Bilinear = (rows: Line, columns: Line, groups: number, x: HostArray, w: HostArray) => HostArray;

const addBias = elementwise((a, b) => a + b);

/** A convolution with a bias, by its definition; and 4·√k·2⁻²⁴·‖x‖·‖w‖ of each sum of k terms as what float32 may err. */
function definitions(product: Bilinear, rows: Line, columns: Line, groups: number) {
  const squares = elementwise((x) => x * x);
  const one = elementwise(() => 1);
  return {
    define: (x: HostArray, w: HostArray, b: HostArray) => addBias(product(rows, columns, groups, x, w), b),
    float32Bound: (x: HostArray, w: HostArray, b: HostArray) => {
      const norms = [
        product(rows, columns, groups, squares(x), one(w)),
        product(rows, columns, groups, one(x), squares(w)),
      ];
      const terms = product(rows, columns, groups, one(x), one(w));
      const bound = (a: number, c: number, k: number, bias: number) =>
        4 * Math.sqrt(k) * 2 ** -24 * Math.sqrt(a * c) + 1e-6 * (1 + Math.abs(bias));
      return elementwise(bound as (...given: number[]) => number)(...norms, terms, b);
    },
  };
}

/** As a dense layer is: in images and kernel each while the bias is 0, in the bias while the images are. */
const LINEAR_WITH_BIAS: readonly Linearity[] = [
  { input: 0, zeroed: [2] },
  { input: 1, zeroed: [2] },
  { input: 2, zeroed: [0] },
];

const convolutionCase: OpCase = {
  op: "conv2d",
  linearIn: LINEAR_WITH_BIAS,
  calls: fc
    .tuple(geometries, channelCounts)
    .chain(([{ rows, columns, options }, { batch, groups, inside, outside }]) => {
      const [inChannels, outChannels] = [groups * inside, groups * outside];
      const shapes = [
        [batch, rows.size, columns.size, inChannels],
        [rows.kernel, columns.kernel, inside, outChannels],
      ];
      return arraysOf([...shapes, [outChannels]], values).map((inputs) =>
        callOf({
          inputs,
          apply: (x: Tensor, w: Tensor, bias: Tensor) => conv2d(x, w, { ...options, groups, bias }),
          ...(definitions(convolution, rows, columns, groups) as Pick<OpCall, "define">),
          options: { ...options, groups },
        }),
      );
    }),
};

const transposedCase: OpCase = {
  op: "convTranspose2d",
  linearIn: LINEAR_WITH_BIAS,
  calls: fc
    .tuple(geometries, channelCounts)
    .chain(([{ rows, columns, options }, { batch, groups, inside, outside }]) => {
      const [inChannels, outChannels] = [groups * outside, groups * inside];
      const lines = [rows, columns];
      // "same" makes a whole number of strides of an image
      const [tall, wide] = lines.map((line) => (options.padding === "same" ? sameLine(line) : line)) as [Line, Line];
      const count = [tall, wide].map(countOf) as [number, number];
      const outputPadding = [tall, wide].map((line) => extraOf(line)) as [number, number];
      const shapes = [
        [batch, ...count, inChannels],
        [rows.kernel, columns.kernel, inside, inChannels],
      ];
      const given = { ...options, groups, ...(options.padding === "same" ? {} : { outputPadding }) };
      return arraysOf([...shapes, [outChannels]], values).map((inputs) =>
        callOf({
          inputs,
          apply: (x: Tensor, w: Tensor, bias: Tensor) => convTranspose2d(x, w, { ...given, bias }),
          ...(definitions(transposed, tall, wide, groups) as Pick<OpCall, "define">),
          options: given,
        }),
      );
    }),
};

/** What the last window leaves over of an image. */
function extraOf(line: Line): number {
  const { size, kernel, stride, dilation, before, after } = line;
  return size + before + after - ((countOf(line) - 1) * stride + (kernel - 1) * dilation + 1);
}

function sameLine(line: Line): Line {
  const count = Math.ceil(line.size / line.stride);
  const total = Math.max(0, (line.kernel - 1) * line.dilation + 1 - line.stride);
  return { ...line, size: count * line.stride, before: Math.floor(total / 2), after: Math.ceil(total / 2) };
}

/** The elements of each window that lie inside of the image. */
function poolBy(fold: (cells: number[]) => number, rows: Line, columns: Line, x: HostArray): HostArray {
  const [batch = 0, , , channels = 0] = x.shape;
  return generate([batch, countOf(rows), countOf(columns), channels], ([n = 0, v = 0, u = 0, c = 0]) =>
    fold(
      indicesOf([rows.kernel, columns.kernel]).flatMap(([i = 0, j = 0]) => {
        const [r, q] = [placeOf(rows, v, i), placeOf(columns, u, j)];
        return r < 0 || r >= rows.size || q < 0 || q >= columns.size ? [] : [elementAt(x, [n, r, q, c])];
      }),
    ),
  );
}

/** Windows that all see some of the image. */
const poolings = geometries.filter(({ rows, columns }) =>
  [rows, columns].every((line) =>
    range(countOf(line)).every((y) =>
      range(line.kernel).some((i) => placeOf(line, y, i) >= 0 && placeOf(line, y, i) < line.size),
    ),
  ),
);

const imageShapes = fc.record({ batch: fc.constantFrom(1, 2), channels: fc.constantFrom(1, 2) });

function poolingCase(
  op: string,
  pool: typeof maxPool2d,
  fold: (cells: number[]) => number,
  input: (shape: number[]) => fc.Arbitrary<HostArray>,
  more: { linearIn?: readonly Linearity[] } = {},
): OpCase {
  const calls = fc.tuple(poolings, imageShapes).chain(([{ rows, columns, options }, { batch, channels }]) =>
    input([batch, rows.size, columns.size, channels]).map((x) =>
      callOf({
        inputs: [x],
        apply: (t: Tensor) => pool(t, [rows.kernel, columns.kernel], options),
        define: (array) => poolBy(fold, rows, columns, array),
        float32Bound: (array) =>
          poolBy((cells) => 1e-6 * cells.reduce((a, b) => a + Math.abs(b), 0), rows, columns, array),
        options,
      }),
    ),
  );
  return { op, calls, ...more };
}

const upSampleCase: OpCase = {
  op: "upSample",
  linearIn: LINEAR,
  calls: fc
    .tuple(imageShapes, fc.tuple(...[1, 2, 3, 4].map(() => fc.integer({ min: 1, max: 3 }))))
    .chain(([{ batch, channels }, [height = 1, width = 1, down = 1, across = 1]]) =>
      arrays([batch, height, width, channels], values).map((x) =>
        callOf({
          inputs: [x],
          apply: (t: Tensor) => upSample(t, [down, across]),
          define: (array) =>
            generate([batch, height * down, width * across, channels], ([n = 0, r = 0, q = 0, c = 0]) =>
              elementAt(array, [n, Math.floor(r / down), Math.floor(q / across), c]),
            ),
          options: { factor: [down, across] },
        }),
      ),
    ),
};

/** Convolutions, their transposes, pooling and upsampling. */
export const imageCases: readonly OpCase[] = [
  convolutionCase,
  transposedCase,
  poolingCase(
    "maxPool2d",
    maxPool2d,
    (cells) => Math.max(...cells),
    (shape) => distinctArrays([shape]).map(([x]) => x as HostArray),
  ),
  poolingCase(
    "averagePool2d",
    averagePool2d,
    (cells) => cells.reduce((a, b) => a + b, 0) / cells.length,
    (shape) => arrays(shape, values),
    { linearIn: LINEAR },
  ),
  upSampleCase,
];

/** Each vector brought to a mean of 0 and a variance of 1, where `lineIn` says which elements make a vector. */
function normalizeBy(
  lineIn: (index: readonly number[], other: readonly number[]) => boolean,
  epsilon: number,
  [x, scale, offset]: readonly HostArray[],
): HostArray {
  if (!x || !scale || !offset) throw new Error("three inputs are needed");
  const everywhere = indicesOf(x.shape);
  return generate(x.shape, (index) => {
    const line = x.data.filter((_, i) => lineIn(index, everywhere[i] ?? []));
    const average = line.reduce((a, b) => a + b, 0) / line.length;
    const variance = line.reduce((a, b) => a + (b - average) ** 2, 0) / line.length;
    const channel = [index.at(-1) ?? 0];
    const standard = (elementAt(x, index) - average) / Math.sqrt(variance + epsilon);
    return standard * elementAt(scale, channel) + elementAt(offset, channel);
  });
}

const sameChannel = (index: readonly number[], other: readonly number[]) => index.at(-1) === other.at(-1);
const samePlace = (index: readonly number[], other: readonly number[]) =>
  index.slice(0, -1).join() === other.slice(0, -1).join();

function normalizationCase(op: string, normalize: typeof batchNorm, lineIn: typeof samePlace): OpCase {
  const front = fc.constantFrom([2], [5], [3, 2], [1, 2, 2]);
  const calls = fc.tuple(front, fc.constantFrom(1, 2, 3), numbers(0.2, 1)).chain(([rows, channels, epsilon]) =>
    arraysOf([[...rows, channels], [channels], [channels]], values).map((inputs) =>
      callOf({
        inputs,
        apply: (x: Tensor, scale: Tensor, offset: Tensor) => normalize(x, { scale, offset, epsilon }),
        define: (...given) => normalizeBy(lineIn, epsilon, given),
        float32Bound: (x) => elementwise(() => 1e-5)(zerosLike(x)),
        options: { epsilon },
      }),
    ),
  );
  return { op, calls };
}

/** Batch and layer normalization. */
export const normalizationCases: readonly OpCase[] = [
  normalizationCase("batchNorm", batchNorm, sameChannel),
  normalizationCase("layerNorm", layerNorm, samePlace),
];
