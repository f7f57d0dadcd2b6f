// Convolutions of images, channels last, and their transposes. A convolution y = C(x, w) is linear in each of its two
// inputs, so its gradients are two adjoints: T(dy, w) to the images, which is the transposed convolution itself, and
// K(x, dy) to the kernel. Each of the three is the gradient of the others, so that second derivatives come for free.

import { defineOp, type Op } from "../autodiff.js";
import type { Backend, Extent, SlidingWindow } from "../backends/backend.js";
import { ArgumentError, ShapeError } from "../errors.js";
import { numeric, optionsOf, readOptions, sizes } from "../options.js";
import { scope } from "../scope.js";
import { formatShape, type Shape } from "../shape.js";
import { type Tensor, wrap } from "../tensor.js";
import { add } from "./arithmetic.js";
import { convolutionByProduct, type GroupedSpec, kernelByProduct, transposeByProduct } from "./convolution-products.js";
import { sum } from "./reductions.js";
import { operands, tensorOption } from "./support.js";
import { type Pair, slidingWindow, transposedWindow, WINDOW_OPTIONS, type WindowOptions } from "./window-sizes.js";

/** Options of `conv2d`. */
export interface ConvolutionOptions extends WindowOptions {
  /** Added to each output channel: [outChannels]. None by default. */
  readonly bias?: Tensor | undefined;
  /** Input and output channels are cut into so many groups, each of which sees its own alone; 1 by default. */
  readonly groups?: number;
}

/** Options of `convTranspose2d`. */
export interface TransposedConvolutionOptions extends ConvolutionOptions {
  /** Rows and columns added after the last window, where the stride leaves open how many there are; 0 by default. */
  readonly outputPadding?: Pair;
}

const CONVOLUTION = optionsOf<ConvolutionOptions>({ ...WINDOW_OPTIONS, bias: tensorOption, groups: numeric });

const TRANSPOSED = optionsOf<TransposedConvolutionOptions>({
  ...WINDOW_OPTIONS,
  bias: tensorOption,
  groups: numeric,
  outputPadding: sizes,
});

type BilinearOp = Op<[Tensor, Tensor], GroupedSpec>;

// y = C(x, w): dx = T(dy, w), dw = K(x, dy)
const convolve: BilinearOp = defineOp<[Tensor, Tensor], GroupedSpec>({
  name: "conv2d",
  forward: ([x, kernel], spec) => forwardConvolution("conv2d", x, kernel, spec),
  gradient: ({ dy, inputs: [x, kernel], options: spec }) => [
    () => transpose([dy, kernel], spec),
    () => kernelGradient([x, dy], spec),
  ],
});

// x = T(y, w): dy = C(dx, w), dw = K(dx, y)
const transpose: BilinearOp = defineOp<[Tensor, Tensor], GroupedSpec>({
  name: "convTranspose2d",
  forward: ([y, kernel], spec) => forwardTranspose("convTranspose2d", y, kernel, spec),
  gradient: ({ dy: dx, inputs: [y, kernel], options: spec }) => [
    () => convolve([dx, kernel], spec),
    () => kernelGradient([dx, y], spec),
  ],
});

// w = K(x, y): dx = T(y, dw), dy = C(x, dw)
const kernelGradient: BilinearOp = defineOp<[Tensor, Tensor], GroupedSpec>({
  name: "conv2d kernel gradient",
  forward: ([x, y], spec) => {
    const backend = ownWay(x, spec);
    if (!backend.convolveKernel) return scope(() => kernelByProduct(x, y, spec));
    const name = "conv2d kernel gradient";
    const buffer = backend.convolveKernel(x.bufferFor(name), y.bufferFor(name), spec);
    return wrap(x.backend, buffer, kernelShape(spec), name);
  },
  gradient: ({ dy: dw, inputs: [x, y], options: spec }) => [
    () => transpose([y, dw], spec),
    () => convolve([x, dw], spec),
  ],
});

// with a bias added: db is the sum over all pixels
const convolveWithBias = defineOp<[Tensor, Tensor, Tensor], GroupedSpec>({
  name: "conv2d",
  forward: ([x, kernel, bias], spec) => forwardConvolution("conv2d", x, kernel, spec, bias),
  gradient: ({ dy, inputs: [x, kernel], options: spec }) => [
    () => transpose([dy, kernel], spec),
    () => kernelGradient([x, dy], spec),
    () => sum(dy, { axis: [0, 1, 2] }),
  ],
});

const transposeWithBias = defineOp<[Tensor, Tensor, Tensor], GroupedSpec>({
  name: "convTranspose2d",
  forward: ([y, kernel, bias], spec) => forwardTranspose("convTranspose2d", y, kernel, spec, bias),
  gradient: ({ dy: dx, inputs: [y, kernel], options: spec }) => [
    () => convolve([dx, kernel], spec),
    () => kernelGradient([dx, y], spec),
    () => sum(dx, { axis: [0, 1, 2] }),
  ],
});

function forwardConvolution(name: string, x: Tensor, kernel: Tensor, spec: GroupedSpec, bias?: Tensor): Tensor {
  const backend = ownWay(x, spec);
  if (!backend.convolve) return scope(() => withBias(convolutionByProduct(x, kernel, spec), bias));
  const buffer = backend.convolve(x.bufferFor(name), kernel.bufferFor(name), spec, bias?.bufferFor(name));
  return wrap(x.backend, buffer, [spec.batch, ...spec.output, spec.outChannels], name);
}

function forwardTranspose(name: string, y: Tensor, kernel: Tensor, spec: GroupedSpec, bias?: Tensor): Tensor {
  const backend = ownWay(y, spec);
  if (!backend.convolveBack) return scope(() => withBias(transposeByProduct(y, kernel, spec), bias));
  const buffer = backend.convolveBack(y.bufferFor(name), kernel.bufferFor(name), spec, bias?.bufferFor(name));
  return wrap(y.backend, buffer, [spec.batch, ...spec.input, spec.inChannels], name);
}

/** The backend, where it may have a way of its own: that is for one group. */
function ownWay({ backend }: Tensor, { groups }: GroupedSpec): Partial<Backend> {
  return groups === 1 ? backend : {};
}

function withBias(y: Tensor, bias: Tensor | undefined): Tensor {
  return bias ? add(y, bias) : y;
}

function kernelShape({ kernel, inChannels, outChannels, groups }: GroupedSpec): Shape {
  return [...kernel, inChannels / groups, outChannels];
}

/**
 * The convolution of images by a kernel (a cross-correlation, as everywhere in this field: the kernel is not flipped).
 * On `wasm` and `blas` many of 3×3 are computed in fewer multiplications than the definition has (Lavin & Gray, "Fast
 * Algorithms for Convolutional Neural Networks", 2015), so that they differ from it by a little more than rounding.
 *
 * @param x [batch, height, width, inChannels]
 * @param kernel [height, width, inChannels / groups, outChannels]
 * @returns [batch, height′, width′, outChannels], with size′ = ⌊(size + padding − dilation·(kernel − 1) − 1) / stride⌋ + 1
 * @throws ShapeError where the shapes do not go together, or a window does not fit; ArgumentError for options that are
 *   no whole numbers
 */
export function conv2d(x: Tensor, kernel: Tensor, options: ConvolutionOptions = {}): Tensor {
  const [images, weights] = operands("conv2d", [x, kernel]);
  const { bias, groups = 1 } = readOptions("conv2d", options, CONVOLUTION);
  const { batch, size, channels, kernelSize } = checkShapes("conv2d", images, weights);
  const [, , inPerGroup, outChannels] = weights.shape as [number, number, number, number];
  checkGroups("conv2d", groups, images, weights, { fits: channels === inPerGroup * groups, outChannels });
  const window = slidingWindow("conv2d", size, kernelSize, options);
  const spec = { ...window, batch, inChannels: channels, outChannels, groups };
  if (bias === undefined) return convolve([images, weights], spec);
  return convolveWithBias([images, weights, checkedBias("conv2d", images, bias, outChannels)], spec);
}

/**
 * The transposed convolution, often called a deconvolution: the adjoint of `conv2d` with the same kernel and options,
 * which takes its output's size to its input's (Dumoulin & Visin, "A guide to convolution arithmetic", ch. 4).
 *
 * @param x [batch, height, width, inChannels]
 * @param kernel [height, width, outChannels / groups, inChannels]: that of the `conv2d` it is the adjoint of
 * @returns [batch, height′, width′, outChannels], with
 *   size′ = (size − 1)·stride + dilation·(kernel − 1) + 1 − padding + outputPadding, or size·stride where the padding is
 *   `"same"`
 * @throws ShapeError where the shapes do not go together, or nothing would be left; ArgumentError for options that are
 *   no whole numbers, an outputPadding that is not below the stride, or one beside `"same"`
 */
export function convTranspose2d(x: Tensor, kernel: Tensor, options: TransposedConvolutionOptions = {}): Tensor {
  const where = "convTranspose2d";
  const [images, weights] = operands(where, [x, kernel]);
  const { bias, groups = 1 } = readOptions(where, options, TRANSPOSED);
  const { batch, size, channels, kernelSize } = checkShapes(where, images, weights);
  const [, , perGroup, inChannels] = weights.shape as [number, number, number, number];
  checkGroups(where, groups, images, weights, { fits: channels === inChannels, outChannels: inChannels });
  const outChannels = perGroup * groups;
  const window: SlidingWindow = transposedWindow(where, size, kernelSize, options);
  // the convolution that this is the adjoint of goes the other way: its inputs are our outputs
  const spec = { ...window, batch, inChannels: outChannels, outChannels: channels, groups };
  if (bias === undefined) return transpose([images, weights], spec);
  return transposeWithBias([images, weights, checkedBias(where, images, bias, outChannels)], spec);
}

function checkShapes(where: string, { shape }: Tensor, kernel: Tensor) {
  if (shape.length !== 4 || kernel.rank !== 4) {
    const found = `${formatShape(shape)} × ${formatShape(kernel.shape)}`;
    throw new ShapeError(where, `takes images [batch,height,width,channels] and a kernel of 4 axes, got ${found}`);
  }
  if (kernel.size === 0) throw new ShapeError(where, `the kernel ${formatShape(kernel.shape)} has no elements`);
  const [batch, height, width, channels] = shape as [number, number, number, number];
  const kernelSize: Extent = [kernel.shape[0] as number, kernel.shape[1] as number];
  return { batch, size: [height, width] as Extent, channels, kernelSize };
}

function checkGroups(
  where: string,
  groups: number,
  x: Tensor,
  kernel: Tensor,
  { fits, outChannels }: { readonly fits: boolean; readonly outChannels: number },
): void {
  if (!Number.isSafeInteger(groups) || groups < 1) {
    throw new ArgumentError(where, `groups must be a whole number ≥ 1, got ${groups}`);
  }
  if (fits && outChannels % groups === 0) return;
  const expected = kernel.shape[2] as number;
  const channels = where === "conv2d" ? expected * groups : (kernel.shape[3] as number);
  if (!fits && x.shape[1] === channels) {
    throw new ShapeError(
      where,
      `expected channels last, [batch,height,width,${channels}], got ${formatShape(x.shape)} with ${channels} channels ` +
        "first; transpose them: x.transpose([0, 2, 3, 1])",
    );
  }
  const found = `${formatShape(x.shape)} × ${formatShape(kernel.shape)}`;
  throw new ShapeError(where, `channels do not go together in ${groups} group${groups === 1 ? "" : "s"}: ${found}`);
}

function checkedBias(where: string, x: Tensor, bias: Tensor, channels: number): Tensor {
  const [, checked] = operands(where, [x, bias]);
  if (checked.rank === 1 && checked.shape[0] === channels) return checked;
  throw new ShapeError(where, `the bias must be [${channels}], got ${formatShape(checked.shape)}`);
}
