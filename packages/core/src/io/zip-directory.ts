// The central directory of a zip file (PKWARE's APPNOTE 6.3.10, §4.3), zip64 included. Strict about places and sizes:
// nothing stands before or between the entries, and behind them only what the format has there.

import { type ByteSource, readExactly } from "./byte-source.js";
import { type FormatCheck, quote } from "./format-check.js";
import { readZipEnd } from "./zip-end.js";
import { findExtra, hexadecimal, viewOf, wholeNumber, ZIP64_FIELD } from "./zip-numbers.js";

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

/** What the records begin with. */
export const LOCAL_SIGNATURE = 0x04034b50;
export const ENTRY_SIGNATURE = 0x02014b50;

const IN_ZIP64 = 0xffffffff;

/** Whether an entry, by its name, is one that is going to be read. */
type IsWanted = (name: string) => boolean;

/**
 * Reads and checks the directory. Entries that are not wanted are left out, whatever they are stored by; only their places
 * are checked.
 *
 * @returns the entries in the order of their data
 */
export async function readZipDirectory(
  check: FormatCheck,
  source: ByteSource,
  isWanted: IsWanted,
): Promise<ZipEntry[]> {
  const { count, start, bytes } = await readZipEnd(check, source);
  const directory = await readExactly(check, source, "central directory", start, bytes);
  const entries: ZipEntry[] = [];
  let position = 0;
  for (let i = 0; i < count; i++) {
    const { entry, length } = parseEntry(check, `entry ${i}`, directory.subarray(position), isWanted);
    entries.push(entry);
    position += length;
  }
  if (position !== bytes) throw check.error("central directory", `${position} bytes for ${count} entries`, `${bytes}`);
  return checkLayout(check, entries, start).filter(({ name }) => isWanted(name));
}

function parseEntry(check: FormatCheck, field: string, bytes: Uint8Array, isWanted: IsWanted) {
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
  const name = decodeName(check, field, nameBytes, (flags & UTF8_NAME) !== 0, isWanted);
  const extra = bytes.subarray(ENTRY_BYTES + nameLength, ENTRY_BYTES + nameLength + extraLength);
  const numbers = withZip64(check, `entry ${quote(name)}`, { size, storedSize, offset, disk }, extra);
  const entry = { name, nameBytes, flags, method, crc, ...numbers, end: 0 };
  if (isWanted(name)) checkEntry(check, `entry ${quote(name)}`, entry);
  return { entry, length };
}

/** The numbers of an entry: those that do not fit are in its field for zip64, in this order (APPNOTE §4.5.3). */
function withZip64(
  check: FormatCheck,
  field: string,
  { disk, ...numbers }: { size: number; storedSize: number; offset: number; disk: number },
  extra: Uint8Array,
) {
  const found = findExtra(extra, ZIP64_FIELD);
  let position = 0;
  for (const name of ["size", "storedSize", "offset"] as const) {
    if (numbers[name] !== IN_ZIP64) continue;
    if (!found || position + 8 > found.length) {
      throw check.error(`${field}: zip64`, "a field with the sizes that do not fit", "none");
    }
    numbers[name] = wholeNumber(check, `${field}: zip64`, viewOf(found).getBigUint64(position, true));
    position += 8;
  }
  const inField = disk === 0xffff && found && position + 4 <= found.length;
  const part = inField ? viewOf(found).getUint32(position, true) : disk;
  if (part !== 0) throw check.error(field, "a file of one part", `part ${part}`);
  return numbers;
}

function checkEntry(check: FormatCheck, field: string, entry: ZipEntry): void {
  if (entry.flags & 1) throw check.error(`${field}: flags`, "an entry that is not encrypted", `${entry.flags}`);
  if (entry.flags & ~KNOWN_FLAGS) throw check.error(`${field}: flags`, "none but 2, 4, 8 and 2048", `${entry.flags}`);
  if (entry.method !== STORED && entry.method !== DEFLATED) {
    throw check.error(`${field}: method`, `${STORED} (stored) or ${DEFLATED} (deflated)`, String(entry.method));
  }
  if (entry.method === STORED && entry.size !== entry.storedSize) {
    throw check.error(`${field}: size`, `the ${entry.storedSize} bytes that are stored`, String(entry.size));
  }
}

function decodeName(check: FormatCheck, field: string, bytes: Uint8Array, isUtf8: boolean, isWanted: IsWanted): string {
  try {
    const name = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes.slice());
    if (isUtf8 || bytes.every((byte) => byte < 128)) return name;
  } catch {
    // refused below
  }
  // in the code of old systems, whatever that was: no letter of the names that are wanted, but an ending may be one
  const name = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  if (!isWanted(name)) return name;
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
