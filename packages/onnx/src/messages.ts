// The part of ONNX's protocol buffers that an exported model needs: the messages as types, and as tables of their
// fields' numbers. Source: onnx.proto of the ONNX project, as of IR version 8.

import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";

/** The version of the intermediate representation that goes with operator set 17: both came with ONNX 1.12. */
export const IR_VERSION = 8;
export const OPERATOR_SET = 17;

/** TensorProto.DataType. */
export const DATA_TYPES = { float: 1, int64: 7 } as const;

/** AttributeProto.AttributeType. */
export const ATTRIBUTE_TYPES = { float: 1, int: 2, ints: 7 } as const;

export interface Entry {
  readonly key: string;
  readonly value: string;
}

export interface Attribute {
  readonly name: string;
  readonly type: number;
  readonly f?: number;
  readonly i?: number;
  readonly ints?: readonly number[];
}

export interface Node {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly name: string;
  readonly operator: string;
  readonly attributes: readonly Attribute[];
}

export interface TensorData {
  readonly dims: readonly number[];
  readonly dataType: number;
  readonly name: string;
  /** Row-major, little-endian. */
  readonly rawData: Uint8Array;
}

/** One axis: a size, or a name for a size that differs from call to call. */
export interface Dimension {
  readonly value?: number;
  readonly parameter?: string;
}

export interface TensorType {
  readonly elementType: number;
  readonly shape: { readonly dimensions: readonly Dimension[] };
}

/** A named input or output. */
export interface ValueInfo {
  readonly name: string;
  readonly type: { readonly tensor: TensorType };
}

export interface Graph {
  readonly nodes: readonly Node[];
  readonly name: string;
  readonly initializers: readonly TensorData[];
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
}

export interface Model {
  readonly irVersion: number;
  readonly producerName: string;
  readonly producerVersion: string;
  readonly description?: string;
  readonly graph: Graph;
  readonly operatorSets: readonly { readonly version: number }[];
  readonly metadata: readonly Entry[];
}

/** Writes one field of a message. */
type Field<Value> = (writer: BinaryWriter, value: Value) => void;

/** All fields of a message. Those that are absent from a value are not written. */
type Fields<Message> = { readonly [Name in keyof Message]-?: Field<Exclude<Message[Name], undefined>> };

const ENTRY: Fields<Entry> = { key: text(1), value: text(2) };

const ATTRIBUTE: Fields<Attribute> = {
  name: text(1),
  f: float(2),
  i: integer(3),
  ints: each(integer(8)),
  type: integer(20),
};

const NODE: Fields<Node> = {
  inputs: each(text(1)),
  outputs: each(text(2)),
  name: text(3),
  operator: text(4),
  attributes: each(message(5, ATTRIBUTE)),
};

const TENSOR: Fields<TensorData> = { dims: each(integer(1)), dataType: integer(2), name: text(8), rawData: bytes(9) };

const DIMENSION: Fields<Dimension> = { value: integer(1), parameter: text(2) };

const TENSOR_TYPE: Fields<TensorType> = {
  elementType: integer(1),
  shape: message(2, { dimensions: each(message(1, DIMENSION)) }),
};

const VALUE_INFO: Fields<ValueInfo> = { name: text(1), type: message(2, { tensor: message(1, TENSOR_TYPE) }) };

const GRAPH: Fields<Graph> = {
  nodes: each(message(1, NODE)),
  name: text(2),
  initializers: each(message(5, TENSOR)),
  inputs: each(message(11, VALUE_INFO)),
  outputs: each(message(12, VALUE_INFO)),
};

const MODEL: Fields<Model> = {
  irVersion: integer(1),
  producerName: text(2),
  producerVersion: text(3),
  description: text(6),
  graph: message(7, GRAPH),
  operatorSets: each(message(8, { version: integer(2) })),
  metadata: each(message(14, ENTRY)),
};

/** The bytes of a model: what is in an .onnx file. */
export function encodeModel(model: Model): Uint8Array {
  const writer = new BinaryWriter();
  writeFields(writer, MODEL, model);
  return writer.finish();
}

function writeFields<Message>(writer: BinaryWriter, fields: Fields<Message>, value: Message): void {
  for (const name of Object.keys(fields) as (keyof Message)[]) {
    const part = value[name];
    if (part !== undefined) fields[name](writer, part as Exclude<Message[keyof Message], undefined>);
  }
}

function integer(number: number): Field<number> {
  return (writer, value) => void writer.tag(number, WireType.Varint).int64(value);
}

function float(number: number): Field<number> {
  return (writer, value) => void writer.tag(number, WireType.Bit32).float(value);
}

function text(number: number): Field<string> {
  return (writer, value) => void writer.tag(number, WireType.LengthDelimited).string(value);
}

function bytes(number: number): Field<Uint8Array> {
  return (writer, value) => void writer.tag(number, WireType.LengthDelimited).bytes(value);
}

function message<Message>(number: number, fields: Fields<Message>): Field<Message> {
  return (writer, value) => {
    writer.tag(number, WireType.LengthDelimited).fork();
    writeFields(writer, fields, value);
    writer.join();
  };
}

function each<Value>(field: Field<Value>): Field<readonly Value[]> {
  return (writer, values) => {
    for (const value of values) field(writer, value);
  };
}
