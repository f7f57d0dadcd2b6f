// The header of a safetensors file, checked before any tensor is read
// (https://github.com/huggingface/safetensors#format): 8 bytes with the header's length, the header as JSON, the data.

import { type ElementType, elementBytes } from "./element-types.js";
import { type FormatCheck, quote, quoteShape } from "./format-check.js";
import { type HeaderValue, OtherNumber, parseHeaderJson } from "./header-json.js";

/** The longest header that the format allows, in bytes. */
export const LONGEST_HEADER = 100_000_000;

/** The bytes that say how long the header is. */
export const LENGTH_BYTES = 8;

/** Where the header has what is said about the file as a whole. */
export const METADATA_NAME = "__metadata__";

/** What a header says of one tensor. */
export interface SafetensorsEntry {
  /** Undefined for a type that is not read: of 8 bits and fewer, and complex numbers. */
  readonly type: ElementType | undefined;
  /** The type as the file calls it: `F32`, `F8_E4M3`. */
  readonly dtype: string;
  readonly shape: readonly number[];
  /** The first byte, counted from the end of the header, and the one behind the last. */
  readonly begin: number;
  readonly end: number;
}

/** All that a header says. */
export interface SafetensorsHeader {
  readonly metadata: ReadonlyMap<string, string>;
  /** In the order of their data. */
  readonly tensors: ReadonlyMap<string, SafetensorsEntry>;
  /** All bytes of data. */
  readonly dataBytes: number;
}

const TYPES: ReadonlyMap<string, ElementType> = new Map([
  ["BOOL", "bool"],
  ["U8", "uint8"],
  ["I8", "int8"],
  ["U16", "uint16"],
  ["I16", "int16"],
  ["U32", "uint32"],
  ["I32", "int32"],
  ["U64", "uint64"],
  ["I64", "int64"],
  ["F16", "float16"],
  ["BF16", "bfloat16"],
  ["F32", "float32"],
  ["F64", "float64"],
]);

/** Types that the format has and that are not read, by the bits of an element: their sizes can be checked. */
const OTHER_TYPES: ReadonlyMap<string, number> = new Map([
  ["F4", 4],
  ["F6_E2M3", 6],
  ["F6_E3M2", 6],
  ["F8_E5M2", 8],
  ["F8_E4M3", 8],
  ["F8_E8M0", 8],
  ["F8_E4M3FNUZ", 8],
  ["F8_E5M2FNUZ", 8],
  ["C64", 64],
]);

/** How long the header is, from the first 8 bytes. `size` is that of the file, where it is known. */
export function headerLength(check: FormatCheck, bytes: Uint8Array, size: number | undefined): number {
  const length = new DataView(bytes.buffer, bytes.byteOffset, LENGTH_BYTES).getBigUint64(0, true);
  if (length > LONGEST_HEADER) throw check.error("header length", `at most ${LONGEST_HEADER} bytes`, `${length}`);
  if (size !== undefined && length > size - LENGTH_BYTES) {
    throw check.error("header length", `at most the ${size - LENGTH_BYTES} bytes that follow it`, `${length}`);
  }
  return Number(length);
}

/** Checks a header's bytes. `aligned`: whether each tensor must begin at a multiple of its element's size. */
export function parseSafetensorsHeader(check: FormatCheck, bytes: Uint8Array, aligned: boolean): SafetensorsHeader {
  if (bytes[0] !== 0x7b) {
    throw check.error("header", 'to begin with "{"', bytes.length ? `byte ${bytes[0]}` : "an empty header");
  }
  const fail = (position: number, expected: string, found: string) =>
    check.error(`header, character ${position}`, expected, found);
  const root = parseHeaderJson(decodeUtf8(check, bytes), fail);
  // what begins with a brace and is JSON is an object
  const fields = root as ReadonlyMap<string, HeaderValue>;
  const entries: [string, SafetensorsEntry][] = [];
  let metadata: ReadonlyMap<string, string> = new Map();
  for (const [name, value] of fields) {
    if (name === METADATA_NAME) metadata = parseMetadata(check, value);
    else entries.push([name, parseEntry(check, name, value, aligned)]);
  }
  entries.sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end);
  return { metadata, tensors: new Map(entries), dataBytes: checkContiguous(check, entries) };
}

function decodeUtf8(check: FormatCheck, bytes: Uint8Array): string {
  // a browser's decoder takes no memory that is shared between threads
  const own = bytes.buffer instanceof ArrayBuffer ? bytes : bytes.slice();
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(own);
  } catch (cause) {
    throw check.error("header", "UTF-8", "bytes that are not", cause);
  }
}

function parseMetadata(check: FormatCheck, value: HeaderValue): ReadonlyMap<string, string> {
  // some writers have this in place of nothing, and the format's own reader takes it so
  if (value === null) return new Map();
  if (!(value instanceof Map)) throw check.error(METADATA_NAME, "an object of strings", describe(value));
  for (const [key, text] of value) {
    if (typeof text !== "string") throw check.error(`${METADATA_NAME}: ${quote(key)}`, "a string", describe(text));
  }
  return value;
}

function parseEntry(check: FormatCheck, name: string, value: HeaderValue, aligned: boolean): SafetensorsEntry {
  const tensor = `tensor ${quote(name)}`;
  if (!(value instanceof Map)) throw check.error(tensor, "an object", describe(value));
  const fields: ReadonlyMap<string, HeaderValue> = value;
  // fields with other names say something to others, and are left alone, as the format's own reader does
  const dtype = parseType(check, `${tensor}: dtype`, fields.get("dtype"));
  const type = TYPES.get(dtype);
  const shape = parseNumbers(check, `${tensor}: shape`, fields.get("shape"));
  const offsets = parseNumbers(check, `${tensor}: data_offsets`, fields.get("data_offsets"));
  const [begin, end] = offsets;
  if (begin === undefined || end === undefined || offsets.length !== 2 || begin > end) {
    throw check.error(`${tensor}: data_offsets`, "a beginning and an end not before it", quoteShape(offsets));
  }
  // a fraction of a byte is exact here, and no number of bytes is one
  const size = type ? elementBytes(type) : (OTHER_TYPES.get(dtype) as number) / 8;
  const bytes = check.byteCount(`${tensor}: shape`, shape, size);
  if (end - begin !== bytes) {
    const expected = `${bytes} bytes for ${dtype} ${quoteShape(shape)}`;
    throw check.error(`${tensor}: data_offsets`, expected, `${end - begin}`);
  }
  if (aligned && type && bytes > 0 && begin % size !== 0) {
    throw check.error(`${tensor}: data_offsets`, `a beginning that ${size} divides`, `${begin}`);
  }
  return { type, dtype, shape, begin, end };
}

function parseType(check: FormatCheck, field: string, value: HeaderValue | undefined): string {
  if (typeof value === "string" && (TYPES.has(value) || OTHER_TYPES.has(value))) return value;
  throw check.error(field, `one of ${[...TYPES.keys()].join(", ")}`, describe(value));
}

function parseNumbers(check: FormatCheck, field: string, value: HeaderValue | undefined): readonly number[] {
  if (!Array.isArray(value)) throw check.error(field, "a list of whole numbers", describe(value));
  for (const item of value) {
    if (typeof item !== "number") throw check.error(field, "whole numbers from 0 to 2⁵³ − 1", describe(item));
  }
  return value as readonly number[];
}

/** Checks that the data has neither holes nor overlaps. Returns how many bytes there are. */
function checkContiguous(check: FormatCheck, entries: readonly (readonly [string, SafetensorsEntry])[]): number {
  let end = 0;
  for (const [name, entry] of entries) {
    if (entry.begin !== end) {
      const problem = entry.begin > end ? "a hole before it" : "an overlap with the one before it";
      throw check.error(`tensor ${quote(name)}: data_offsets`, `to begin at ${end}`, `${entry.begin}: ${problem}`);
    }
    end = entry.end;
  }
  return end;
}

function describe(value: HeaderValue | undefined): string {
  if (value === undefined) return "nothing";
  if (typeof value === "string") return quote(value);
  if (typeof value !== "object" || value === null) return String(value);
  if (value instanceof OtherNumber) return value.text.slice(0, 60);
  return Array.isArray(value) ? "a list" : "an object";
}
