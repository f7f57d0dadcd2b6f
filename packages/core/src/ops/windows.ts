// The windows over images as a tensor of their own, and back: one strided copy of the padded images, since windows that
// overlap are nothing but strides. The two ops are each other's adjoints, and what is computed by windows is made of them.

import { defineOp, type Op } from "../autodiff.js";
import type { Extent, SlidingWindow } from "../backends/backend.js";
import { scope } from "../scope.js";
import { type Shape, sizeOf, stridesOf } from "../shape.js";
import { type Tensor, wrap } from "../tensor.js";
import { add } from "./arithmetic.js";
import { along, reach } from "./window-sizes.js";

/** The size of the images with all that windows reach into around them. */
function paddedSize({ input, output, kernel, stride, dilation, before }: SlidingWindow): Extent {
  return along((axis) => {
    const last = (output[axis] - 1) * stride[axis] + reach(kernel[axis], dilation[axis]);
    return Math.max(before[axis] + input[axis], last);
  });
}

/** [batch, …padded, channels], and where in it the images lie. */
function padding(window: SlidingWindow, batch: number, channels: number) {
  const shape: Shape = [batch, ...paddedSize(window), channels];
  const strides = stridesOf(shape);
  const [, row = 0, column = 0] = strides;
  const view = {
    shape: [batch, ...window.input, channels],
    strides,
    offset: window.before[0] * row + window.before[1] * column,
  };
  const isNone = sizeOf(shape) === sizeOf(view.shape);
  return { shape, strides, view, isNone };
}

// the two are each other's adjoints, so each names the other in its gradient
const unfoldOp: Op<[Tensor], SlidingWindow> = defineOp<[Tensor], SlidingWindow>({
  name: "windows",
  forward: ([x], window) => scope(() => unfold(x, window)),
  gradient: ({ dy, options: window }) => [() => foldOp([dy], window)],
});

const foldOp: Op<[Tensor], SlidingWindow> = defineOp<[Tensor], SlidingWindow>({
  name: "windows gradient",
  forward: ([patches], window) => scope(() => fold(patches, window)),
  gradient: ({ dy, options: window }) => [() => unfoldOp([dy], window)],
});

/** [batch, …input, channels] → [batch, …output, …kernel, channels]: what each window sees. */
export function windowsOf(x: Tensor, window: SlidingWindow): Tensor {
  return unfoldOp([x], window);
}

/** The adjoint of `windowsOf`: [batch, …output, …kernel, channels] → [batch, …input, channels], sums of what overlaps. */
export function foldWindows(patches: Tensor, window: SlidingWindow): Tensor {
  return foldOp([patches], window);
}

function unfold(x: Tensor, window: SlidingWindow): Tensor {
  const { backend } = x;
  const [batch = 0, , , channels = 0] = x.shape;
  const padded = padding(window, batch, channels);
  const [image = 0, row = 0, column = 0] = padded.strides;
  let source = x;
  if (!padded.isNone) {
    const part = { buffer: x.bufferFor("windows"), view: padded.view };
    source = wrap(backend, backend.assemble(x.dtype, sizeOf(padded.shape), [part]), padded.shape, "windows");
  }
  const { output, kernel, stride, dilation } = window;
  const shape = [batch, ...output, ...kernel, channels];
  const strides = [image, stride[0] * row, stride[1] * column, dilation[0] * row, dilation[1] * column, 1];
  return wrap(backend, backend.copy(source.bufferFor("windows"), { shape, strides, offset: 0 }), shape, "windows");
}

/** The cells of windows in blocks, in which no two windows overlap: each block is put in its place, and all are added. */
function fold(patches: Tensor, window: SlidingWindow): Tensor {
  const { backend } = patches;
  const [batch = 0, , , , , channels = 0] = patches.shape;
  const { kernel, stride, dilation } = window;
  const padded = padding(window, batch, channels);
  // neighbouring cells as far as the next window, or one by one where they are no neighbours
  const size = along((axis) => (dilation[axis] === 1 ? Math.min(stride[axis], kernel[axis]) : 1));
  let total: Tensor | undefined;
  for (let i = 0; i < kernel[0]; i += size[0]) {
    for (let j = 0; j < kernel[1]; j += size[1]) {
      const cells: Extent = [Math.min(size[0], kernel[0] - i), Math.min(size[1], kernel[1] - j)];
      const placed = placeBlock(patches, window, [i, j], cells, padded);
      total = total ? add(total, placed) : placed;
    }
  }
  const sum = total as Tensor;
  if (padded.isNone) return sum;
  const { view } = padded;
  return wrap(backend, backend.copy(sum.bufferFor("windows gradient"), view), view.shape, "windows gradient");
}

/** The cells [from, from + cells) of all windows at their places in padded images of zeros. */
function placeBlock(
  patches: Tensor,
  { output, stride, dilation }: SlidingWindow,
  from: Extent,
  cells: Extent,
  { shape, strides }: { readonly shape: Shape; readonly strides: readonly number[] },
): Tensor {
  const { backend, dtype } = patches;
  const [batch = 0, , , , , channels = 0] = patches.shape;
  const own = stridesOf(patches.shape);
  const [image = 0, row = 0, column = 0] = strides;
  const block = [batch, ...output, ...cells, channels];
  const first = from[0] * (own[3] as number) + from[1] * (own[4] as number);
  const part = backend.copy(patches.bufferFor("windows gradient"), { shape: block, strides: own, offset: first });
  const taken = wrap(backend, part, block, "windows gradient");
  const view = {
    shape: block,
    strides: [image, stride[0] * row, stride[1] * column, dilation[0] * row, dilation[1] * column, 1],
    offset: from[0] * dilation[0] * row + from[1] * dilation[1] * column,
  };
  const buffer = backend.assemble(dtype, sizeOf(shape), [{ buffer: taken.bufferFor("windows gradient"), view }]);
  return wrap(backend, buffer, shape, "windows gradient");
}
