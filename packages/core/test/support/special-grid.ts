// The grid of special values beside PyTorch: every op at ±0, ±∞, NaN, the largest and the smallest numbers, forward and
// back, from fixtures/special-values.json. Where we choose otherwise than PyTorch, special-choices.ts says so and why.

import * as adjoint from "@adjoint/core";
import {
  type Backend,
  type DType,
  type Pair,
  type Tensor,
  tensor,
  valueAndGradients,
  withBackend,
} from "@adjoint/core";
import fixture from "../fixtures/special-values.json" with { type: "json" };
import type { HostArray } from "./host-array.js";

/** What the options of any op may be, as JSON has them. */
interface Options {
  readonly negativeSlope?: number;
  readonly low?: number;
  readonly high?: number;
  readonly indices?: readonly number[];
  readonly size?: Pair;
  readonly stride?: Pair;
  readonly padding?: Pair;
  readonly epsilon?: number;
}

interface Written {
  readonly shape: readonly number[];
  readonly data: string;
}

/** A case as it is written in the fixture. */
export interface SpecialCase {
  readonly op: string;
  readonly options?: Options;
  readonly inputs: readonly Written[];
  readonly y: Written;
  readonly back?: readonly { readonly dy: string; readonly gradients: readonly string[] }[];
}

/** One element of an output or of a gradient, and what it was computed from. */
export interface Element {
  readonly op: string;
  readonly options: Options;
  /** Of y, or of the gradient of an input, by its position. */
  readonly of: "y" | number;
  /** The incoming gradient, where it is the same everywhere. */
  readonly dy: number | undefined;
  readonly place: number;
  /** The elements of the inputs at the same place, of those that have as many. */
  readonly inputs: readonly number[];
  /** The first input as a whole, as it is written. */
  readonly written: string;
  readonly torch: number;
  readonly got: number;
}

type Call = (options: Options, ...inputs: Tensor[]) => Tensor;
type OfOne = (x: Tensor) => Tensor;
type OfTwo = (a: Tensor, b: Tensor) => Tensor;

const one =
  (fn: OfOne): Call =>
  (_, x) =>
    fn(x as Tensor);
const two =
  (fn: OfTwo): Call =>
  (_, a, b) =>
    fn(a as Tensor, b as Tensor);

/** The functions with these names. */
function calls(wrapped: (fn: never) => Call, ...names: (keyof typeof adjoint)[]): [string, Call][] {
  const functions = new Map<string, unknown>(Object.entries(adjoint));
  return names.map((name) => [name, wrapped(functions.get(name) as never)]);
}

/** One image of one channel. */
function images(x: Tensor | undefined): Tensor {
  const [height = 0, width = 0] = x?.shape ?? [];
  return adjoint.reshape(x as Tensor, [1, height, width, 1]);
}

function flat(y: Tensor): Tensor {
  return adjoint.reshape(y, y.shape.slice(1, 3));
}

const ops: Readonly<Record<string, Call>> = {
  ...Object.fromEntries([
    ...calls(one, "neg", "exp", "log", "sqrt", "square", "abs", "sign", "tanh", "sigmoid", "relu", "softplus"),
    ...calls(two, "add", "sub", "mul", "div", "pow", "maximum", "minimum"),
    ...calls(two, "equal", "notEqual", "less", "lessEqual", "greater", "greaterEqual", "matmul"),
  ]),
  leakyRelu: ({ negativeSlope = 0 }, x) => adjoint.leakyRelu(x as Tensor, { negativeSlope }),
  clip: ({ low = 0, high = 0 }, x) => adjoint.clip(x as Tensor, low, high),
  where: (_, c, a, b) => adjoint.where(c as Tensor, a as Tensor, b as Tensor),
  gather: ({ indices = [] }, x) => adjoint.gather(x as Tensor, indices),
  sum: one((x) => adjoint.sum(x, { axis: 1 })),
  mean: one((x) => adjoint.mean(x, { axis: 1 })),
  max: one((x) => adjoint.max(x, { axis: 1 })),
  min: one((x) => adjoint.min(x, { axis: 1 })),
  argMax: one((x) => adjoint.argMax(x, { axis: 1 })),
  softmax: one((x) => adjoint.softmax(x, { axis: 1 })),
  logSoftmax: one((x) => adjoint.logSoftmax(x, { axis: 1 })),
  "log of max": one((x) => adjoint.log(adjoint.max(x, { axis: 1 }))),
  "sqrt of relu": one((x) => adjoint.sqrt(adjoint.relu(x))),
  "log of clip": one((x) => adjoint.log(adjoint.clip(x, 0, 2))),
  "sqrt of maximum": one((x) => adjoint.sqrt(adjoint.maximum(x, adjoint.zerosLike(x)))),
  linear: (_, x, kernel, bias) => adjoint.linear(x as Tensor, kernel as Tensor, bias),
  conv2d: (_, x, kernel) => flat(adjoint.conv2d(images(x), adjoint.reshape(kernel as Tensor, [2, 2, 1, 1]))),
  maxPool2d: ({ size = 1, ...options }, x) => flat(adjoint.maxPool2d(images(x), size, options)),
  averagePool2d: ({ size = 1, ...options }, x) => flat(adjoint.averagePool2d(images(x), size, options)),
  batchNorm: (options, x, scale, offset) => adjoint.batchNorm(x as Tensor, { ...options, scale, offset }),
  layerNorm: (options, x, scale, offset) => adjoint.layerNorm(x as Tensor, { ...options, scale, offset }),
  binaryCrossEntropy: (options, p, t) =>
    adjoint.binaryCrossEntropy(p as Tensor, t as Tensor, { ...options, reduction: "none" }),
  categoricalCrossEntropy: (options, p, t) =>
    adjoint.categoricalCrossEntropy(p as Tensor, t as Tensor, { ...options, reduction: "none" }),
  ...Object.fromEntries(
    calls(
      (fn: (a: Tensor, b: Tensor, options: { reduction: "none" }) => Tensor) =>
        two((a, b) => fn(a, b, { reduction: "none" })),
      "binaryCrossEntropyWithLogits",
      "categoricalCrossEntropyWithLogits",
      "meanSquaredError",
      "meanAbsoluteError",
      "klDivergenceNormal",
    ),
  ),
};

/** The cases of an element type. */
export function specialCases(dtype: DType): readonly SpecialCase[] {
  return fixture[dtype];
}

/** What a backend gives for a case, element by element, beside what PyTorch gives. */
export async function elementsOf(backend: Backend, special: SpecialCase): Promise<Element[]> {
  const { op, options = {}, inputs, y, back = [] } = special;
  const call = ops[op];
  if (!call) throw new Error(`no op is called ${op}`);
  const hosts = inputs.map(numbersOf);
  const describe = (of: "y" | number, dy: number | undefined, torch: readonly number[], got: ArrayLike<number>) =>
    torch.map((wanted, place): Element => {
      const values = hosts.filter(({ data }) => data.length === torch.length).map(({ data }) => data[place] as number);
      const written = inputs[0]?.data ?? "";
      return { op, options, of, dy, place, inputs: values, written, torch: wanted, got: got[place] as number };
    });
  const forward = withBackend(backend, () => call(options, ...hosts.map(toTensor)));
  const found = describe("y", undefined, numbersOf(y).data, await forward.data());
  for (const { dy, gradients } of back) {
    // inputs without a gradient in the fixture come last or, for `where`, first
    const skipped = op === "where" ? 1 : 0;
    const given = hosts.slice(skipped, skipped + gradients.length);
    const got = withBackend(backend, () => gradientsFor(call, options, hosts, given, numbersOf({ ...y, data: dy })));
    const all = dy.includes(" ") ? undefined : parsed(dy)[0];
    for (const [i, gradient] of gradients.entries()) {
      const data = await (got[i] as Tensor).data();
      found.push(...describe(skipped + i, all, parsed(gradient), data));
    }
  }
  return found;
}

/** The gradients with respect to `given`, which are among `hosts`. */
function gradientsFor(
  call: Call,
  options: Options,
  hosts: readonly HostArray[],
  given: readonly HostArray[],
  dy: HostArray,
) {
  const tensors = hosts.map(toTensor);
  const asked = tensors.filter((_, i) => given.includes(hosts[i] as HostArray));
  // the seed of the walk back is 1, and d Σ y·dy = dy: also where dy is not finite
  const loss = () => adjoint.sum(adjoint.mul(call(options, ...tensors), toTensor(dy)));
  return valueAndGradients(loss, asked, { allowUnused: true }).gradients;
}

function toTensor({ shape, data }: HostArray): Tensor {
  return tensor(Float64Array.from(data), { shape });
}

function parsed(text: string): number[] {
  const names: Readonly<Record<string, number>> = { inf: Infinity, "-inf": -Infinity, nan: Number.NaN };
  return text.split(" ").map((word) => names[word] ?? Number(word));
}

/** Values and shape; one number stands for all. */
function numbersOf({ shape, data }: Written): HostArray {
  const values = parsed(data);
  const size = shape.reduce((product, extent) => product * extent, 1);
  return { shape, data: values.length === size ? values : new Array<number>(size).fill(values[0] as number) };
}
