// The header of an .npy file (NumPy Enhancement Proposal 1; numpy.lib.format): a magic text, a version, a length, and
// a dictionary as Python writes it.

import type { ByteSource } from "./byte-source.js";
import { readExactly } from "./byte-source.js";
import { type ElementType, type Encoding, elementBytes } from "./element-types.js";
import { type FormatCheck, quote } from "./format-check.js";

/** What a header says, and where the data begins. */
export interface NpyHeader extends Encoding {
  readonly shape: readonly number[];
  /** Whether the first axis is the one along which values lie side by side. */
  readonly fortranOrder: boolean;
  readonly dataStart: number;
  readonly dataBytes: number;
}

/** "\x93NUMPY". */
export const NPY_MAGIC: readonly number[] = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];

/** The longest header, in bytes: the limit that NumPy has set itself for files that are not trusted. */
export const LONGEST_NPY_HEADER = 10_000;

const TYPES: ReadonlyMap<string, ElementType> = new Map([
  ["b1", "bool"],
  ["u1", "uint8"],
  ["i1", "int8"],
  ["u2", "uint16"],
  ["i2", "int16"],
  ["u4", "uint32"],
  ["i4", "int32"],
  ["u8", "uint64"],
  ["i8", "int64"],
  ["f2", "float16"],
  ["f4", "float32"],
  ["f8", "float64"],
]);

/**
 * One entry of the dictionary: a name, and a text, a truth value or a tuple of numbers. Texts are in either kind of
 * quotes, and may have the prefix of Python 2's Unicode or of Python 3's bytes; Python 2's long numbers end with L.
 */
const ENTRY =
  /\s*[uUbB]?(?:'(\w+)'|"(\w+)")\s*:\s*(?:[uUbB]?(?:'([^'\\]*)'|"([^"\\]*)")|(True|False)|\(([\dL\s,]*)\))\s*(,)?/y;
const NAMES = ["descr", "fortran_order", "shape"];

type Dictionary = ReadonlyMap<string, string | boolean | readonly number[]>;

/** Reads and checks the header. */
export async function readNpyHeader(check: FormatCheck, source: ByteSource): Promise<NpyHeader> {
  const start = await readExactly(check, source, "magic", 0, 8);
  const magic = start.subarray(0, NPY_MAGIC.length);
  if (NPY_MAGIC.some((byte, i) => magic[i] !== byte)) {
    throw check.error("magic", `bytes ${NPY_MAGIC.join(" ")}`, magic.join(" "));
  }
  const [major = 0, minor = 0] = start.subarray(6);
  if (major < 1 || major > 3 || minor !== 0) throw check.error("version", "1.0, 2.0 or 3.0", `${major}.${minor}`);
  const lengthBytes = major === 1 ? 2 : 4;
  const field = await readExactly(check, source, "header length", 8, lengthBytes);
  const view = new DataView(field.buffer, field.byteOffset, lengthBytes);
  const length = major === 1 ? view.getUint16(0, true) : view.getUint32(0, true);
  if (length > LONGEST_NPY_HEADER) {
    throw check.error("header length", `at most ${LONGEST_NPY_HEADER} bytes`, String(length));
  }
  const bytes = await readExactly(check, source, "header", 8 + lengthBytes, length);
  return parseHeader(check, decodeText(check, bytes, major), 8 + lengthBytes + length);
}

/** Latin-1 in the first two versions, UTF-8 in the third. */
function decodeText(check: FormatCheck, bytes: Uint8Array, major: number): string {
  if (major < 3) return String.fromCharCode(...bytes);
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes.slice());
  } catch (cause) {
    throw check.error("header", "UTF-8", "bytes that are not", cause);
  }
}

function parseHeader(check: FormatCheck, text: string, dataStart: number): NpyHeader {
  if (!text.endsWith("\n")) throw check.error("header", "a line end at its end", quote(text.slice(-1)));
  const fields = parseDictionary(check, text);
  const fortranOrder = fields.get("fortran_order");
  if (typeof fortranOrder !== "boolean") throw check.error("fortran_order", "True or False", describe(fortranOrder));
  const shape = fields.get("shape");
  if (typeof shape !== "object") throw check.error("shape", "a tuple of whole numbers", describe(shape));
  const encoding = parseType(check, fields.get("descr"));
  const dataBytes = check.byteCount("shape", shape, elementBytes(encoding.type));
  return { ...encoding, shape, fortranOrder, dataStart, dataBytes };
}

function parseDictionary(check: FormatCheck, text: string): Dictionary {
  const fields = new Map<string, string | boolean | readonly number[]>();
  let position = text.startsWith("{") ? 1 : 0;
  let more = position === 1;
  while (more) {
    ENTRY.lastIndex = position;
    const match = ENTRY.exec(text);
    if (!match) break;
    const [whole, single, double, singleText, doubleText, truth, tuple, comma] = match;
    const name = single ?? double ?? "";
    const string = singleText ?? doubleText;
    if (!NAMES.includes(name) || fields.has(name)) {
      throw check.error("header", `${NAMES.join(", ")}, each once`, fields.has(name) ? `${name} again` : quote(name));
    }
    fields.set(name, string ?? (truth === undefined ? parseTuple(check, name, tuple ?? "") : truth === "True"));
    position += whole.length;
    more = comma !== undefined;
  }
  const end = text.slice(position);
  if (position === 0 || !/^\s*\}\s*$/.test(end)) {
    throw check.error(`header, character ${position}`, "a dictionary of texts, truth values and tuples", quote(end));
  }
  return fields;
}

/** `()`, `(3,)`, `(2, 3)`: what is in the brackets. */
function parseTuple(check: FormatCheck, name: string, text: string): readonly number[] {
  const items = text.split(",").map((item) => item.trim());
  const closed = items.at(-1) === "";
  if (closed) items.pop();
  const numbers = items.map((item) => Number(item.replace(/L$/, "")));
  // in Python (3) is a number
  const isTuple = numbers.length !== 1 || closed;
  const areWhole = items.every((item) => /^(0|[1-9]\d*)L?$/.test(item)) && numbers.every(Number.isSafeInteger);
  if (!isTuple || !areWhole) throw check.error(name, "a tuple of whole numbers from 0 to 2⁵³ − 1", quote(`(${text})`));
  return numbers;
}

function parseType(check: FormatCheck, descr: string | boolean | readonly number[] | undefined): Encoding {
  const [, order = "", name = ""] = (typeof descr === "string" && /^([<>|=]?)(\w\d)$/.exec(descr)) || [];
  const type = TYPES.get(name);
  if (type === undefined) {
    throw check.error("descr", `an order of bytes and one of ${[...TYPES.keys()].join(", ")}`, describe(descr));
  }
  // NumPy takes "|", "=" and no sign as the order of its own machine: little-endian, on all that are in use
  return { type, littleEndian: order !== ">" };
}

function describe(value: string | boolean | readonly number[] | undefined): string {
  if (value === undefined) return "nothing";
  if (typeof value === "string") return quote(value);
  return typeof value === "boolean" ? String(value) : "a tuple";
}
