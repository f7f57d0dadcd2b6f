// IDX files of every element type, gzipped or not: the format that MNIST comes in
// (http://yann.lecun.com/exdb/mnist). Two zero bytes, the element type, the number of axes, their sizes as 32-bit
// numbers, and the values, all big-endian.

import { ArgumentError, ShapeError } from "../errors.js";
import { checkShape, formatShape, sizeOf } from "../shape.js";
import {
  type ByteSource,
  type FileInput,
  fromBytes,
  type ReadOptions,
  readExactly,
  readName,
  readWhole,
  toByteSource,
} from "./byte-source.js";
import { concatBytes } from "./bytes.js";
import { gunzip, isGzipped } from "./compression.js";
import {
  decodeExact,
  type ElementType,
  type ExactFileArray,
  elementBytes,
  type FileArray,
  toFloat32,
} from "./element-types.js";
import { FormatCheck } from "./format-check.js";

const TYPES: ReadonlyMap<number, ElementType> = new Map([
  [0x08, "uint8"],
  [0x09, "int8"],
  [0x0b, "int16"],
  [0x0c, "int32"],
  [0x0d, "float32"],
  [0x0e, "float64"],
]);

/** The longest header: 255 axes. */
const LONGEST_HEADER = 4 + 4 * 255;

/** What a header says. */
interface IdxHeader {
  readonly type: ElementType;
  readonly shape: readonly number[];
  readonly dataStart: number;
  readonly dataBytes: number;
}

/**
 * Reads an IDX file, gzipped or not, as float32. Of float64 and of the larger 32-bit integers, what float32 cannot hold
 * becomes the nearest that it can, ties to even; beyond its range ±Infinity. A gzipped file is inflated no further than
 * its header says it goes.
 *
 * @throws FileFormatError that names the file, the field, what was expected and what was found
 */
export async function readIdx(input: FileInput, options: ReadOptions = {}): Promise<FileArray> {
  const { shape, type, data } = await read("readIdx", input, options);
  return { shape, data: toFloat32(data, type) };
}

/** Reads an IDX file in its own element type: images and labels as bytes. Otherwise as `readIdx`. */
export async function readIdxExact(input: FileInput, options: ReadOptions = {}): Promise<ExactFileArray> {
  return read("readIdxExact", input, options);
}

async function read(where: string, input: FileInput, options: ReadOptions): Promise<ExactFileArray> {
  const check = new FormatCheck(where, readName(where, input, options, "IDX file"));
  const source = toByteSource(check, input);
  try {
    const start = await readExactly(check, source, "header", 0, 4);
    if (!isGzipped(start)) return await readPlain(check, source);
    return await readPlain(check, fromBytes(await inflateIdx(check, await readWhole(check, source))));
  } finally {
    await source.close();
  }
}

/** Inflates the header, then as many bytes as that says: a file of a few kilobytes cannot take all memory. */
async function inflateIdx(check: FormatCheck, gzipped: Uint8Array): Promise<Uint8Array> {
  const beginning = await gunzip(check, "gzip", gzipped, LONGEST_HEADER);
  if (beginning.isWhole) return beginning.bytes;
  const { dataStart, dataBytes } = await readHeader(check, fromBytes(beginning.bytes));
  const { bytes, isWhole } = await gunzip(check, "gzip", gzipped, dataStart + dataBytes);
  if (!isWhole) throw check.error("size", `${dataStart + dataBytes} bytes by its header`, "more");
  return bytes;
}

async function readPlain(check: FormatCheck, source: ByteSource): Promise<ExactFileArray> {
  const { type, shape, dataStart, dataBytes } = await readHeader(check, source);
  const whole = dataStart + dataBytes;
  if (source.size !== undefined && source.size !== whole) {
    throw check.error("size", `${whole} bytes by its header`, String(source.size));
  }
  const bytes = await readExactly(check, source, "data", dataStart, dataBytes);
  if (!(await source.endsAt(whole))) throw check.error("size", `${whole} bytes by its header`, "more");
  return { shape, type, data: decodeExact(check, "data", bytes, { type, littleEndian: false }) };
}

async function readHeader(check: FormatCheck, source: ByteSource): Promise<IdxHeader> {
  const [first, second, code = 0, rank = 0] = await readExactly(check, source, "header", 0, 4);
  if (first !== 0 || second !== 0) throw check.error("magic", "two zero bytes", `${first} and ${second}`);
  const type = TYPES.get(code);
  if (type === undefined) throw check.error("type", `one of ${[...TYPES.keys()].join(", ")}`, String(code));
  const sizes = await readExactly(check, source, "sizes", 4, 4 * rank);
  const view = new DataView(sizes.buffer, sizes.byteOffset, sizes.byteLength);
  const shape = Array.from({ length: rank }, (_, axis) => view.getUint32(4 * axis));
  return { type, shape, dataStart: 4 + 4 * rank, dataBytes: check.byteCount("sizes", shape, elementBytes(type)) };
}

/**
 * An IDX file of unsigned bytes, as MNIST's are.
 *
 * @throws ShapeError where the bytes do not fill the shape; ArgumentError for more than 255 axes or a size beyond 2³² − 1
 */
export function writeIdx({
  shape,
  data,
}: {
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}): Uint8Array {
  checkShape("writeIdx", shape);
  if (sizeOf(shape) !== data.length) {
    throw new ShapeError("writeIdx", `${data.length} bytes do not fill ${formatShape(shape)}`);
  }
  if (shape.length > 255 || shape.some((extent) => extent >= 2 ** 32)) {
    throw new ArgumentError("writeIdx", `${formatShape(shape)} has too many axes, or one that is too long`);
  }
  const header = new DataView(new ArrayBuffer(4 + 4 * shape.length));
  header.setUint8(2, 0x08);
  header.setUint8(3, shape.length);
  for (const [axis, extent] of shape.entries()) header.setUint32(4 + 4 * axis, extent);
  return concatBytes([new Uint8Array(header.buffer), data]);
}
