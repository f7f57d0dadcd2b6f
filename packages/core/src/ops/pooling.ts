// Pooling, which makes images smaller window by window, and upsampling, which makes them larger. Channels last.

import { defineOp, noGradient } from "../autodiff.js";
import type { Extent, SlidingWindow } from "../backends/backend.js";
import { ShapeError } from "../errors.js";
import { optionsOf, readOptions } from "../options.js";
import { scope } from "../scope.js";
import { formatShape, type Shape } from "../shape.js";
import { type Tensor, wrap } from "../tensor.js";
import { div } from "./arithmetic.js";
import { broadcastTo, reshape } from "./broadcasting.js";
import { equal, where } from "./comparison.js";
import { argMax, max, sum } from "./reductions.js";
import { operands } from "./support.js";
import { along, type Pair, pairOf, slidingWindow, WINDOW_OPTIONS, type WindowOptions } from "./window-sizes.js";
import { foldWindows, windowsOf } from "./windows.js";

/** Axes of [batch, height, width, channels], and of [batch, …output, …kernel, channels] those of a window. */
const CELLS = [3, 4];

// d max x: dy to the first of the largest cells of each window
const maxPoolOp = defineOp<[Tensor], SlidingWindow>({
  name: "maxPool2d",
  forward: ([x], window) => scope(() => max(candidates(x, window).all, { axis: CELLS })),
  gradient: ({ dy, inputs: [x], options: window }) => [
    () => {
      const [batch = 0, , , channels = 0] = x.shape;
      const single = reshape(dy, [batch, ...window.output, 1, 1, channels]);
      return foldWindows(where(firstOfLargest(x, window), single, 0), window);
    },
  ],
});

/** What each window chooses from: [batch, …output, …kernel, channels]. */
interface Candidates {
  /** The cells, −∞ outside of the images. */
  readonly all: Tensor;
  /** 1 outside of the images, where any window reaches out of them. */
  readonly outside: Tensor | undefined;
}

function candidates(x: Tensor, window: SlidingWindow): Candidates {
  const cells = windowsOf(x, window);
  const inside = along((axis) => cellsInside(window, axis));
  if (inside.flat(2).every(Boolean)) return { all: cells, outside: undefined };
  const [rows, columns] = inside;
  const places = rows.flatMap((row) => columns.flatMap((column) => row.flatMap((r) => column.map((c) => !(r && c)))));
  const outside = constant(x, places.map(Number), [...window.output, ...window.kernel, 1]);
  return { all: where(outside, -Infinity, cells), outside };
}

/** What is largest where a cell is among the largest ones that it may be: the cells themselves, or 1 there and 0 elsewhere. */
function rankOf({ all, outside }: Candidates): Tensor {
  if (!outside) return all;
  // where a whole window is −∞, what lies outside of the image is equal to its cells, and must not be chosen
  const largest = where(equal(all, all), equal(all, max(all, { axis: CELLS, keepDims: true })), 1);
  return where(outside, 0, largest);
}

/** 1 at the first of the largest cells of each window, in row-major order, and 0 elsewhere. It has no gradient. */
function firstOfLargest(x: Tensor, window: SlidingWindow): Tensor {
  return noGradient(() =>
    scope(() => {
      const all = rankOf(candidates(x, window));
      const [batch = 0, rows = 0, columns = 0, height = 0, width = 0, channels = 0] = all.shape;
      const count = height * width;
      const chosen = argMax(reshape(all, [batch, rows, columns, count, channels]), { axis: 3 });
      const places = constant(
        x,
        Array.from({ length: count }, (_, i) => i),
        [count, 1],
      );
      return reshape(equal(reshape(chosen, [batch, rows, columns, 1, channels]), places), all.shape);
    }),
  );
}

/** For each window along an axis, which of its cells lie inside the image. */
function cellsInside({ input, output, kernel, stride, dilation, before }: SlidingWindow, axis: 0 | 1): boolean[][] {
  return Array.from({ length: output[axis] }, (_, y) =>
    Array.from({ length: kernel[axis] }, (_, i) => {
      const at = y * stride[axis] + i * dilation[axis] - before[axis];
      return at >= 0 && at < input[axis];
    }),
  );
}

/** Values as a tensor of the backend and element type of `like`. */
function constant(like: Tensor, values: readonly number[], shape: Shape): Tensor {
  const data = like.dtype === "float64" ? Float64Array.from(values) : Float32Array.from(values);
  return wrap(like.backend, like.backend.upload(data), shape, "pooling");
}

/**
 * The largest element of each window and channel. What lies outside of the image never is; the gradient goes to the
 * first of equal ones, row by row, as in PyTorch, also where all are −∞. NaN counts as the largest.
 *
 * @param x [batch, height, width, channels]
 * @param size the window's height and width
 * @param options.stride the window's size by default
 * @throws ShapeError for what are no images, or a window that sees nothing of them; ArgumentError for options that are
 *   no whole numbers
 */
export function maxPool2d(x: Tensor, size: Pair, options: WindowOptions = {}): Tensor {
  const [images] = operands("maxPool2d", [x]);
  return maxPoolOp([images], poolingWindow("maxPool2d", images, size, options));
}

/**
 * The mean of each window and channel, over those of its cells that lie inside of the image, as in TensorFlow (PyTorch's
 * `count_include_pad=False`).
 *
 * @param x [batch, height, width, channels]
 * @param size the window's height and width
 * @param options.stride the window's size by default
 * @throws as `maxPool2d` does
 */
export function averagePool2d(x: Tensor, size: Pair, options: WindowOptions = {}): Tensor {
  const [images] = operands("averagePool2d", [x]);
  const window = poolingWindow("averagePool2d", images, size, options);
  const [rows, columns] = along((axis) => cellsInside(window, axis).map((cells) => cells.filter(Boolean).length));
  const counts = rows.flatMap((row) => columns.map((column) => row * column));
  const total = sum(windowsOf(images, window), { axis: CELLS });
  const [first = 1] = counts;
  if (counts.every((count) => count === first)) return div(total, first);
  return div(total, constant(images, counts, [...window.output, 1]));
}

const WINDOW = optionsOf<WindowOptions>(WINDOW_OPTIONS);

function poolingWindow(where: string, { shape }: Tensor, size: Pair, options: WindowOptions): SlidingWindow {
  readOptions(where, options, WINDOW);
  const kernel = pairOf(where, "size", size, 1);
  const window = slidingWindow(where, imageSize(where, shape), kernel, {
    ...options,
    stride: options.stride ?? kernel,
  });
  const blind = along((axis) => cellsInside(window, axis).some((cells) => !cells.includes(true)));
  if (!blind[0] && !blind[1]) return window;
  throw new ShapeError(where, `with this padding a window of ${formatShape(kernel)} sees nothing of an image`);
}

function imageSize(where: string, shape: Shape): Extent {
  const [, height, width] = shape;
  if (shape.length === 4 && height !== undefined && width !== undefined) return [height, width];
  throw new ShapeError(where, `takes images [batch,height,width,channels], got ${formatShape(shape)}`);
}

/**
 * Images with each pixel repeated: nearest-neighbour upsampling.
 *
 * @param x [batch, height, width, channels]
 * @param factor how often, along the height and along the width; 2 by default
 * @returns [batch, height·factor, width·factor, channels]
 * @throws ShapeError for what are no images; ArgumentError for factors that are no whole numbers ≥ 1
 */
export function upSample(x: Tensor, factor: Pair = 2): Tensor {
  const [images] = operands("upSample", [x]);
  const [height, width] = imageSize("upSample", images.shape);
  const [down, across] = pairOf("upSample", "the factor", factor, 1);
  const [batch = 0, , , channels = 0] = images.shape;
  const apart = reshape(images, [batch, height, 1, width, 1, channels]);
  const repeated = broadcastTo(apart, [batch, height, down, width, across, channels]);
  return reshape(repeated, [batch, height * down, width * across, channels]);
}
