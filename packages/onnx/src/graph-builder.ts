// A graph as it grows layer by layer: its nodes, and the constants that they read.

import type { Shape, Variable } from "@adjoint/core";
import { ATTRIBUTE_TYPES, type Attribute, DATA_TYPES, type Node, type TensorData } from "./messages.js";

/** What flows between layers: its name in the graph, and the shape of one element of the batch. */
export interface Value {
  readonly name: string;
  readonly shape: Shape;
}

/** An attribute of a node, as `float`, `int` and `ints` make them. */
export type AttributeValue = Omit<Attribute, "name">;

export const float = (f: number): AttributeValue => ({ type: ATTRIBUTE_TYPES.float, f });
export const int = (i: number): AttributeValue => ({ type: ATTRIBUTE_TYPES.int, i });
export const ints = (values: readonly number[]): AttributeValue => ({ type: ATTRIBUTE_TYPES.ints, ints: values });

/** What a node is, besides its place. */
export interface NodeOptions {
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
  /** Tells the nodes of one layer apart: the last one has none. */
  readonly part?: string;
}

/** Collects nodes and constants. Names of values are the paths of the layers that they come from. */
export class GraphBuilder {
  readonly #nodes: Node[] = [];
  readonly #constants: TensorData[] = [];
  readonly #parameterNames: ReadonlyMap<Variable, string>;
  readonly #used = new Map<string, Variable>();

  /** @param parameters the model's, and its other variables, by the names that they keep */
  constructor(parameters: ReadonlyMap<string, Variable>) {
    this.#parameterNames = new Map([...parameters].map(([name, parameter]) => [parameter, name]));
  }

  get nodes(): readonly Node[] {
    return this.#nodes;
  }

  /** Adds a node of the layer at `path`, and returns the name of its one output. */
  node(path: string, operator: string, inputs: readonly string[], options: NodeOptions = {}): string {
    const { attributes = {}, part } = options;
    const name = [path || "model", ...(part === undefined ? [] : [part])].join(".");
    const output = `${name}.output`;
    this.#nodes.push({
      inputs,
      outputs: [output],
      name,
      operator,
      attributes: Object.entries(attributes).map(([key, value]) => ({ name: key, ...value })),
    });
    return output;
  }

  /** The name under which nodes read a parameter, which is its name in the model's state dictionary. */
  parameter(parameter: Variable): string {
    const name = this.#parameterNames.get(parameter) as string;
    this.#used.set(name, parameter);
    return name;
  }

  /** Adds a list of whole numbers, and returns the name under which nodes read it. */
  integers(path: string, part: string, values: readonly number[]): string {
    const name = `${path || "model"}.${part}`;
    const rawData = new Uint8Array(8 * values.length);
    const view = new DataView(rawData.buffer);
    for (const [i, value] of values.entries()) view.setBigInt64(8 * i, BigInt(value), true);
    this.#constants.push({ dims: [values.length], dataType: DATA_TYPES.int64, name, rawData });
    return name;
  }

  /** Adds a list of numbers, and returns the name under which nodes read it. */
  floats(path: string, part: string, values: readonly number[]): string {
    const name = `${path || "model"}.${part}`;
    this.#constants.push({ dims: [values.length], dataType: DATA_TYPES.float, name, rawData: toBytes(values) });
    return name;
  }

  /** Gives the graph's last value its final name. A graph without nodes gets one that does nothing. */
  finish(input: string, output: string): void {
    const last = this.#nodes.pop();
    if (last) this.#nodes.push({ ...last, outputs: [output] });
    else this.#nodes.push({ inputs: [input], outputs: [output], name: "model", operator: "Identity", attributes: [] });
  }

  /** All constants, with the parameters' values as they are when this is called. */
  async initializers(): Promise<TensorData[]> {
    const reading = [...this.#used].map(async ([name, parameter]) => {
      return { dims: parameter.shape, dataType: DATA_TYPES.float, name, rawData: toBytes(await parameter.data()) };
    });
    return [...(await Promise.all(reading)), ...this.#constants];
  }
}

function toBytes(values: ArrayLike<number>): Uint8Array {
  const bytes = new Uint8Array(4 * values.length);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < values.length; i++) view.setFloat32(4 * i, values[i] as number, true);
  return bytes;
}
