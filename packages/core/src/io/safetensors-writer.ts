// Writing safetensors files. The same tensors and metadata give the same bytes, whatever order they come in.

import { ArgumentError, ShapeError } from "../errors.js";
import { iterable, optionsOf, readOptions } from "../options.js";
import { checkShape, formatShape, sizeOf } from "../shape.js";
import { concatBytes } from "./bytes.js";
import { encodeFloats, type FileArray, type Float64FileArray } from "./element-types.js";
import { isWellFormed } from "./header-json.js";
import { LENGTH_BYTES, LONGEST_HEADER, METADATA_NAME } from "./safetensors-header.js";

/** What is said about a safetensors file as a whole: names and texts. */
export interface SafetensorsWriteOptions {
  readonly metadata?: Iterable<readonly [string, string]>;
}

const WRITE = optionsOf<SafetensorsWriteOptions>({ metadata: iterable });

/** Tensors by name: a Map, or a list of pairs. */
export type NamedArrays = Iterable<readonly [string, FileArray]>;

/** The same with float32 or float64 values, each kept as it is. */
export type NamedFloats = Iterable<readonly [string, FileArray | Float64FileArray]>;

/** The data begins at a multiple of this. */
const ALIGNMENT = 8;

/**
 * A safetensors file of float32 tensors (F32) and float64 ones (F64), which come first. Its bytes depend on the content
 * alone: metadata and tensors are sorted by name (by UTF-16 units), and the header is filled up with spaces to a
 * multiple of 8 bytes.
 *
 * @throws ShapeError where values do not fill a shape; ArgumentError for a name that occurs twice or has no form in
 *   UTF-8, for a tensor named `__metadata__`, for metadata that is no text, and for a header beyond 100 MB
 */
export function writeSafetensors(tensors: NamedFloats, options: SafetensorsWriteOptions = {}): Uint8Array {
  return concatBytes(safetensorsChunks(tensors, options));
}

/**
 * The same file in pieces, for writing without a second copy of the data: the header, then each tensor's own memory.
 * Throws as `writeSafetensors` does, before there is any piece.
 */
export function safetensorsChunks(tensors: NamedFloats, options: SafetensorsWriteOptions = {}): Uint8Array[] {
  const { metadata } = readOptions("writeSafetensors", options, WRITE);
  const named = sortByName([...tensors]);
  const isDouble = ([, { data }]: (typeof named)[number]) => data instanceof Float64Array;
  // the larger elements first, so that each begins where its size divides the offset
  const sorted = [...named.filter(isDouble), ...named.filter((entry) => !isDouble(entry))];
  const fields = metadataFields(metadata);
  let offset = 0;
  for (const [name, { shape, data }] of sorted) {
    checkTensor(name, shape, data);
    const end = offset + data.byteLength;
    // by hand, since an object's names that look like numbers come first, and "__proto__" does not come at all
    const dtype = data instanceof Float64Array ? "F64" : "F32";
    const entry = `{"dtype":"${dtype}","shape":${formatShape(shape)},"data_offsets":[${offset},${end}]}`;
    fields.push(`${JSON.stringify(name)}:${entry}`);
    offset = end;
  }
  return [encodeHeader(`{${fields.join(",")}}`), ...sorted.map(([, { data }]) => encodeFloats(data))];
}

function metadataFields(metadata: Iterable<readonly [string, string]> | undefined): string[] {
  if (metadata === undefined) return [];
  const texts = sortByName([...metadata]).map(([key, text]) => {
    if (typeof text !== "string") throw refuse(`metadata ${JSON.stringify(key)} is no text: ${String(text)}`);
    checkText("metadata", key);
    checkText(`metadata ${JSON.stringify(key)}`, text);
    return `${JSON.stringify(key)}:${JSON.stringify(text)}`;
  });
  return [`"${METADATA_NAME}":{${texts.join(",")}}`];
}

function checkTensor(name: string, shape: readonly number[], data: Float32Array | Float64Array): void {
  const tensor = `tensor ${JSON.stringify(name)}`;
  checkText("tensor", name);
  if (name === METADATA_NAME) throw refuse(`a tensor cannot be called ${METADATA_NAME}`);
  if (!(data instanceof Float32Array || data instanceof Float64Array)) {
    throw refuse(`${tensor}: expected a Float32Array or a Float64Array, got ${String(data)}`);
  }
  checkShape(`writeSafetensors: ${tensor}`, shape);
  if (sizeOf(shape) !== data.length) {
    throw new ShapeError("writeSafetensors", `${tensor}: ${data.length} values do not fill ${formatShape(shape)}`);
  }
}

function checkText(what: string, text: string): void {
  if (!isWellFormed(text)) throw refuse(`${what} ${JSON.stringify(text)} has half of a surrogate pair`);
}

function sortByName<T>(pairs: readonly (readonly [string, T])[]): (readonly [string, T])[] {
  const names = new Set<string>();
  for (const [name] of pairs) {
    if (names.has(name)) throw refuse(`there are two ${JSON.stringify(name)}`);
    names.add(name);
  }
  return [...pairs].sort(([a], [b]) => (a < b ? -1 : 1));
}

function encodeHeader(json: string): Uint8Array {
  const text = new TextEncoder().encode(json);
  const length = Math.ceil(text.length / ALIGNMENT) * ALIGNMENT;
  if (length > LONGEST_HEADER)
    throw refuse(`a header of ${length} bytes is longer than the format's ${LONGEST_HEADER}`);
  const bytes = new Uint8Array(LENGTH_BYTES + length).fill(0x20);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.set(text, LENGTH_BYTES);
  return bytes;
}

function refuse(problem: string): ArgumentError {
  return new ArgumentError("writeSafetensors", problem);
}
