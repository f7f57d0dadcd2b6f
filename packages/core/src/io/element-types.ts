// The element types that files hold, and how their bytes become numbers of JavaScript.

import type { FormatCheck } from "./format-check.js";
import { decodeBfloat16, decodeFloat16, roundBigIntegers } from "./number-formats.js";

/** Every element type that is read, with its size in bytes and the array that holds it as it is. */
const ELEMENT_TYPES = {
  bool: { bytes: 1, ArrayType: Uint8Array },
  uint8: { bytes: 1, ArrayType: Uint8Array },
  int8: { bytes: 1, ArrayType: Int8Array },
  uint16: { bytes: 2, ArrayType: Uint16Array },
  int16: { bytes: 2, ArrayType: Int16Array },
  uint32: { bytes: 4, ArrayType: Uint32Array },
  int32: { bytes: 4, ArrayType: Int32Array },
  uint64: { bytes: 8, ArrayType: BigUint64Array },
  int64: { bytes: 8, ArrayType: BigInt64Array },
  float16: { bytes: 2, ArrayType: Uint16Array },
  bfloat16: { bytes: 2, ArrayType: Uint16Array },
  float32: { bytes: 4, ArrayType: Float32Array },
  float64: { bytes: 8, ArrayType: Float64Array },
} as const;

/** The type of the elements in a file. */
export type ElementType = keyof typeof ELEMENT_TYPES;

/** Elements as the file has them: `bool` as 0 and 1, `float16` and `bfloat16` as their bits. */
export type ExactData = InstanceType<(typeof ELEMENT_TYPES)[ElementType]["ArrayType"]>;

/** An array of a file, as float32. What was read is a copy: it shares no memory with the file's bytes. */
export interface FileArray {
  readonly shape: readonly number[];
  /** Row-major. */
  readonly data: Float32Array;
}

/** An array to write as float64. */
export interface Float64FileArray {
  readonly shape: readonly number[];
  /** Row-major. */
  readonly data: Float64Array;
}

/** An array of a file, in its own element type. */
export interface ExactFileArray {
  readonly shape: readonly number[];
  readonly type: ElementType;
  /** Row-major. */
  readonly data: ExactData;
}

/** How elements lie in a file. */
export interface Encoding {
  readonly type: ElementType;
  readonly littleEndian: boolean;
}

const PLATFORM_IS_LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** Bytes of one element. */
export function elementBytes(type: ElementType): number {
  return ELEMENT_TYPES[type].bytes;
}

/**
 * The elements as they are, in memory of their own.
 *
 * @param field what errors call them: a `bool` that is neither 0 nor 1 is refused
 */
export function decodeExact(check: FormatCheck, field: string, bytes: Uint8Array, encoding: Encoding): ExactData {
  const { bytes: size, ArrayType } = ELEMENT_TYPES[encoding.type];
  const copy = new Uint8Array(bytes.length);
  copy.set(bytes);
  if (encoding.littleEndian !== PLATFORM_IS_LITTLE_ENDIAN) swapBytes(copy, size);
  if (encoding.type === "bool") {
    const wrong = copy.findIndex((value) => value > 1);
    if (wrong >= 0) throw check.error(`${field}: value ${wrong}`, "0 or 1", String(copy[wrong]));
  }
  return new ArrayType(copy.buffer);
}

/** The elements as float32: exact where float32 holds them, else the nearest of its values. */
export function decodeFloat32(check: FormatCheck, field: string, bytes: Uint8Array, encoding: Encoding): Float32Array {
  return toFloat32(decodeExact(check, field, bytes, encoding), encoding.type);
}

/** Exact elements as float32. */
export function toFloat32(data: ExactData, type: ElementType): Float32Array {
  if (data instanceof Float32Array) return data;
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) return roundBigIntegers(data);
  if (data instanceof Uint16Array && type === "float16") return decodeFloat16(data);
  if (data instanceof Uint16Array && type === "bfloat16") return decodeBfloat16(data);
  return Float32Array.from(data);
}

/** Values as little-endian bytes: a view of them where the platform is little-endian, as all common ones are. */
export function encodeFloats(data: Float32Array | Float64Array): Uint8Array {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (PLATFORM_IS_LITTLE_ENDIAN) return bytes;
  const copy = bytes.slice();
  swapBytes(copy, data.BYTES_PER_ELEMENT);
  return copy;
}

function swapBytes(bytes: Uint8Array, size: number): void {
  if (size === 1) return;
  for (let start = 0; start < bytes.length; start += size) bytes.subarray(start, start + size).reverse();
}
