// Numbers and fields of zip files.

import type { FormatCheck } from "./format-check.js";

/** The extra field with the numbers that do not fit in 32 bits. */
export const ZIP64_FIELD = 1;

/** The data of an extra field; undefined where there is none. */
export function findExtra(extra: Uint8Array, wanted: number): Uint8Array | undefined {
  const view = viewOf(extra);
  let position = 0;
  while (position + 4 <= extra.length) {
    const [field, length] = [view.getUint16(position, true), view.getUint16(position + 2, true)];
    position += 4;
    if (field === wanted && position + length <= extra.length) return extra.subarray(position, position + length);
    position += length;
  }
  return undefined;
}

/** A number of 64 bits. */
export function wholeNumber(check: FormatCheck, field: string, value: bigint): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw check.error(field, "a number below 2⁵³", String(value));
  return Number(value);
}

/** The numbers in bytes. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** A signature, as those who know the format know it. */
export function hexadecimal(signature: number): string {
  return `0x${signature.toString(16).padStart(8, "0")}`;
}
