// The end of a zip file, which says where its directory is: the record at the end, a comment behind it, and before it
// what zip64 adds (PKWARE's APPNOTE 6.3.10, §4.3.14 to §4.3.16).

import { type ByteSource, readExactly } from "./byte-source.js";
import type { FormatCheck } from "./format-check.js";
import { hexadecimal, viewOf, wholeNumber } from "./zip-numbers.js";

export const END_BYTES = 22;
export const END_SIGNATURE = 0x06054b50;

const LOCATOR_BYTES = 20;
const LOCATOR_SIGNATURE = 0x07064b50;
const END64_BYTES = 56;
const END64_SIGNATURE = 0x06064b50;
const LONGEST_COMMENT = 0xffff;

/** What a record leaves to zip64. */
const IN_ZIP64 = 0xffffffff;

/** Where the directory is. */
export interface ZipEnd {
  /** How many entries it has. */
  readonly count: number;
  readonly start: number;
  readonly bytes: number;
}

/** Finds the end of the file, and where the directory is: right in front of that. */
export async function readZipEnd(check: FormatCheck, source: ByteSource): Promise<ZipEnd> {
  const size = source.size ?? 0;
  if (size < END_BYTES) throw check.error("size", `at least the ${END_BYTES} bytes of an empty zip file`, `${size}`);
  const { view, at } = await findEnd(check, source, size);
  const [disk, directoryDisk, countHere, count] = [4, 6, 8, 10].map((offset) => view.getUint16(offset, true));
  const [bytes, start] = [view.getUint32(12, true), view.getUint32(16, true)];
  const end64 = await readEnd64(check, source, at);
  const inZip64 = count === 0xffff || bytes === IN_ZIP64 || start === IN_ZIP64;
  if (inZip64 && end64) return end64;
  if (disk !== 0 || directoryDisk !== 0 || countHere !== count || count === undefined) {
    throw check.error("end of central directory", "a file of one part", `parts ${disk} and ${directoryDisk}`);
  }
  // some writers have zip64's records in any file
  const end = { count, start, bytes };
  checkPlace(check, end, end64?.at ?? at);
  return end;
}

function checkPlace(check: FormatCheck, { start, bytes }: ZipEnd, end: number): void {
  if (start + bytes !== end) throw check.error("central directory", `its end at ${end}`, `${start} + ${bytes}`);
}

/** The last record that a comment follows which ends where the file does. */
async function findEnd(check: FormatCheck, source: ByteSource, size: number) {
  const last = viewOf(await readExactly(check, source, "end of central directory", size - END_BYTES, END_BYTES));
  if (last.getUint32(0, true) === END_SIGNATURE && last.getUint16(20, true) === 0) {
    return { view: last, at: size - END_BYTES };
  }
  const from = Math.max(0, size - END_BYTES - LONGEST_COMMENT);
  const bytes = viewOf(await readExactly(check, source, "end of central directory", from, size - from));
  for (let at = bytes.byteLength - END_BYTES; at >= 0; at--) {
    const comment = bytes.byteLength - END_BYTES - at;
    if (bytes.getUint32(at, true) === END_SIGNATURE && bytes.getUint16(at + 20, true) === comment) {
      return { view: new DataView(bytes.buffer, bytes.byteOffset + at, END_BYTES), at: from + at };
    }
  }
  const found = hexadecimal(last.getUint32(0, true));
  throw check.error("end of central directory", "it at the end, with no more than its comment behind it", found);
}

/** Zip64's own end and where it begins; undefined where there is none in front of the other. */
async function readEnd64(
  check: FormatCheck,
  source: ByteSource,
  end: number,
): Promise<(ZipEnd & { at: number }) | undefined> {
  const field = "end of central directory in zip64";
  if (end < END64_BYTES + LOCATOR_BYTES) return undefined;
  const locator = viewOf(await readExactly(check, source, field, end - LOCATOR_BYTES, LOCATOR_BYTES));
  if (locator.getUint32(0, true) !== LOCATOR_SIGNATURE) return undefined;
  const at = wholeNumber(check, field, locator.getBigUint64(8, true));
  if (at > end - LOCATOR_BYTES - END64_BYTES) {
    throw check.error(field, `its beginning at ${end - LOCATOR_BYTES - END64_BYTES} or before`, String(at));
  }
  const view = viewOf(await readExactly(check, source, field, at, END64_BYTES));
  if (view.getUint32(0, true) !== END64_SIGNATURE) {
    throw check.error(field, hexadecimal(END64_SIGNATURE), hexadecimal(view.getUint32(0, true)));
  }
  const [length, countHere, count, bytes, start] = [4, 24, 32, 40, 48].map((offset) =>
    wholeNumber(check, field, view.getBigUint64(offset, true)),
  ) as [number, number, number, number, number];
  if (at + 12 + length !== end - LOCATOR_BYTES) {
    throw check.error(field, `its end at ${end - LOCATOR_BYTES}`, String(at + 12 + length));
  }
  const parts = [view.getUint32(16, true), view.getUint32(20, true)];
  if (parts.some((part) => part !== 0) || countHere !== count) {
    throw check.error(field, "a file of one part", `parts ${parts.join(" and ")}`);
  }
  checkPlace(check, { count, start, bytes }, at);
  return { count, start, bytes, at };
}
