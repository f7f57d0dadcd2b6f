// The layers of image networks as nodes of ONNX, whose images and kernels have their channels first: images are
// permuted before and back after, and two permutations that meet cancel out in any runtime that optimizes.

import type {
  AveragePool2d,
  Conv2d,
  ConvTranspose2d,
  Extent,
  MaxPool2d,
  Padding,
  Shape,
  UpSample,
} from "@adjoint/core";
import { OnnxExportError } from "./errors.js";
import { type AttributeValue, type GraphBuilder, int, ints, type Value } from "./graph-builder.js";
import { refuse } from "./refusal.js";

/** What slides over images, as layers have it. */
interface Sliding {
  readonly kernel: Extent;
  readonly stride: Extent;
  readonly padding: Padding;
  readonly dilation: Extent;
}

/** Zeros before and after along an axis. */
type Amounts = readonly [before: number, after: number];

type Axis = 0 | 1;

const both = <T>(of: (axis: Axis) => T): [T, T] => [of(0), of(1)];
const reach = ({ kernel, dilation }: Sliding, axis: Axis) => (kernel[axis] - 1) * dilation[axis] + 1;
const isPair = (value: Padding): value is readonly [Extent, Extent] => Array.isArray(value) && Array.isArray(value[0]);

/** The zeros that a padding means; `total` is how many "same" adds. */
function amountsOf(padding: Padding, axis: Axis, total: number): Amounts {
  if (padding === "same") return [Math.floor(total / 2), total - Math.floor(total / 2)];
  if (padding === "valid") return [0, 0];
  if (isPair(padding)) return padding[axis];
  const each = typeof padding === "number" ? padding : (padding as Extent)[axis];
  return [each, each];
}

/** The layer's node between the two permutations. */
function between(
  operator: string,
  [{ name }, graph, path]: readonly [Value, GraphBuilder, string],
  more: {
    readonly inputs?: readonly string[];
    readonly attributes: Record<string, AttributeValue>;
    readonly shape: Shape;
  },
): Value {
  const first = graph.node(path, "Transpose", [name], { attributes: { perm: ints([0, 3, 1, 2]) }, part: "first" });
  const inputs = [first, ...(more.inputs ?? [])];
  const result = graph.node(path, operator, inputs, { attributes: more.attributes, part: "images" });
  const back = { attributes: { perm: ints([0, 2, 3, 1]) } };
  return { name: graph.node(path, "Transpose", [result], back), shape: more.shape };
}

function attributesOf(sliding: Sliding, amounts: readonly [Amounts, Amounts]): Record<string, AttributeValue> {
  const [rows, columns] = amounts;
  return {
    kernel_shape: ints(sliding.kernel),
    strides: ints(sliding.stride),
    dilations: ints(sliding.dilation),
    pads: ints([rows[0], columns[0], rows[1], columns[1]]),
  };
}

/** The padding of windows over an image, and how many there are. */
function windowsOver(input: Value, sliding: Sliding) {
  const amounts = both((axis) => {
    const [size, stride] = [input.shape[axis] as number, sliding.stride[axis]];
    const total = Math.max(0, (Math.ceil(size / stride) - 1) * stride + reach(sliding, axis) - size);
    return amountsOf(sliding.padding, axis, total);
  });
  const output = both((axis) => {
    const room = (input.shape[axis] as number) + amounts[axis][0] + amounts[axis][1] - reach(sliding, axis);
    return Math.floor(room / sliding.stride[axis]) + 1;
  });
  return { amounts, output };
}

/** The kernel, channels first, and the bias. */
function weights({ kernel, bias }: Conv2d | ConvTranspose2d, graph: GraphBuilder, path: string): string[] {
  const attributes = { perm: ints([3, 2, 0, 1]) };
  const first = graph.node(path, "Transpose", [graph.parameter(kernel)], { attributes, part: "kernel" });
  return [first, ...(bias ? [graph.parameter(bias)] : [])];
}

function slidingOf({ kernel, stride, padding, dilation }: Conv2d | ConvTranspose2d): Sliding {
  return { kernel: [kernel.shape[0] as number, kernel.shape[1] as number], stride, padding, dilation };
}

export function addConvolution(layer: Conv2d, input: Value, graph: GraphBuilder, path: string): Value {
  const [, , perGroup = 0, outChannels = 0] = layer.kernel.shape;
  checkImages("Conv2d", input, path, perGroup * layer.groups);
  const sliding = slidingOf(layer);
  const { amounts, output } = windowsOver(input, sliding);
  if (Math.min(...output) < 1) refuse("Conv2d", path, "has windows that do not fit", input);
  const attributes = { ...attributesOf(sliding, amounts), group: int(layer.groups) };
  const shape = [...output, outChannels];
  return between("Conv", [input, graph, path], { inputs: weights(layer, graph, path), attributes, shape });
}

export function addTransposed(layer: ConvTranspose2d, input: Value, graph: GraphBuilder, path: string): Value {
  const [, , perGroup = 0, inChannels = 0] = layer.kernel.shape;
  checkImages("ConvTranspose2d", input, path, inChannels);
  const sliding = slidingOf(layer);
  const sides = both((axis) => {
    const [size, stride] = [input.shape[axis] as number, layer.stride[axis]];
    const whole = (size - 1) * stride + reach(sliding, axis);
    // what windows do not reach of a whole number of strides is padding of the output
    const extra = layer.padding === "same" ? Math.max(0, size * stride - whole) : layer.outputPadding[axis];
    const amounts = amountsOf(layer.padding, axis, Math.max(0, whole - size * stride));
    return { amounts, extra, size: whole - amounts[0] - amounts[1] + extra };
  });
  const attributes = {
    ...attributesOf(sliding, [sides[0].amounts, sides[1].amounts]),
    output_padding: ints(sides.map(({ extra }) => extra)),
    group: int(layer.groups),
  };
  const shape = [...sides.map(({ size }) => size), perGroup * layer.groups];
  if (Math.min(...shape) < 1) refuse("ConvTranspose2d", path, "leaves nothing", input);
  return between("ConvTranspose", [input, graph, path], { inputs: weights(layer, graph, path), attributes, shape });
}

export function addPool(layer: MaxPool2d | AveragePool2d, input: Value, graph: GraphBuilder, path: string): Value {
  checkImages(layer.kind, input, path);
  const { size, stride = size, padding = "valid", dilation = 1 } = layer.options;
  const pair = (value: number | Extent): Extent => (typeof value === "number" ? [value, value] : value);
  const sliding = { kernel: pair(size), stride: pair(stride), padding, dilation: pair(dilation) };
  const { amounts, output } = windowsOver(input, sliding);
  if (Math.min(...output) < 1) refuse(layer.kind, path, "has windows that do not fit", input);
  const shape = [...output, input.shape[2] as number];
  const attributes = attributesOf(sliding, amounts);
  if (layer.kind === "MaxPool2d") return between("MaxPool", [input, graph, path], { attributes, shape });
  // dilations came to AveragePool with operator set 19
  const { dilations: _, ...rest } = attributes;
  if (Math.max(...sliding.dilation) > 1) {
    throw new OnnxExportError("with a dilation has no form in operator set 17", { kind: layer.kind, path });
  }
  return between("AveragePool", [input, graph, path], { attributes: rest, shape });
}

export function addUpSample({ factor }: UpSample, input: Value, graph: GraphBuilder, path: string): Value {
  checkImages("UpSample", input, path);
  const [height = 0, width = 0, channels = 0] = input.shape;
  const [down, across] = factor;
  const shape = [height * down, width * across, channels];
  const [apart, times, whole] = [
    graph.integers(path, "apart", [0, height, 1, width, 1, channels]),
    graph.integers(path, "times", [1, 1, down, 1, across, 1]),
    graph.integers(path, "whole", [0, ...shape]),
  ];
  const single = graph.node(path, "Reshape", [input.name, apart], { part: "single" });
  const repeated = graph.node(path, "Expand", [single, times], { part: "repeated" });
  return { name: graph.node(path, "Reshape", [repeated, whole]), shape };
}

function checkImages(kind: string, input: Value, path: string, channels?: number): void {
  if (input.shape.length === 3 && (channels === undefined || input.shape[2] === channels)) return;
  refuse(kind, path, `takes images [batch,height,width,${channels ?? "channels"}]`, input);
}
