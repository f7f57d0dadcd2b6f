// How each kind of layer becomes nodes of ONNX: one entry a layer. Operators as of operator set 17,
// https://onnx.ai/onnx/operators.

import {
  AveragePool2d,
  BatchNorm,
  Conv2d,
  ConvTranspose2d,
  Dense,
  Dropout,
  Embedding,
  Flatten,
  LayerNorm,
  LeakyReLU,
  MaxPool2d,
  type Module,
  ReLU,
  Reshape,
  Sequential,
  type Shape,
  Sigmoid,
  Softmax,
  Tanh,
  UpSample,
} from "@adjoint/core";
import { OnnxExportError } from "./errors.js";
import { float, type GraphBuilder, int, type NodeOptions, type Value } from "./graph-builder.js";
import { addConvolution, addPool, addTransposed, addUpSample } from "./image-layers.js";
import { addBatchNorm, addEmbedding, addLayerNorm } from "./normalization-layers.js";
import { formatBatch, refuse } from "./refusal.js";

/** Adds a layer's nodes to the graph, and returns the layer's output. */
type LayerForm<Layer> = (layer: Layer, input: Value, graph: GraphBuilder, path: string) => Value;

/** A class of layers, and how its layers are written. */
interface Entry {
  readonly kind: string;
  readonly layer: { readonly prototype: Module };
  readonly write: LayerForm<Module>;
}

/** Every layer that has an ONNX form. To add one is to add its entry here, and a case to test/layers.test.ts. */
const LAYERS: readonly Entry[] = [
  entry("Sequential", Sequential, (model, input, graph, path) => {
    const inside = path === "" ? "" : `${path}.`;
    return model.layers.reduce((value, layer, i) => addLayer(layer, value, graph, `${inside}${i}`), input);
  }),
  entry("Dense", Dense, addDense),
  entry("LeakyReLU", LeakyReLU, ({ negativeSlope }, ...place) =>
    elementwise("LeakyRelu", place, { attributes: { alpha: float(negativeSlope) } }),
  ),
  entry("ReLU", ReLU, (_, ...place) => elementwise("Relu", place)),
  entry("Tanh", Tanh, (_, ...place) => elementwise("Tanh", place)),
  entry("Sigmoid", Sigmoid, (_, ...place) => elementwise("Sigmoid", place)),
  entry("Softmax", Softmax, addSoftmax),
  // in evaluation, which is what a file is for, it hands its input through
  entry("Dropout", Dropout, (_, input) => input),
  entry("Flatten", Flatten, (_, { name, shape }, graph, path) => ({
    name: graph.node(path, "Flatten", [name], { attributes: { axis: int(1) } }),
    shape: [sizeOf(shape)],
  })),
  entry("Reshape", Reshape, addReshape),
  entry("Conv2d", Conv2d, addConvolution),
  entry("ConvTranspose2d", ConvTranspose2d, addTransposed),
  entry("MaxPool2d", MaxPool2d, addPool),
  entry("AveragePool2d", AveragePool2d, addPool),
  entry("UpSample", UpSample, addUpSample),
  entry("BatchNorm", BatchNorm, addBatchNorm),
  entry("LayerNorm", LayerNorm, addLayerNorm),
  entry("Embedding", Embedding, addEmbedding),
];

/**
 * Adds a layer, or a model of layers.
 *
 * @param path the layer's place in the model; empty for the model itself
 * @throws OnnxExportError for a layer without an ONNX form; ShapeError for an input that the layer does not take
 */
export function addLayer(layer: Module, input: Value, graph: GraphBuilder, path: string): Value {
  // a class of one's own may inherit a form, but not with another forward
  const found = LAYERS.find((entry) => layer.forward === entry.layer.prototype.forward);
  if (found) return found.write(layer, input, graph, path);
  const known = LAYERS.map(({ kind }) => kind).join(", ");
  throw new OnnxExportError(`has no ONNX form; there is one for ${known}`, { kind: layer.kind, path });
}

function addDense({ kernel, bias }: Dense, input: Value, graph: GraphBuilder, path: string): Value {
  const [inFeatures, outFeatures] = kernel.shape as [number, number];
  if (input.shape.at(-1) !== inFeatures) refuse("Dense", path, `takes […,${inFeatures}]`, input);
  const shape = [...input.shape.slice(0, -1), outFeatures];
  const parameters = [kernel, ...(bias ? [bias] : [])].map((parameter) => graph.parameter(parameter));
  // Gemm takes matrices alone; a product of more axes has its bias added by a node of its own
  if (input.shape.length === 1) return { name: graph.node(path, "Gemm", [input.name, ...parameters]), shape };
  const [weights = "", offset] = parameters;
  if (offset === undefined) return { name: graph.node(path, "MatMul", [input.name, weights]), shape };
  const product = graph.node(path, "MatMul", [input.name, weights], { part: "product" });
  return { name: graph.node(path, "Add", [product, offset]), shape };
}

function addReshape(layer: Reshape, input: Value, graph: GraphBuilder, path: string): Value {
  const known = sizeOf(layer.shape.filter((size) => size !== -1));
  const shape = layer.shape.map((size) => (size === -1 ? sizeOf(input.shape) / known : size));
  if (sizeOf(shape) !== sizeOf(input.shape) || !shape.every((size) => Number.isSafeInteger(size) && size > 0)) {
    refuse("Reshape", path, `makes ${formatBatch(layer.shape)}`, input);
  }
  // 0 stands for the input's own size: that of the batch
  const target = graph.integers(path, "shape", [0, ...shape]);
  return { name: graph.node(path, "Reshape", [input.name, target]), shape };
}

function addSoftmax({ axis }: Softmax, input: Value, graph: GraphBuilder, path: string): Value {
  const rank = 1 + input.shape.length;
  if (axis < -rank || axis >= rank) refuse("Softmax", path, `sums along axis ${axis}`, input);
  return elementwise("Softmax", [input, graph, path], { attributes: { axis: int(axis) } });
}

function elementwise(operator: string, place: [Value, GraphBuilder, string], options?: NodeOptions): Value {
  const [{ name, shape }, graph, path] = place;
  return { name: graph.node(path, operator, [name], options), shape };
}

function entry<Layer extends Module>(
  kind: string,
  layer: { readonly prototype: Layer },
  write: LayerForm<Layer>,
): Entry {
  // a layer with the class's own forward has its fields
  return { kind, layer, write: (module, ...place) => write(module as Layer, ...place) };
}

function sizeOf(shape: Shape): number {
  return shape.reduce((product, size) => product * size, 1);
}
