// The IDX format that MNIST comes in (http://yann.lecun.com/exdb/mnist): two zero bytes, the element type, the number
// of axes, their sizes as big-endian 32-bit numbers, and the values.

import { DataError } from "../errors.js";
import { formatShape, type Shape, sizeOf } from "../shape.js";

/** An array of bytes, as an IDX file holds it. */
export interface IdxArray {
  readonly shape: Shape;
  /** Row-major; a view of the bytes that were parsed. */
  readonly data: Uint8Array;
}

const UNSIGNED_BYTE = 0x08;

/**
 * Reads an IDX file of unsigned bytes from memory (not gzipped).
 *
 * @param bytes the whole file
 * @param name what error messages call it
 * @throws DataError that names the field, what was expected and what was found
 */
export function parseIdx(bytes: Uint8Array, name = "IDX data"): IdxArray {
  const refuse = (problem: string): never => {
    throw new DataError("parseIdx", `${name}: ${problem}`);
  };
  if (bytes.length < 4) refuse(`expected a header of at least 4 bytes, found ${bytes.length}`);
  const [first, second, type, rank = 0] = bytes;
  if (first === 0x1f && second === 0x8b) refuse("is gzipped; decompress it first");
  if (first !== 0 || second !== 0) refuse(`magic: expected two zero bytes, found ${first} and ${second}`);
  if (type !== UNSIGNED_BYTE) refuse(`type: expected 8 (unsigned bytes), found ${type}`);
  const header = 4 + 4 * rank;
  if (bytes.length < header)
    refuse(`expected ${rank} sizes in a header of ${header} bytes, found ${bytes.length} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const shape = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
  if (bytes.length !== header + sizeOf(shape)) {
    refuse(`expected ${sizeOf(shape)} values for ${formatShape(shape)}, found ${bytes.length - header}`);
  }
  return { shape, data: bytes.subarray(header) };
}
