// exportOnnx: a model as the bytes of an .onnx file.

import { ArgumentError, type Module, type Shape } from "@adjoint/core";
import { GraphBuilder, type Value } from "./graph-builder.js";
import { addLayer } from "./layers.js";
import { DATA_TYPES, encodeModel, IR_VERSION, OPERATOR_SET, type ValueInfo } from "./messages.js";
import { VERSION } from "./version.js";

/** What a file says besides what the model computes. */
export interface ExportOnnxOptions {
  /** The shape of one input, without the batch axis: `[28, 28, 1]`. */
  readonly inputShape: Shape;
  /** The graph's name; the model's own, or `"model"`, by default. */
  readonly name?: string;
  /** A text for people: the file's `doc_string`. */
  readonly description?: string;
  /** Texts by name for programs: the file's `metadata_props`. */
  readonly metadata?: Readonly<Record<string, string>>;
}

const PRODUCER = "adjoint";
const INPUT = "input";
const OUTPUT = "output";

/**
 * Writes what a model computes in evaluation as ONNX, operator set 17 (IR version 8): one float32 input `input` and
 * one float32 output `output`, whose first axis is `batch`, of any size. Nodes are named by the layers' places (`0`,
 * `1.0`), constants by the names of `model.stateDict()` (`0.kernel`); float64 values are rounded to float32.
 *
 * @param model a Sequential, nested ones too, of layers of the library, or one such layer
 * @returns the file's bytes, with the parameters' values as they are when this is called
 * @throws OnnxExportError for a layer without an ONNX form, naming its kind and its place; ShapeError for an input
 *   that a layer does not take; ArgumentError for an option that is none
 */
export async function exportOnnx(model: Module, options: ExportOnnxOptions): Promise<Uint8Array> {
  checkOptions(options);
  const { inputShape, name = model.name || "model", description, metadata = {} } = options;
  const graph = new GraphBuilder(model.namedVariables());
  const input: Value = { name: INPUT, shape: inputShape };
  const { shape } = addLayer(model, input, graph, "");
  graph.finish(INPUT, OUTPUT);
  const { nodes } = graph;
  const initializers = await graph.initializers();
  return encodeModel({
    irVersion: IR_VERSION,
    producerName: PRODUCER,
    producerVersion: VERSION,
    ...(description === undefined ? {} : { description }),
    graph: { nodes, name, initializers, inputs: [describe(input)], outputs: [describe({ name: OUTPUT, shape })] },
    operatorSets: [{ version: OPERATOR_SET }],
    metadata: Object.entries(metadata).map(([key, value]) => ({ key, value })),
  });
}

function describe({ name, shape }: Value): ValueInfo {
  const dimensions = [{ parameter: "batch" }, ...shape.map((value) => ({ value }))];
  return { name, type: { tensor: { elementType: DATA_TYPES.float, shape: { dimensions } } } };
}

const KNOWN: readonly string[] = [
  "inputShape",
  "name",
  "description",
  "metadata",
] satisfies (keyof ExportOnnxOptions)[];

function checkOptions(options: ExportOnnxOptions): void {
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw new ArgumentError("exportOnnx", "options must be an object, as { inputShape: [784] }");
  }
  const unknown = Object.keys(options).find((option) => !KNOWN.includes(option));
  if (unknown !== undefined) {
    throw new ArgumentError("exportOnnx", `unknown option "${unknown}"; known are ${KNOWN.join(", ")}`);
  }
  const { inputShape, name, description, metadata = {} } = options;
  if (!Array.isArray(inputShape) || !inputShape.every((size) => Number.isSafeInteger(size) && size > 0)) {
    throw new ArgumentError("exportOnnx", `inputShape must be whole numbers ≥ 1, got ${JSON.stringify(inputShape)}`);
  }
  if (name === "") throw new ArgumentError("exportOnnx", "the name must not be empty");
  for (const [key, value] of [["name", name], ["description", description], ...Object.entries(metadata)]) {
    if (value === undefined || typeof value === "string") continue;
    throw new ArgumentError("exportOnnx", `${key} must be a text, got ${JSON.stringify(value)}`);
  }
}
