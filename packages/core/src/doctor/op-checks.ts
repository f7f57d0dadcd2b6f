// Every op once: what a backend's values are compared on. Odd sizes, so that vectors and tiles have a rest; inputs away
// from kinks and from cancellation, so that an error is the op's own.

import { ByteDataset } from "../data/byte-dataset.js";
import * as activations from "../ops/activations.js";
import * as arithmetic from "../ops/arithmetic.js";
import { concat, slice, stack, transpose } from "../ops/arranging.js";
import { broadcastTo, reshape } from "../ops/broadcasting.js";
import * as comparison from "../ops/comparison.js";
import { arange, full, linspace, ones, randomNormal, randomUniform, zeros } from "../ops/creation.js";
import { gather, oneHot } from "../ops/indexing.js";
import { linear } from "../ops/linear.js";
import { matmul } from "../ops/matmul.js";
import * as reductions from "../ops/reductions.js";
import { Random } from "../random.js";
import type { Shape } from "../shape.js";
import type { Tensor } from "../tensor.js";

/** An input: uniform numbers of [low, high). */
export interface CheckedInput {
  readonly shape: Shape;
  readonly low: number;
  readonly high: number;
  /** Whether the check asks for gradients at it. Default: no. */
  readonly requiresGradient?: boolean;
}

/** A call of an op. */
export interface OpCheck {
  readonly op: string;
  readonly inputs: readonly CheckedInput[];
  readonly apply: (...inputs: Tensor[]) => Tensor;
  /** The largest error that passes, relative to `scale`. */
  readonly tolerance: number;
  /** What an element's error is relative to; the element itself where there is none. */
  readonly scale?: (...inputs: Tensor[]) => Tensor;
}

/** The most that a value of an elementwise op or a reduction may be off, relative to it. */
const TOLERANCE = 1e-5;

const input = (shape: Shape, low: number, high: number): CheckedInput => ({ shape, low, high });

const BIG: Shape = [3, 7, 61];
const mixed = input(BIG, -3, 3);
const row = input([61], -3, 3);
const positive = input(BIG, 1.2, 20);
const factor = input([7, 1], 0.5, 2.5);

type Apply = OpCheck["apply"];

function checks(functions: Readonly<Record<string, Apply>>, ...inputs: readonly CheckedInput[]): OpCheck[] {
  return Object.entries(functions).map(([op, apply]) => ({ op, inputs, apply, tolerance: TOLERANCE }));
}

const { add, sub, mul, div, pow, maximum, minimum, neg, exp, log, sqrt, square, abs, sign, clip } = arithmetic;
const { equal, notEqual, less, lessEqual, greater, greaterEqual, where } = comparison;
const { leakyRelu, relu, sigmoid, softplus, tanh } = activations;
const { sum, mean, max, min, argMax, softmax, logSoftmax } = reductions;

const elementwise: readonly OpCheck[] = [
  ...checks({ add, sub, mul, maximum, minimum, less, lessEqual, greater, greaterEqual }, mixed, row),
  ...checks({ div, pow }, positive, factor),
  // of themselves, where half of them are equal
  ...checks({ equal: (x) => equal(x, abs(x)), notEqual: (x) => notEqual(x, abs(x)) }, mixed),
  ...checks({ where: (x, y) => where(greater(x, 0), x, y) }, mixed, row),
  ...checks({ neg, exp, square, abs, sign, clip: (x) => clip(x, -1.5, 0.5) }, mixed),
  ...checks({ log, sqrt }, positive),
  ...checks({ tanh, sigmoid, relu, leakyRelu: (x) => leakyRelu(x, { negativeSlope: 0.2 }), softplus }, mixed),
];

const reducing: readonly OpCheck[] = [
  ...checks({ sum: (x) => sum(x, { axis: [0, 2] }), mean: (x) => mean(x, { axis: 1 }) }, positive),
  ...checks({ max: (x) => max(x, { axis: 0 }), min: (x) => min(x), argMax: (x) => argMax(x, { axis: 1 }) }, mixed),
  ...checks({ softmax: (x) => softmax(x), logSoftmax: (x) => logSoftmax(x, { axis: 1 }) }, mixed),
];

const moving: readonly OpCheck[] = [
  ...checks({ reshape: (x) => reshape(x, [61, 21]), transpose: (x) => transpose(x, [2, 0, 1]) }, mixed),
  ...checks(
    { slice: (x) => slice(x, [null, [1, 6, 2], [-50, -1, 3]]), broadcastTo: (x) => broadcastTo(x, [2, ...BIG]) },
    mixed,
  ),
  ...checks(
    { concat: (x, y) => concat([x, y], { axis: 1 }), stack: (x, y) => stack([x, y], { axis: 2 }) },
    mixed,
    mixed,
  ),
  ...checks({ gather: (x) => gather(x, [16, 0, 16, 5]) }, input([17, 13], -3, 3)),
];

const making: readonly OpCheck[] = [
  ...checks({ zeros: () => zeros([61]), ones: () => ones([61]), full: () => full([7, 61], 0.1) }),
  ...checks({ arange: () => arange(0, 61, 0.5), linspace: () => linspace(1, 2, 61) }),
  ...checks({ oneHot: () => oneHot([3, 0, 2], 5) }),
  ...checks({ randomUniform: () => randomUniform([301], { random: new Random(7) }) }),
  ...checks({ randomNormal: () => randomNormal([301], { random: new Random(7) }) }),
  ...checks({ "ByteDataset.batch": batch }),
];

function batch(): Tensor {
  const bytes = Uint8Array.from({ length: 5 * 61 }, (_, i) => (i * 73) % 256);
  return new ByteDataset(bytes, [5, 61]).batch([4, 0, 4], { scale: 1 / 256, offset: 1 });
}

/** A product of an inner size k may be off by 4·√k·2⁻²⁴ of ‖row‖·‖column‖. */
const productTolerance = (k: number): number => 4 * Math.sqrt(k) * 2 ** -24;

const norm = (x: Tensor, axis: number): Tensor => sqrt(sum(square(x), { axis, keepDims: true }));

const product = (x: Tensor, y: Tensor): Tensor => mul(norm(x, -1), norm(y, -2));

/** C[m×n] = A[m×k] · B[k×n], the first, the second or none of them stored transposed. */
function multiplication(op: string, [m, k, n]: readonly [number, number, number], flags: Transposes = {}): OpCheck {
  const { transposeA = false, transposeB = false } = flags;
  const [a, b] = [transposeA ? [k, m] : [m, k], transposeB ? [n, k] : [k, n]];
  const stored = (x: Tensor, is: boolean): Tensor => (is ? transpose(x) : x);
  return {
    op,
    inputs: [input(a, -1, 1), input(b, -1, 1)],
    apply: (x, y) => matmul(x, y, flags),
    tolerance: productTolerance(k),
    scale: (x, y) => product(stored(x, transposeA), stored(y, transposeB)),
  };
}

interface Transposes {
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
}

const products: readonly OpCheck[] = [
  multiplication("matmul 37×61×23", [37, 61, 23]),
  multiplication("matmul 128×784×128", [128, 784, 128]),
  multiplication("matmul 61×37×23, first transposed", [61, 37, 23], { transposeA: true }),
  multiplication("matmul 37×23×61, second transposed", [37, 23, 61], { transposeB: true }),
  {
    op: "matmul, batched",
    inputs: [input([3, 1, 5, 17], -1, 1), input([2, 17, 9], -1, 1)],
    apply: (x, y) => matmul(x, y),
    tolerance: productTolerance(17),
    scale: product,
  },
  {
    op: "linear",
    inputs: [input([37, 61], -1, 1), input([61, 23], -1, 1), input([23], -1, 1)],
    apply: linear,
    tolerance: productTolerance(61),
    scale: (x, kernel, bias) => add(product(x, kernel), abs(bias)),
  },
];

/** All but those of image-checks.ts. */
export const OP_CHECKS: readonly OpCheck[] = [...elementwise, ...reducing, ...products, ...moving, ...making];
