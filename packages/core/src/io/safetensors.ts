// Reading safetensors files: the header first, then the tensors that are asked for and no others.

import { ArgumentError } from "../errors.js";
import { flag, optionsOf, readOptions, text } from "../options.js";
import { type ByteSource, type FileInput, nameOf, type ReadOptions, readExactly, toByteSource } from "./byte-source.js";
import { decodeExact, type ExactFileArray, type FileArray, toFloat32 } from "./element-types.js";
import { FormatCheck, quote } from "./format-check.js";
import {
  headerLength,
  LENGTH_BYTES,
  parseSafetensorsHeader,
  type SafetensorsEntry,
  type SafetensorsHeader,
} from "./safetensors-header.js";

/** What opening a safetensors file takes. */
export interface SafetensorsOptions extends ReadOptions {
  /**
   * Whether to read a file in which a tensor begins where its element's size does not divide the offset, as some
   * writers leave it where they mix element types. Refused by default.
   */
  readonly allowUnaligned?: boolean;
}

/** The options of opening. */
export const OPEN = optionsOf<SafetensorsOptions>({ file: text, allowUnaligned: flag });

/** An open safetensors file, of which the header has been read and checked. */
export class SafetensorsFile {
  /** What is said about the file as a whole. */
  readonly metadata: ReadonlyMap<string, string>;
  /** What there is to read, in the order of the data. */
  readonly tensors: ReadonlyMap<string, SafetensorsEntry>;
  readonly #check: FormatCheck;
  readonly #source: ByteSource;
  readonly #dataStart: number;
  readonly #dataBytes: number;

  /** For `openSafetensors`. */
  constructor(check: FormatCheck, source: ByteSource, header: SafetensorsHeader, dataStart: number) {
    this.#check = check;
    this.#source = source;
    this.#dataStart = dataStart;
    this.#dataBytes = header.dataBytes;
    this.metadata = header.metadata;
    this.tensors = header.tensors;
  }

  /**
   * One tensor as float32. BOOL, U8, I8, U16, I16, F16, BF16 and F32 are read exactly. Of F64 and of the larger
   * integers, what float32 cannot hold becomes the nearest that it can, ties to even; beyond its range ±Infinity.
   *
   * @throws ArgumentError for a name that is not in `tensors`, FileFormatError for a tensor of a type that is not read
   *   (one whose `type` is undefined) and where the data ends before it should
   */
  async read(name: string): Promise<FileArray> {
    const { shape, type, data } = await this.readExact(name);
    return { shape, data: toFloat32(data, type) };
  }

  /** One tensor in its own element type; F16 and BF16 as their bits. Throws as `read` does. */
  async readExact(name: string): Promise<ExactFileArray> {
    const entry = this.tensors.get(name);
    if (!entry) {
      throw new ArgumentError(this.#check.where, `${this.#check.file}: there is no tensor ${quote(name)}`);
    }
    const { type, dtype, shape, begin, end } = entry;
    const field = `tensor ${quote(name)}`;
    if (type === undefined) throw this.#check.error(`${field}: dtype`, "a type that is read", dtype);
    const bytes = await readExactly(this.#check, this.#source, field, this.#dataStart + begin, end - begin);
    if (end === this.#dataBytes) await this.checkEnd();
    return { shape, type, data: decodeExact(this.#check, field, bytes, { type, littleEndian: true }) };
  }

  /** Several tensors as float32, by name: all of them by default. They are read in the order of the data. */
  async readAll(names: Iterable<string> = this.tensors.keys()): Promise<Map<string, FileArray>> {
    const beginning = (name: string) => this.tensors.get(name)?.begin ?? 0;
    const arrays = new Map<string, FileArray>();
    for (const name of [...names].sort((a, b) => beginning(a) - beginning(b))) arrays.set(name, await this.read(name));
    return arrays;
  }

  /** Throws FileFormatError where something follows the data. It receives a whole response, to know. */
  async checkEnd(): Promise<void> {
    const size = this.#dataStart + this.#dataBytes;
    if (await this.#source.endsAt(size)) return;
    const found = this.#source.size === undefined ? "another length" : `${this.#source.size}`;
    throw this.#check.error("size", `${size} bytes by its header`, found);
  }

  /** Gives back what it reads from: the rest of a response, or what a source's own `close` does. */
  async close(): Promise<void> {
    await this.#source.close();
  }
}

/**
 * Reads and checks the header of a safetensors file: lengths, names, types, shapes and offsets, that the data has
 * neither holes nor overlaps, and that the file ends where the data does. The tensors are read when they are asked for.
 *
 * Of a Blob or a source, only what is asked for is read. A response is received in order, as far as the last tensor
 * that was asked for, and what was received is kept until the file is let go: to read one tensor in the middle of a
 * large file, give a source that asks for ranges. Where a response does not say how long it is, what follows the data
 * is found when the last tensor is read.
 *
 * @param input it belongs to the file from here on, and is closed with it, or where the file is refused
 * @throws FileFormatError that names the file, the field, what was expected and what was found
 */
export async function openSafetensors(input: FileInput, options: SafetensorsOptions = {}): Promise<SafetensorsFile> {
  const check = new FormatCheck(
    "openSafetensors",
    nameOf(input, readOptions("openSafetensors", options, OPEN), "safetensors file"),
  );
  const source = toByteSource(check, input);
  try {
    const first = await readExactly(check, source, "header length", 0, LENGTH_BYTES);
    const length = headerLength(check, first, source.size);
    const bytes = await readExactly(check, source, "header", LENGTH_BYTES, length);
    const header = parseSafetensorsHeader(check, bytes, !options.allowUnaligned);
    const file = new SafetensorsFile(check, source, header, LENGTH_BYTES + length);
    if (source.size !== undefined || header.dataBytes === 0) await file.checkEnd();
    return file;
  } catch (error) {
    await source.close();
    throw error;
  }
}
