// One entry of a zip file: its own header, which must say what the directory says, and its data.

import { type ByteSource, readExactly } from "./byte-source.js";
import { inflate } from "./compression.js";
import { crc32 } from "./crc32.js";
import type { FormatCheck } from "./format-check.js";
import { LOCAL_BYTES, LOCAL_SIGNATURE, SIZES_FOLLOW, STORED, type ZipEntry } from "./zip-directory.js";
import { findExtra, hexadecimal, viewOf, ZIP64_FIELD } from "./zip-numbers.js";

/** In place of a size: it is in the field that zip64 adds. Python writes such headers for files of any size. */
const IN_ZIP64 = 0xffffffff;

/** Bytes that may follow data whose sizes do: with and without a signature, with sizes of 4 and of 8 bytes. */
const DESCRIPTOR_BYTES = [12, 16, 20, 24];

/** Reads an entry's data, inflates it where it is deflated, and checks its length and its checksum. */
export async function readZipEntry(check: FormatCheck, source: ByteSource, entry: ZipEntry): Promise<Uint8Array> {
  const header = await readExactly(check, source, "local header", entry.offset, LOCAL_BYTES);
  const view = viewOf(header);
  const nameLength = view.getUint16(26, true);
  const restLength = nameLength + view.getUint16(28, true);
  const rest = await readExactly(check, source, "local header", entry.offset + LOCAL_BYTES, restLength);
  checkLocalHeader(check, view, rest.subarray(0, nameLength), rest.subarray(nameLength), entry);
  const start = entry.offset + LOCAL_BYTES + restLength;
  const gap = entry.end - start - entry.storedSize;
  const gaps = entry.flags & SIZES_FOLLOW ? DESCRIPTOR_BYTES : [0];
  if (!gaps.includes(gap)) throw check.error("data", `${gaps.join(" or ")} bytes behind it`, String(gap));
  const stored = await readExactly(check, source, "data", start, entry.storedSize);
  if (entry.method !== STORED) return inflate(check, stored, entry);
  const crc = crc32(stored);
  if (crc !== entry.crc) throw check.error("CRC-32", hexadecimal(entry.crc), hexadecimal(crc));
  return stored;
}

function checkLocalHeader(
  check: FormatCheck,
  view: DataView,
  name: Uint8Array,
  extra: Uint8Array,
  entry: ZipEntry,
): void {
  const same = (what: string, expected: number, found: number) => {
    if (found !== expected) throw check.error(`local header: ${what}`, String(expected), String(found));
  };
  same("signature", LOCAL_SIGNATURE, view.getUint32(0, true));
  same("flags", entry.flags, view.getUint16(6, true));
  same("method", entry.method, view.getUint16(8, true));
  if (name.length !== entry.nameBytes.length || name.some((byte, i) => byte !== entry.nameBytes[i])) {
    throw check.error("local header: name", "that in the directory", "another");
  }
  const [crc, storedSize, size] = [14, 18, 22].map((offset) => view.getUint32(offset, true)) as [
    number,
    number,
    number,
  ];
  if (entry.flags & SIZES_FOLLOW) return;
  same("CRC-32", entry.crc, crc);
  if (storedSize === IN_ZIP64 && size === IN_ZIP64) {
    const sizes = findZip64Sizes(extra);
    same("size in zip64", entry.size, sizes?.size ?? -1);
    same("stored size in zip64", entry.storedSize, sizes?.storedSize ?? -1);
  } else {
    same("stored size", entry.storedSize, storedSize);
    same("size", entry.size, size);
  }
}

function findZip64Sizes(extra: Uint8Array): { readonly size: number; readonly storedSize: number } | undefined {
  const field = findExtra(extra, ZIP64_FIELD);
  if (!field || field.length < 16) return undefined;
  const view = viewOf(field);
  return { size: Number(view.getBigUint64(0, true)), storedSize: Number(view.getBigUint64(8, true)) };
}
