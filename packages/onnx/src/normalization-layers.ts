// Normalization and embeddings as nodes of ONNX.

import type { BatchNorm, Embedding, LayerNorm, Variable } from "@adjoint/core";
import { float, type GraphBuilder, int, ints, type Value } from "./graph-builder.js";
import { DATA_TYPES } from "./messages.js";
import { refuse } from "./refusal.js";

/** BatchNormalization has its channels behind the batch; ours are last. */
export function addBatchNorm(layer: BatchNorm, input: Value, graph: GraphBuilder, path: string): Value {
  const channels = layer.runningMean.size;
  const rank = input.shape.length;
  if (input.shape.at(-1) !== channels) refuse("BatchNorm", path, `takes […,${channels}]`, input);
  const statistics = [layer.runningMean, layer.runningVariance].map((variable) => graph.parameter(variable));
  const factors = [orAll(layer.scale, 1, "scale"), orAll(layer.offset, 0, "offset")];
  const attributes = { epsilon: float(layer.epsilon) };
  if (rank === 1) {
    const name = graph.node(path, "BatchNormalization", [input.name, ...factors, ...statistics], { attributes });
    return { name, shape: input.shape };
  }
  const middle = Array.from({ length: rank - 1 }, (_, axis) => axis + 1);
  const first = { attributes: { perm: ints([0, rank, ...middle]) }, part: "first" };
  const moved = graph.node(path, "Transpose", [input.name], first);
  const inputs = [moved, ...factors, ...statistics];
  const normal = graph.node(path, "BatchNormalization", inputs, { attributes, part: "normal" });
  const back = { attributes: { perm: ints([0, ...middle.map((axis) => axis + 1), 1]) } };
  return { name: graph.node(path, "Transpose", [normal], back), shape: input.shape };

  function orAll(variable: Variable | undefined, value: number, part: string): string {
    return variable ? graph.parameter(variable) : graph.floats(path, part, Array<number>(channels).fill(value));
  }
}

export function addLayerNorm(
  { scale, offset, epsilon }: LayerNorm,
  input: Value,
  graph: GraphBuilder,
  path: string,
): Value {
  const channels = input.shape.at(-1);
  const expected = (scale ?? offset)?.size ?? channels;
  if (channels === undefined || channels !== expected) refuse("LayerNorm", path, `takes […,${expected}]`, input);
  const factor = scale ? graph.parameter(scale) : graph.floats(path, "scale", Array<number>(channels).fill(1));
  const inputs = [input.name, factor, ...(offset ? [graph.parameter(offset)] : [])];
  const attributes = { axis: int(-1), epsilon: float(epsilon) };
  return { name: graph.node(path, "LayerNormalization", inputs, { attributes }), shape: input.shape };
}

export function addEmbedding({ kernel }: Embedding, { name, shape }: Value, graph: GraphBuilder, path: string): Value {
  const attributes = { to: int(DATA_TYPES.int64) };
  const rows = graph.node(path, "Cast", [name], { attributes, part: "indices" });
  const found = graph.node(path, "Gather", [graph.parameter(kernel), rows], { attributes: { axis: int(0) } });
  return { name: found, shape: [...shape, kernel.shape[1] as number] };
}
