// The central directory of a zip file (PKWARE's APPNOTE 6.3.10, §4.3), as strict as the files of NumPy allow: nothing
// before, between and behind its entries. Zip64, which begins at 4 GiB or 65,535 entries, is refused.

import { type ByteSource, readExactly } from "./byte-source.js";
import { type FormatCheck, quote } from "./format-check.js";

/** What the directory says of one entry. */
export interface ZipEntry {
  readonly name: string;
  readonly nameBytes: Uint8Array;
  readonly flags: number;
  readonly method: number;
  readonly crc: number;
  /** Bytes in the file, and bytes that they become. */
  readonly storedSize: number;
  readonly size: number;
  /** Where the entry's own header begins, and where the next entry or the directory does. */
  readonly offset: number;
  readonly end: number;
}

/** Ways of storing: as it is, and deflated. */
export const STORED = 0;
export const DEFLATED = 8;

/** Flags: sizes that follow the data; a name in UTF-8. */
export const SIZES_FOLLOW = 8;
export const UTF8_NAME = 0x800;

/** Those two, and the two in which a compressor says how hard it tried. */
const KNOWN_FLAGS = SIZES_FOLLOW | UTF8_NAME | 6;

/** Sizes of the records, without what varies. */
export const LOCAL_BYTES = 30;
export const ENTRY_BYTES = 46;
export const END_BYTES = 22;

/** What the records begin with. */
export const LOCAL_SIGNATURE = 0x04034b50;
export const ENTRY_SIGNATURE = 0x02014b50;
export const END_SIGNATURE = 0x06054b50;

const IN_ZIP64 = 0xffffffff;

/** Reads and checks the directory. The entries are in the order of their data. */
export async function readZipDirectory(check: FormatCheck, source: ByteSource): Promise<ZipEntry[]> {
  const size = source.size ?? 0;
  const { count, start, bytes } = await readEnd(check, source, size);
  const directory = await readExactly(check, source, "central directory", start, bytes);
  const entries: ZipEntry[] = [];
  let position = 0;
  for (let i = 0; i < count; i++) {
    const { entry, length } = parseEntry(check, `entry ${i}`, directory.subarray(position));
    entries.push(entry);
    position += length;
  }
  if (position !== bytes) throw check.error("central directory", `${position} bytes for ${count} entries`, `${bytes}`);
  return checkLayout(check, entries, start);
}

/** The record at the end, which says where the directory is. */
async function readEnd(check: FormatCheck, source: ByteSource, size: number) {
  if (size < END_BYTES) throw check.error("size", `at least the ${END_BYTES} bytes of an empty zip file`, `${size}`);
  const end = viewOf(await readExactly(check, source, "end of central directory", size - END_BYTES, END_BYTES));
  const signature = end.getUint32(0, true);
  if (signature !== END_SIGNATURE || end.getUint16(20, true) !== 0) {
    throw check.error("end of central directory", "it in the last 22 bytes, without a comment", hexadecimal(signature));
  }
  const [disk, directoryDisk, countHere, count] = [4, 6, 8, 10].map((offset) => end.getUint16(offset, true));
  const [bytes, start] = [end.getUint32(12, true), end.getUint32(16, true)];
  if (count === 0xffff || bytes === IN_ZIP64 || start === IN_ZIP64) {
    throw check.error("end of central directory", "a file below 4 GiB and 65,535 entries", "zip64, which is not read");
  }
  if (disk !== 0 || directoryDisk !== 0 || countHere !== count || count === undefined) {
    throw check.error("end of central directory", "a file of one part", `parts ${disk} and ${directoryDisk}`);
  }
  if (start + bytes !== size - END_BYTES) {
    throw check.error("central directory", `its end at ${size - END_BYTES}`, `${start} + ${bytes}`);
  }
  return { count, start, bytes };
}

function parseEntry(check: FormatCheck, field: string, bytes: Uint8Array) {
  if (bytes.length < ENTRY_BYTES) throw check.error(field, `${ENTRY_BYTES} bytes`, String(bytes.length));
  const view = viewOf(bytes);
  const signature = view.getUint32(0, true);
  if (signature !== ENTRY_SIGNATURE) throw check.error(field, hexadecimal(ENTRY_SIGNATURE), hexadecimal(signature));
  const [flags, method] = [view.getUint16(8, true), view.getUint16(10, true)];
  const [crc, storedSize, size, offset] = [16, 20, 24, 42].map((at) => view.getUint32(at, true)) as [
    number,
    number,
    number,
    number,
  ];
  const [nameLength, extraLength, commentLength, disk] = [28, 30, 32, 34].map((at) => view.getUint16(at, true)) as [
    number,
    number,
    number,
    number,
  ];
  const length = ENTRY_BYTES + nameLength + extraLength + commentLength;
  if (bytes.length < length) throw check.error(field, `${length} bytes`, String(bytes.length));
  const nameBytes = bytes.subarray(ENTRY_BYTES, ENTRY_BYTES + nameLength);
  const name = decodeName(check, field, nameBytes, (flags & UTF8_NAME) !== 0);
  const entry = { name, nameBytes, flags, method, crc, storedSize, size, offset, end: 0 };
  checkEntry(check, `entry ${quote(name)}`, entry, disk);
  return { entry, length };
}

function checkEntry(check: FormatCheck, field: string, entry: ZipEntry, disk: number): void {
  if ([entry.storedSize, entry.size, entry.offset].includes(IN_ZIP64)) {
    throw check.error(field, "an entry below 4 GiB", "zip64, which is not read");
  }
  if (disk !== 0) throw check.error(field, "a file of one part", `part ${disk}`);
  if (entry.flags & 1) throw check.error(`${field}: flags`, "an entry that is not encrypted", `${entry.flags}`);
  if (entry.flags & ~KNOWN_FLAGS) throw check.error(`${field}: flags`, "none but 2, 4, 8 and 2048", `${entry.flags}`);
  if (entry.method !== STORED && entry.method !== DEFLATED) {
    throw check.error(`${field}: method`, `${STORED} (stored) or ${DEFLATED} (deflated)`, String(entry.method));
  }
  if (entry.method === STORED && entry.size !== entry.storedSize) {
    throw check.error(`${field}: size`, `the ${entry.storedSize} bytes that are stored`, String(entry.size));
  }
}

function decodeName(check: FormatCheck, field: string, bytes: Uint8Array, isUtf8: boolean): string {
  try {
    const name = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes.slice());
    if (isUtf8 || bytes.every((byte) => byte < 128)) return name;
  } catch {
    // refused below
  }
  throw check.error(`${field}: name`, "UTF-8 that says so, or ASCII", "other bytes");
}

/** Checks that the entries fill the file up to the directory: what can be known without their own headers. */
function checkLayout(check: FormatCheck, entries: readonly ZipEntry[], directoryStart: number): ZipEntry[] {
  const sorted = [...entries].sort((a, b) => a.offset - b.offset);
  const first = sorted[0]?.offset ?? directoryStart;
  if (first !== 0) throw check.error("data", "the first entry, or the directory, at the beginning", `it at ${first}`);
  const names = new Set<string>();
  return sorted.map((entry, i) => {
    const end = sorted[i + 1]?.offset ?? directoryStart;
    const least = entry.offset + LOCAL_BYTES + entry.nameBytes.length + entry.storedSize;
    const field = `entry ${quote(entry.name)}`;
    if (least > end) throw check.error(field, `its end at ${least} or later`, `what follows it at ${end}`);
    if (names.has(entry.name)) throw check.error(field, "each name once", "it again");
    names.add(entry.name);
    return { ...entry, end };
  });
}

/** The numbers in bytes. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** A signature, as those who know the format know it. */
export function hexadecimal(signature: number): string {
  return `0x${signature.toString(16).padStart(8, "0")}`;
}
