// The sizes of what slides over images: options as users write them to windows as backends take them.

import type { Extent, SlidingWindow } from "../backends/backend.js";
import { ArgumentError, ShapeError } from "../errors.js";
import { anything, sizes } from "../options.js";
import { formatShape } from "../shape.js";

/** A number for each of height and width, or one for both. */
export type Pair = number | Extent;

/**
 * What is added around an image, as zeros:
 *
 * - `"valid"`: nothing; windows stay inside.
 * - `"same"`: so much that there are ⌈size / stride⌉ windows. Of an odd amount the larger part comes after the image,
 *   as TensorFlow has it (and PyTorch, which has `same` for a stride of 1 only).
 * - a number, or [height, width]: so many rows and columns on both sides.
 * - [[top, bottom], [left, right]].
 */
export type Padding = "valid" | "same" | Pair | readonly [rows: Extent, columns: Extent];

/** Options of what slides over images. */
export interface WindowOptions {
  /** Steps between windows; 1 by default. */
  readonly stride?: Pair;
  /** `"valid"` by default. */
  readonly padding?: Padding;
  /** Steps between the cells of a window; 1 by default. */
  readonly dilation?: Pair;
}

/** The options of windows; their values are looked at where they are used. */
export const WINDOW_OPTIONS = { stride: sizes, padding: anything, dilation: sizes };

/** A pair of whole numbers. @throws ArgumentError for anything else, or numbers below `least` */
export function pairOf(where: string, name: string, value: Pair, least: number): Extent {
  const pair: readonly unknown[] = Array.isArray(value) ? value : [value, value];
  if (pair.length !== 2 || !pair.every((part) => Number.isSafeInteger(part) && (part as number) >= least)) {
    const found = Array.isArray(value) ? `[${value.join(",")}]` : String(value);
    throw new ArgumentError(where, `${name} must be a whole number ≥ ${least}, or two of them, got ${found}`);
  }
  return [pair[0] as number, pair[1] as number];
}

/** The cells from a window's first row or column to its last. */
export function reach(kernel: number, dilation: number): number {
  return (kernel - 1) * dilation + 1;
}

/** Zeros before and after, along the height and along the width. */
type Amounts = readonly [rows: Extent, columns: Extent];

/**
 * The windows over images of a size.
 *
 * @throws ArgumentError for options that are no whole numbers; ShapeError where a window does not fit
 */
export function slidingWindow(where: string, input: Extent, kernel: Extent, options: WindowOptions): SlidingWindow {
  const { stride, dilation, padding } = checkedOptions(where, options);
  const amounts = along((axis): Extent => {
    if (padding !== "same") return padding[axis];
    const output = Math.ceil(input[axis] / stride[axis]);
    const total = Math.max(0, (output - 1) * stride[axis] + reach(kernel[axis], dilation[axis]) - input[axis]);
    return [Math.floor(total / 2), Math.ceil(total / 2)];
  });
  const room = along((axis) => input[axis] + amounts[axis][0] + amounts[axis][1] - reach(kernel[axis], dilation[axis]));
  if (room[0] < 0 || room[1] < 0) {
    const window = formatShape(along((axis) => reach(kernel[axis], dilation[axis])));
    const padded = formatShape(along((axis) => input[axis] + amounts[axis][0] + amounts[axis][1]));
    throw new ShapeError(where, `a window of ${window} does not fit into an image of ${padded}, padding included`);
  }
  const output = along((axis) => Math.floor(room[axis] / stride[axis]) + 1);
  return { input, output, kernel, stride, dilation, before: [amounts[0][0], amounts[1][0]] };
}

/**
 * The windows of which there are as many as `output` says: their images are what a transposed convolution makes.
 *
 * @param outputPadding rows and columns added to the images after the last window, fewer than the stride
 * @throws ArgumentError for options that are no whole numbers, or do not go together; ShapeError for images of no size
 */
export function transposedWindow(
  where: string,
  output: Extent,
  kernel: Extent,
  { outputPadding = 0, ...options }: WindowOptions & { readonly outputPadding?: Pair },
): SlidingWindow {
  const { stride, dilation, padding } = checkedOptions(where, options);
  const extra = pairOf(where, "outputPadding", outputPadding, 0);
  if (extra[0] >= stride[0] || extra[1] >= stride[1]) {
    throw new ArgumentError(where, `outputPadding must be below the stride, got ${extra} and ${stride}`);
  }
  if (padding === "same" && (extra[0] > 0 || extra[1] > 0)) {
    throw new ArgumentError(where, `outputPadding does not go with padding "same", which says the size: ${extra}`);
  }
  const sizes = along((axis) => {
    const whole = (output[axis] - 1) * stride[axis] + reach(kernel[axis], dilation[axis]);
    if (padding === "same") {
      const before = Math.floor(Math.max(0, whole - output[axis] * stride[axis]) / 2);
      return { input: output[axis] * stride[axis], before };
    }
    const [before, after] = padding[axis];
    return { input: whole - before - after + extra[axis], before };
  });
  const input: Extent = [sizes[0].input, sizes[1].input];
  if (input[0] < 1 || input[1] < 1) {
    throw new ShapeError(where, `images of ${formatShape(output)} would become images of ${formatShape(input)}`);
  }
  return { input, output, kernel, stride, dilation, before: [sizes[0].before, sizes[1].before] };
}

function checkedOptions(where: string, { stride = 1, dilation = 1, padding = "valid" }: WindowOptions) {
  return {
    stride: pairOf(where, "stride", stride, 1),
    dilation: pairOf(where, "dilation", dilation, 1),
    padding: amountsOf(where, padding),
  };
}

function amountsOf(where: string, padding: Padding): "same" | Amounts {
  if (padding === "same") return padding;
  if (padding === "valid") {
    const none: Extent = [0, 0];
    return [none, none];
  }
  if (typeof padding === "string") {
    throw new ArgumentError(where, `padding must be "valid", "same" or numbers, got "${String(padding)}"`);
  }
  if (Array.isArray(padding) && Array.isArray(padding[0])) {
    return along((axis) => pairOf(where, "padding", padding[axis] as Extent, 0));
  }
  const [rows, columns] = pairOf(where, "padding", padding as Pair, 0);
  return [
    [rows, rows],
    [columns, columns],
  ];
}

/** Something for the height and for the width. */
export function along<T>(of: (axis: 0 | 1) => T): readonly [T, T] {
  return [of(0), of(1)];
}
