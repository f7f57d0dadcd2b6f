// NumPy's .npy files: one array each.

import { ShapeError } from "../errors.js";
import { checkShape, formatShape, sizeOf } from "../shape.js";
import {
  type ByteSource,
  type FileInput,
  type ReadOptions,
  readExactly,
  readName,
  toByteSource,
} from "./byte-source.js";
import { concatBytes } from "./bytes.js";
import {
  decodeExact,
  type ExactFileArray,
  elementBytes,
  encodeFloats,
  type FileArray,
  toFloat32,
} from "./element-types.js";
import { FormatCheck } from "./format-check.js";
import { LONGEST_NPY_HEADER, NPY_MAGIC, readNpyHeader } from "./npy-header.js";

/** NumPy lets the data begin at a multiple of this. */
const ALIGNMENT = 64;

/**
 * Reads an .npy file as float32, row-major: versions 1.0 to 3.0, either order of bytes, either order of axes. Types:
 * b1, u1 to u8, i1 to i8, f2, f4, f8. What float32 cannot hold becomes the nearest that it can, ties to even; beyond
 * its range ±Infinity.
 *
 * @throws FileFormatError that names the file, the field, what was expected and what was found
 */
export async function readNpy(input: FileInput, options: ReadOptions = {}): Promise<FileArray> {
  const { shape, type, data } = await read("readNpy", input, options);
  return { shape, data: toFloat32(data, type) };
}

/** Reads an .npy file in its own element type, row-major. Otherwise as `readNpy`. */
export async function readNpyExact(input: FileInput, options: ReadOptions = {}): Promise<ExactFileArray> {
  return read("readNpyExact", input, options);
}

async function read(where: string, input: FileInput, options: ReadOptions): Promise<ExactFileArray> {
  const check = new FormatCheck(where, readName(where, input, options, "npy file"));
  const source = toByteSource(check, input);
  try {
    return await readNpySource(check, source);
  } finally {
    await source.close();
  }
}

/** The array of a source that is an .npy file from its first byte to its last. */
export async function readNpySource(check: FormatCheck, source: ByteSource): Promise<ExactFileArray> {
  const header = await readNpyHeader(check, source);
  const { shape, type, dataStart, dataBytes } = header;
  const whole = dataStart + dataBytes;
  if (source.size !== undefined && source.size !== whole) {
    throw check.error("size", `${whole} bytes by its header`, String(source.size));
  }
  const bytes = await readExactly(check, source, "data", dataStart, dataBytes);
  if (!(await source.endsAt(whole))) throw check.error("size", `${whole} bytes by its header`, "more");
  const ordered = header.fortranOrder ? toRowMajor(bytes, shape, elementBytes(type)) : bytes;
  return { shape, type, data: decodeExact(check, "data", ordered, header) };
}

/** Elements of `size` bytes, of which those along the first axis lie side by side, in the order of rows. */
function toRowMajor(bytes: Uint8Array, shape: readonly number[], size: number): Uint8Array {
  const rows = new Uint8Array(bytes.length);
  // axes of one step move nothing, and a file may have thousands of them
  const extents = shape.filter((extent) => extent !== 1);
  const strides = extents.map((_, axis) => size * sizeOf(extents.slice(0, axis)));
  const index = extents.map(() => 0);
  let from = 0;
  for (let to = 0; to < bytes.length; to += size) {
    for (let byte = 0; byte < size; byte++) rows[to + byte] = bytes[from + byte] as number;
    for (let axis = extents.length - 1; axis >= 0; axis--) {
      const [extent, stride] = [extents[axis] as number, strides[axis] as number];
      index[axis] = (index[axis] as number) + 1;
      from += stride;
      if ((index[axis] as number) < extent) break;
      index[axis] = 0;
      from -= stride * extent;
    }
  }
  return rows;
}

/**
 * An .npy file (version 1.0) of a float32 array, row-major, little-endian.
 *
 * @throws ShapeError where the values do not fill the shape, or it has so many axes that NumPy would not read it
 */
export function writeNpy(array: FileArray): Uint8Array {
  return concatBytes(npyChunks("writeNpy", array));
}

/** The same file in two pieces: the header, and the array's own memory. */
export function npyChunks(where: string, { shape, data }: FileArray): Uint8Array[] {
  checkShape(where, shape);
  if (sizeOf(shape) !== data.length) {
    throw new ShapeError(where, `${data.length} values do not fill ${formatShape(shape)}`);
  }
  const tuple = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const text = `{'descr': '<f4', 'fortran_order': False, 'shape': (${tuple}), }`;
  const start = NPY_MAGIC.length + 4;
  // with the line end
  const length = Math.ceil((start + text.length + 1) / ALIGNMENT) * ALIGNMENT - start;
  if (length > LONGEST_NPY_HEADER) throw new ShapeError(where, `${shape.length} axes are more than NumPy reads`);
  const header = Uint8Array.from([...NPY_MAGIC, 1, 0, length & 255, length >> 8]);
  return [header, new TextEncoder().encode(`${text.padEnd(length - 1)}\n`), encodeFloats(data)];
}
