// Deflate by the platform's own streams, never further than it was said to go.

import { concatBytes } from "./bytes.js";
import type { FormatCheck } from "./format-check.js";

/** How many bytes one byte of deflated data can become: 258 bytes for two bits (RFC 1951). */
export const MOST_INFLATED_PER_BYTE = 1032;

/** How much is inflated before one looks how much it has become. */
const PIECE = 16_384;

/** What a gzip file begins with that says nothing: no name, no time, an unknown system (RFC 1952). */
const GZIP_HEADER = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];

/** Whether bytes begin as gzip does. */
export function isGzipped(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** What was inflated, and whether that is all. */
interface Inflated {
  readonly bytes: Uint8Array;
  readonly isWhole: boolean;
}

/** How many places that only look like the beginning of a member are tried before a file is refused. */
const MOST_TRIES = 100;

/**
 * Inflates a gzip file, of one member or of several (RFC 1952, §2.2), with zeros behind the last or not; and stops where
 * it has become longer than `limit` bytes.
 *
 * @throws FileFormatError where the data, its checksum or its length is wrong, or anything else follows
 */
export async function gunzip(check: FormatCheck, field: string, gzipped: Uint8Array, limit: number): Promise<Inflated> {
  try {
    return await gunzipMember(check, field, gzipped, limit);
  } catch (error) {
    const several = await gunzipMembers(check, field, gzipped, limit);
    if (several) return several;
    throw error;
  }
}

/**
 * Several members, or one with zeros behind it. Browsers' streams refuse those, and none says where a member ends: so
 * each is tried up to every place where the next may begin or the zeros may.
 *
 * @returns undefined where that is not what the file is
 */
async function gunzipMembers(
  check: FormatCheck,
  field: string,
  gzipped: Uint8Array,
  limit: number,
): Promise<Inflated | undefined> {
  const ends = memberEnds(gzipped);
  const pieces: Uint8Array[] = [];
  let [start, size, tries] = [0, 0, 0];
  for (const end of ends) {
    // a member is no shorter than its header and its trailer
    if (end - start < GZIP_HEADER.length + 8) continue;
    if (tries++ > MOST_TRIES) return undefined;
    const member = await gunzipMember(check, field, gzipped.subarray(start, end), limit - size).catch(() => undefined);
    if (!member) continue;
    pieces.push(member.bytes);
    size += member.bytes.length;
    if (!member.isWhole) return { bytes: concatBytes(pieces), isWhole: false };
    [start, tries] = [end, 0];
    if (gzipped.subarray(end).every((byte) => byte === 0)) return { bytes: concatBytes(pieces), isWhole: true };
  }
  return undefined;
}

/** Where members may end: before what may be the next one's header; and where only zeros follow, which may be its own. */
function memberEnds(gzipped: Uint8Array): number[] {
  const ends: number[] = [];
  for (let at = gzipped.indexOf(0x1f, 1); at > 0; at = gzipped.indexOf(0x1f, at + 1)) {
    if (gzipped[at + 1] === 0x8b && gzipped[at + 2] === 8) ends.push(at);
  }
  const zeros = gzipped.findLastIndex((byte) => byte !== 0) + 1;
  // checksum and length of an empty member are 8 zeros, and its data ends with one
  for (let end = zeros; end <= Math.min(zeros + 9, gzipped.length); end++) ends.push(end);
  return ends;
}

/** One member, and nothing behind it. */
async function gunzipMember(check: FormatCheck, field: string, gzipped: Uint8Array, limit: number): Promise<Inflated> {
  const stream = new DecompressionStream("gzip");
  // what fails here fails at the other end as well
  feed(stream.writable, gzipped).catch(() => undefined);
  const reader = stream.readable.getReader();
  const pieces: Uint8Array[] = [];
  let size = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      pieces.push(value);
      size += value.length;
      if (size > limit) {
        await reader.cancel();
        return { bytes: concatBytes(pieces), isWhole: false };
      }
    }
  } catch (cause) {
    throw check.error(field, "whole deflated data", cause instanceof Error ? cause.message : String(cause), cause);
  }
  checkGzipLength(check, field, gzipped, size);
  return { bytes: concatBytes(pieces), isWhole: true };
}

/** Inflates what a zip file says about: so many bytes, with that checksum. */
export async function inflate(
  check: FormatCheck,
  deflated: Uint8Array,
  { size, crc }: { readonly size: number; readonly crc: number },
): Promise<Uint8Array> {
  if (size > deflated.length * MOST_INFLATED_PER_BYTE) {
    throw check.error("size", `no more than ${deflated.length} deflated bytes can become`, String(size));
  }
  // As a gzip file, since the platform then checks the checksum, and that nothing follows the deflated data.
  const file = new Uint8Array(GZIP_HEADER.length + deflated.length + 8);
  file.set(GZIP_HEADER);
  file.set(deflated, GZIP_HEADER.length);
  const trailer = new DataView(file.buffer, file.length - 8);
  trailer.setUint32(0, crc, true);
  trailer.setUint32(4, size, true);
  const { bytes, isWhole } = await gunzipMember(check, "deflated data", file, size);
  if (!isWhole || bytes.length !== size)
    throw check.error("size", `${size} bytes`, isWhole ? `${bytes.length}` : "more");
  return bytes;
}

/** Deflates (RFC 1951). Which bytes come out is the platform's choice. */
export async function deflate(bytes: Uint8Array): Promise<Uint8Array> {
  const stream = new CompressionStream("deflate-raw");
  const [, deflated] = await Promise.all([feed(stream.writable, bytes), new Response(stream.readable).arrayBuffer()]);
  return new Uint8Array(deflated);
}

async function feed(writable: WritableStream<BufferSource>, bytes: Uint8Array): Promise<void> {
  const writer = writable.getWriter();
  for (let start = 0; start < bytes.length; start += PIECE) {
    // a copy, since a stream may take no memory that is shared between threads
    await writer.write(bytes.slice(start, start + PIECE));
  }
  await writer.close();
}

/** What a platform may let pass: zeros, or a second gzip file, behind the first. The last 4 bytes are the length. */
function checkGzipLength(check: FormatCheck, field: string, gzipped: Uint8Array, size: number): void {
  const said = new DataView(gzipped.buffer, gzipped.byteOffset + gzipped.length - 4).getUint32(0, true);
  if (said !== size % 2 ** 32) throw check.error(field, `${said} bytes, as its end says`, String(size));
}
