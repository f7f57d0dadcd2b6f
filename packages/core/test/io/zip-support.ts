// Zip files of any kind, right or wrong, for the tests of .npz files.

import { crc32 } from "../../src/io/crc32.js";
import { hex, join, utf8 } from "./support.js";

/** np.savez(a=np.arange(3, dtype="<f4"), b=np.array(1, dtype="?")) by NumPy 1.24: local headers with a zip64 field. */
export const SAVED = hex(
  "504b030414000000000000002100b68c86538c0000008c00000005001400612e6e7079010010008c000000000000008c00000000000000" +
    `934e554d5059010076007b276465736372273a20273c6634272c2027666f727472616e5f6f72646572273a2046616c73652c20277368617065273a2028332c292c207d${"20".repeat(60)}0a` +
    "000000000000803f00000040" +
    "504b030414000000000000002100822df8d3810000008100000005001400622e6e7079010010008100000000000000810000000000000093" +
    `4e554d5059010076007b276465736372273a20277c6231272c2027666f727472616e5f6f72646572273a2046616c73652c20277368617065273a2028292c207d${"20".repeat(62)}0a01` +
    "504b0102140314000000000000002100b68c86538c0000008c000000050000000000000000000000800100000000612e6e7079" +
    "504b0102140314000000000000002100822df8d381000000810000000500000000000000000000008001c3000000622e6e7079" +
    "504b05060000000002000200660000007b0100000000",
);

/** np.savez_compressed(a=np.arange(3, dtype="<f4")) by NumPy 1.24. */
export const COMPRESSED = hex(
  "504b030414000000080000002100b68c86534b0000008c00000005001400612e6e7079010010008c000000000000004b00000000000000" +
    "9bec17ea1b10c9c850c650ad9e925a9c5ca46ea5a06e9366a2aea3a09e965f54529498179f5f94920a12774bcc294e058a17672416a402f9" +
    "1ac63a9a3a0ab50a14002e063068b007120e00" +
    "504b0102140314000000080000002100b68c86534b0000008c000000050000000000000000000000800100000000612e6e7079" +
    "504b0506000000000100010033000000820000000000",
);

/** One entry; what is not said is right. */
export interface ZipPart {
  readonly name: string;
  readonly nameBytes?: Uint8Array;
  readonly nameLength?: number;
  readonly data: Uint8Array;
  /** What the file has in its place, and what is said of that. */
  readonly stored?: Uint8Array;
  readonly storedSize?: number;
  readonly size?: number;
  readonly crc?: number;
  readonly flags?: number;
  readonly method?: number;
  readonly offset?: number;
  readonly part?: number;
  readonly signature?: number;
  /** Bytes behind the data. */
  readonly gap?: number;
  /** Where the entry's own header says something else than the directory. */
  readonly local?: {
    readonly signature?: number;
    readonly flags?: number;
    readonly method?: number;
    readonly crc?: number;
    readonly stored?: number;
    readonly size?: number;
    readonly name?: string;
    readonly extra?: Uint8Array;
  };
}

/** What is said at the end; what is not said is right. */
export interface ZipEnd {
  readonly count?: number;
  readonly disk?: number;
  /** Bytes of comment, and before the directory. */
  readonly comment?: number;
  readonly before?: number;
}

/** Numbers as little-endian bytes: [value, bytes]. */
function numbers(...pairs: readonly (readonly [value: number, bytes: number])[]): Uint8Array {
  return Uint8Array.from(
    pairs.flatMap(([value, bytes]) => Array.from({ length: bytes }, (_, i) => (value / 256 ** i) & 255)),
  );
}

/** A zip file. */
export function zip(parts: readonly ZipPart[], { count, disk = 0, comment = 0, before = 0 }: ZipEnd = {}): Uint8Array {
  let data = new Uint8Array(before);
  let directory = new Uint8Array(0);
  for (const part of parts) {
    const offset = data.length;
    data = join(data, localPart(part)) as Uint8Array<ArrayBuffer>;
    directory = join(directory, entryPart(part, offset)) as Uint8Array<ArrayBuffer>;
  }
  const all = count ?? parts.length;
  const end = numbers(
    [0x06054b50, 4],
    [disk, 2],
    [0, 2],
    [all, 2],
    [all, 2],
    [directory.length, 4],
    [data.length, 4],
    [comment, 2],
  );
  return join(data, directory, end);
}

function sizesOf(part: ZipPart) {
  const stored = part.stored ?? part.data;
  return {
    stored,
    flags: part.flags ?? 0,
    method: part.method ?? 0,
    crc: part.crc ?? crc32(part.data),
    storedSize: part.storedSize ?? stored.length,
    size: part.size ?? part.data.length,
  };
}

function localPart(part: ZipPart): Uint8Array {
  const { stored, flags, method, crc, storedSize, size } = sizesOf(part);
  const local = part.local ?? {};
  const name = local.name === undefined ? (part.nameBytes ?? utf8(part.name)) : utf8(local.name);
  const extra = local.extra ?? new Uint8Array(0);
  const header = numbers(
    [local.signature ?? 0x04034b50, 4],
    [20, 2],
    [local.flags ?? flags, 2],
    [local.method ?? method, 2],
    [0, 4],
    [local.crc ?? crc, 4],
    [local.stored ?? storedSize, 4],
    [local.size ?? size, 4],
    [name.length, 2],
    [extra.length, 2],
  );
  return join(header, name, extra, stored, new Uint8Array(part.gap ?? 0));
}

function entryPart(part: ZipPart, offset: number): Uint8Array {
  const { flags, method, crc, storedSize, size } = sizesOf(part);
  const name = part.nameBytes ?? utf8(part.name);
  const header = numbers(
    [part.signature ?? 0x02014b50, 4],
    [20, 2],
    [20, 2],
    [flags, 2],
    [method, 2],
    [0, 4],
    [crc, 4],
    [storedSize, 4],
    [size, 4],
    [part.nameLength ?? name.length, 2],
    [0, 2],
    [0, 2],
    [part.part ?? 0, 2],
    [0, 2],
    [0, 4],
    [part.offset ?? offset, 4],
  );
  return join(header, name);
}
