// Where a reader's bytes come from: memory, a Blob, a response, or anything that can be read at an offset.

import { ArgumentError } from "../errors.js";
import { optionsOf, readOptions, text } from "../options.js";
import type { FormatCheck } from "./format-check.js";
import { ResponseSource } from "./response-source.js";

/** Something that can be read at any offset: an open file, for example. */
export interface RandomAccessSource {
  /** All of its bytes. */
  readonly size: number;
  /** `length` bytes from `offset` on. It is asked for bytes within its size only. */
  read(offset: number, length: number): Uint8Array | Promise<Uint8Array>;
  /** Gives back what it holds. */
  close?(): void | Promise<void>;
}

/** What files are read from. */
export type FileInput = Uint8Array | ArrayBuffer | Blob | Response | RandomAccessSource;

/** What reading a file takes. */
export interface ReadOptions {
  /** What error messages call the file: by default a response's URL, a File's name, or what kind of file it is. */
  readonly file?: string;
}

/** The options of reading. */
export const READ = optionsOf<ReadOptions>({ file: text });

/** What readers read from. */
export interface ByteSource {
  /** All of its bytes; undefined for a response that does not say. */
  readonly size: number | undefined;
  /** Fewer bytes than asked for only where there are no more. */
  read(offset: number, length: number): Promise<Uint8Array>;
  /** Whether nothing follows the first `size` bytes. */
  endsAt(size: number): Promise<boolean>;
  close(): Promise<void>;
}

/**
 * What to call an input where the caller does not say.
 *
 * @throws ArgumentError for options that are none
 */
export function readName(where: string, input: FileInput, options: ReadOptions, kind: string): string {
  return nameOf(input, readOptions(where, options, READ), kind);
}

/** The same of options that were looked at. */
export function nameOf(input: FileInput, { file }: ReadOptions, kind: string): string {
  if (file !== undefined) return file;
  if (isResponse(input) && input.url) return input.url;
  const { name } = (input ?? {}) as { readonly name?: unknown };
  return typeof name === "string" && name ? name : kind;
}

/**
 * The one form of all inputs.
 *
 * @throws ArgumentError for what is no input, FileFormatError for a response that has no whole file
 */
export function toByteSource(check: FormatCheck, input: FileInput): ByteSource {
  if (input instanceof Uint8Array) return fromBytes(input);
  if (input instanceof ArrayBuffer) return fromBytes(new Uint8Array(input));
  if (isResponse(input)) return new ResponseSource(check, input);
  if (isBlob(input)) return fromBlob(input);
  if (typeof input?.read !== "function" || !Number.isSafeInteger(input.size) || input.size < 0) {
    throw new ArgumentError(check.where, `${check.file}: expected bytes, a Blob, a Response or { size, read }`);
  }
  return {
    size: input.size,
    read: async (offset, length) => input.read(offset, length),
    endsAt: async (size) => size === input.size,
    close: async () => input.close?.(),
  };
}

/**
 * Exactly `length` bytes.
 *
 * @throws FileFormatError where the source ends before
 */
export async function readExactly(
  check: FormatCheck,
  source: ByteSource,
  field: string,
  offset: number,
  length: number,
): Promise<Uint8Array> {
  if (source.size !== undefined && offset + length > source.size) {
    throw check.error(field, `${length} bytes from ${offset} on`, `a file of ${source.size} bytes`);
  }
  const bytes = await source.read(offset, length);
  if (bytes.length !== length) throw check.error(field, `${length} bytes from ${offset} on`, `${bytes.length} bytes`);
  return bytes;
}

/** All bytes of a source. */
export async function readWhole(check: FormatCheck, source: ByteSource): Promise<Uint8Array> {
  if (source.size !== undefined) return readExactly(check, source, "file", 0, source.size);
  return source.read(0, Number.POSITIVE_INFINITY);
}

/** Bytes in memory, which are not copied. */
export function fromBytes(bytes: Uint8Array): ByteSource {
  return {
    size: bytes.length,
    read: async (offset, length) => bytes.subarray(offset, offset + length),
    endsAt: async (size) => size === bytes.length,
    close: async () => undefined,
  };
}

function fromBlob(blob: Blob): ByteSource {
  return {
    size: blob.size,
    read: async (offset, length) => new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer()),
    endsAt: async (size) => size === blob.size,
    close: async () => undefined,
  };
}

// By what they can do, not by their class: a platform may lack the one, and a library bring its own.
function isResponse(input: FileInput): input is Response {
  return typeof input === "object" && input !== null && "body" in input && "headers" in input;
}

function isBlob(input: FileInput): input is Blob {
  return typeof input === "object" && input !== null && "slice" in input && "arrayBuffer" in input;
}
