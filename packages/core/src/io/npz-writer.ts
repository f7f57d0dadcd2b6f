// Writing NumPy's .npz files.

import { ArgumentError } from "../errors.js";
import { flag, optionsOf, readOptions } from "../options.js";
import { concatBytes } from "./bytes.js";
import { deflate } from "./compression.js";
import { crc32 } from "./crc32.js";
import { isWellFormed } from "./header-json.js";
import { npyChunks } from "./npy.js";
import { NPY_ENDING } from "./npz.js";
import type { NamedArrays } from "./safetensors-writer.js";
import {
  DEFLATED,
  ENTRY_BYTES,
  ENTRY_SIGNATURE,
  LOCAL_BYTES,
  LOCAL_SIGNATURE,
  STORED,
  UTF8_NAME,
} from "./zip-directory.js";
import { END_BYTES, END_SIGNATURE } from "./zip-end.js";

/** How an .npz file is written. */
export interface NpzWriteOptions {
  /** Whether to deflate the arrays, as `numpy.savez_compressed` does. Not by default. */
  readonly compress?: boolean;
}

const WRITE = optionsOf<NpzWriteOptions>({ compress: flag });

/** What zip64 is for begins here. */
const TOO_MANY_BYTES = 0xffffffff;
const TOO_MANY_ENTRIES = 0xffff;

/** The version of the format that a reader needs: 2.0. */
const VERSION = 20;

/** The first of January 1980, the earliest that there is, so that the same arrays give the same bytes. */
const DATE = 0x21;

/** One entry, ready to be written. */
interface Packed {
  readonly nameBytes: Uint8Array;
  readonly data: Uint8Array;
  readonly size: number;
  readonly crc: number;
}

/**
 * An .npz file of float32 arrays, in the order given. The same arrays give the same bytes, but where they are deflated:
 * there the platform chooses.
 *
 * @throws ShapeError where values do not fill a shape; ArgumentError for a name that occurs twice or has no form in
 *   UTF-8, and for 4 GiB or 65,535 arrays and more
 */
export async function writeNpz(arrays: NamedArrays, options: NpzWriteOptions = {}): Promise<Uint8Array> {
  return concatBytes(await npzChunks(arrays, options));
}

/** The same file in pieces. Throws as `writeNpz` does, before there is any piece. */
export async function npzChunks(arrays: NamedArrays, options: NpzWriteOptions = {}): Promise<Uint8Array[]> {
  const { compress = false } = readOptions("writeNpz", options, WRITE);
  const files: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  const names = new Set<string>();
  let offset = 0;
  for (const [name, array] of arrays) {
    checkName(name, names);
    const whole = concatBytes(npyChunks(`writeNpz: ${JSON.stringify(name)}`, array));
    const data = compress ? await deflate(whole) : whole;
    const nameBytes = new TextEncoder().encode(name + NPY_ENDING);
    const packed = { nameBytes, data, size: whole.length, crc: crc32(whole) };
    const method = compress ? DEFLATED : STORED;
    files.push(localHeader(packed, method), data);
    directory.push(directoryEntry(packed, method, offset));
    offset += LOCAL_BYTES + nameBytes.length + data.length;
    if (offset + whole.length >= TOO_MANY_BYTES) throw refuse("4 GiB and more are not written");
  }
  const entries = concatBytes(directory);
  return [...files, entries, endRecord(names.size, entries.length, offset)];
}

function checkName(name: string, names: Set<string>): void {
  const quoted = JSON.stringify(name);
  if (!isWellFormed(name)) throw refuse(`the name ${quoted} has half of a surrogate pair`);
  if (names.has(name)) throw refuse(`there are two ${quoted}`);
  if (name.length > 10_000) throw refuse(`a name of ${name.length} characters is too long`);
  names.add(name);
  if (names.size === TOO_MANY_ENTRIES) throw refuse("65,535 arrays and more are not written");
}

function localHeader(packed: Packed, method: number): Uint8Array {
  const record = new RecordWriter(LOCAL_BYTES + packed.nameBytes.length);
  record.uint32(LOCAL_SIGNATURE).uint16(VERSION);
  return record.common(packed, method).uint16(0).bytes(packed.nameBytes).done;
}

function directoryEntry(packed: Packed, method: number, offset: number): Uint8Array {
  const record = new RecordWriter(ENTRY_BYTES + packed.nameBytes.length);
  record.uint32(ENTRY_SIGNATURE).uint16(VERSION).uint16(VERSION);
  // no extra field, no comment, part 0, no attributes
  record.common(packed, method).uint16(0).uint16(0).uint16(0).uint16(0).uint32(0).uint32(offset);
  return record.bytes(packed.nameBytes).done;
}

function endRecord(count: number, bytes: number, offset: number): Uint8Array {
  const record = new RecordWriter(END_BYTES).uint32(END_SIGNATURE).uint16(0).uint16(0).uint16(count).uint16(count);
  return record.uint32(bytes).uint32(offset).uint16(0).done;
}

/** Numbers, little-endian, one after the other. */
class RecordWriter {
  readonly done: Uint8Array;
  readonly #view: DataView;
  #position = 0;

  constructor(size: number) {
    this.done = new Uint8Array(size);
    this.#view = new DataView(this.done.buffer);
  }

  uint16(value: number): this {
    this.#view.setUint16(this.#position, value, true);
    this.#position += 2;
    return this;
  }

  uint32(value: number): this {
    this.#view.setUint32(this.#position, value, true);
    this.#position += 4;
    return this;
  }

  bytes(values: Uint8Array): this {
    this.done.set(values, this.#position);
    this.#position += values.length;
    return this;
  }

  /** What both headers of an entry have: flags, method, time, date, checksum, sizes, the length of the name. */
  common({ nameBytes, data, size, crc }: Packed, method: number): this {
    const flags = nameBytes.every((byte) => byte < 128) ? 0 : UTF8_NAME;
    this.uint16(flags).uint16(method).uint16(0).uint16(DATE);
    return this.uint32(crc).uint32(data.length).uint32(size).uint16(nameBytes.length);
  }
}

function refuse(problem: string): ArgumentError {
  return new ArgumentError("writeNpz", problem);
}
