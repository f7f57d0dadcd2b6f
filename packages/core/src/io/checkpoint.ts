// Checkpoints: all that a run needs to go on in the same bits, in one safetensors file. The tensors are those of models
// and optimizers; generators, the caller's own values and a checksum over everything are in its metadata.

import { describe, show } from "../describe.js";
import { ArgumentError, NonFiniteError } from "../errors.js";
import { anything, flag, optionsOf, readOptions, record } from "../options.js";
import type { RandomState } from "../random.js";
import { Random } from "../random.js";
import { VERSION } from "../version.js";
import { type FileInput, type ReadOptions, readName } from "./byte-source.js";
import { concatBytes } from "./bytes.js";
import {
  applyStored,
  type CheckpointParts,
  checkFits,
  checkParts,
  collectTensors,
  entryName,
  formerEntryName,
  type Stored,
  type StoredArray,
} from "./checkpoint-tensors.js";
import { crc32 } from "./crc32.js";
import { encodeFloats } from "./element-types.js";
import { FormatCheck } from "./format-check.js";
import { openSafetensors } from "./safetensors.js";
import { safetensorsChunks } from "./safetensors-writer.js";

export type { CheckpointParts };

/** What is saved: the parts, and where the run stands. */
export interface CheckpointContent extends CheckpointParts {
  /** Anything that JSON can hold: the iteration, the place in the data, the options of the run. */
  readonly progress?: unknown;
  /** Whether to save models and optimizers with values that are infinite or not a number: refused by default. */
  readonly allowNonFinite?: boolean;
}

/** How a checkpoint is restored. */
export interface RestoreOptions {
  /** Whether the checkpoint may hold more than is asked for: to take one model out of it, say. Refused by default. */
  readonly allowUnused?: boolean;
}

const PARTS = { models: record, optimizers: record, randoms: record };

const CONTENT = optionsOf<CheckpointContent>({ ...PARTS, progress: anything, allowNonFinite: flag });

const RESTORED = optionsOf<CheckpointParts>(PARTS);

/** The options of restoring. */
export const RESTORE = optionsOf<RestoreOptions>({ allowUnused: flag });

const FORMAT = "adjoint checkpoint";
/** Version 1 had other names for parts with a slash in theirs, and no settings of optimizers. It is still read. */
const FORMAT_VERSION = "2";
const NAMES: ReadonlyMap<string | undefined, Stored["nameOf"]> = new Map([
  ["1", formerEntryName],
  [FORMAT_VERSION, entryName],
]);

/** A checkpoint that was read and found to be whole. */
export class Checkpoint {
  /** The version of the library that wrote it. */
  readonly version: string;
  /** What was saved as `progress`; null where nothing was. */
  readonly progress: unknown;
  readonly #file: string;
  readonly #stored: Stored;

  /** For `readCheckpoint`. */
  constructor(file: string, { version, progress, ...stored }: CheckpointFields & Stored) {
    this.version = version;
    this.progress = progress;
    this.#file = file;
    this.#stored = stored;
  }

  /**
   * Gives the parts the values, states and counts that they had, and optimizers their settings too, `learningRate` for
   * one: set it afterwards to go on with another. A checkpoint of an earlier version has no settings; those of the parts
   * stay then. They may live on any backend.
   *
   * @throws StateError that lists every name that is missing, unexpected or of another shape, ArgumentError for a part
   *   that is none, ReleasedError for a model that was disposed; nothing was changed then
   */
  async restore(parts: CheckpointParts, options: RestoreOptions = {}): Promise<void> {
    const { allowUnused = false } = readOptions("loadCheckpoint", options, RESTORE);
    const where = `loadCheckpoint: ${this.#file}`;
    readOptions(where, parts, RESTORED);
    checkParts(where, parts);
    checkFits(where, parts, this.#stored, allowUnused);
    applyStored(parts, this.#stored);
  }
}

/**
 * A checkpoint of the parts as they are when this is called. The same parts give the same bytes.
 *
 * @throws NonFiniteError that names the first value which is infinite or not a number (see `allowNonFinite`);
 *   ArgumentError for `progress` that JSON would not give back as it is
 */
export async function writeCheckpoint(content: CheckpointContent): Promise<Uint8Array> {
  return concatBytes(await checkpointChunks("writeCheckpoint", content));
}

/** @internal The same in pieces, for writing to a file. */
export async function checkpointChunks(where: string, content: CheckpointContent): Promise<Uint8Array[]> {
  const { randoms = {}, progress = null, allowNonFinite = false } = readOptions(where, content, CONTENT);
  checkParts(where, content);
  checkJson(where, "progress", progress);
  const states = Object.entries(randoms).map(([name, random]) => [name, random.state()]);
  const fields = [
    ["format", FORMAT],
    ["format version", FORMAT_VERSION],
    ["adjoint version", VERSION],
    ["randoms", JSON.stringify(Object.fromEntries(states))],
    ["progress", JSON.stringify(progress)],
  ] as const;
  const tensors = await collectTensors(content);
  if (!allowNonFinite) for (const [name, { data }] of tensors) checkFinite(where, name, data);
  return safetensorsChunks(tensors, { metadata: [...fields, ["checksum", checksum(new Map(fields), tensors)]] });
}

/**
 * Reads all of a checkpoint and checks that it is whole: its format and a checksum over every value in it.
 *
 * @throws FileFormatError that names the file, the field, what was expected and what was found
 */
export async function readCheckpoint(input: FileInput, options: ReadOptions = {}): Promise<Checkpoint> {
  const check = new FormatCheck("readCheckpoint", readName("readCheckpoint", input, options, "checkpoint"));
  const file = await openSafetensors(input, { file: check.file });
  try {
    const fields = new Map(file.metadata);
    const naming = checkFormat(check, fields);
    const tensors = new Map<string, StoredArray>();
    for (const [name, { dtype, shape }] of file.tensors) {
      const { data } = await file.readExact(name);
      if (!(data instanceof Float32Array || data instanceof Float64Array)) {
        throw check.error(`tensor "${name}": dtype`, "F32 or F64", dtype);
      }
      tensors.set(name, { shape, data } as StoredArray);
    }
    const expected = fields.get("checksum") ?? "none";
    fields.delete("checksum");
    const found = checksum(fields, tensors);
    if (found !== expected) throw check.error("checksum", expected, `${found}: the file is damaged`);
    return new Checkpoint(check.file, { ...readFields(check, fields), tensors, nameOf: naming });
  } finally {
    await file.close();
  }
}

/** What the metadata says. */
interface CheckpointFields {
  readonly version: string;
  readonly progress: unknown;
  readonly randoms: ReadonlyMap<string, RandomState>;
}

/** Returns how the file names what it holds. */
function checkFormat(check: FormatCheck, fields: ReadonlyMap<string, string>): Stored["nameOf"] {
  const format = fields.get("format");
  if (format !== FORMAT) throw check.error("format", JSON.stringify(FORMAT), JSON.stringify(format ?? "none"));
  const version = fields.get("format version");
  const naming = NAMES.get(version);
  if (naming) return naming;
  throw check.error(
    "format version",
    [...NAMES.keys()].join(" or "),
    `${version}, of adjoint ${fields.get("adjoint version")}`,
  );
}

function readFields(check: FormatCheck, fields: ReadonlyMap<string, string>): CheckpointFields {
  const states = Object.entries((parseField(check, fields, "randoms") ?? {}) as Record<string, RandomState>);
  for (const [name, state] of states) {
    try {
      Random.fromState(state);
    } catch (error) {
      throw check.error(`randoms: ${name}`, "the state of a generator", JSON.stringify(state), error);
    }
  }
  return {
    version: fields.get("adjoint version") ?? "unknown",
    progress: parseField(check, fields, "progress"),
    randoms: new Map(states),
  };
}

function parseField(check: FormatCheck, fields: ReadonlyMap<string, string>, name: string): unknown {
  const text = fields.get(name);
  if (text === undefined) throw check.error(name, "JSON", "nothing");
  try {
    return JSON.parse(text);
  } catch (error) {
    throw check.error(name, "JSON", text.slice(0, 60), error);
  }
}

/** Over all metadata, and every tensor's name, type, shape and bytes, in an order that does not depend on the file's. */
function checksum(fields: ReadonlyMap<string, string>, tensors: ReadonlyMap<string, StoredArray>): string {
  const byName = <T>(pairs: Iterable<readonly [string, T]>) => [...pairs].sort(([a], [b]) => (a < b ? -1 : 1));
  const sums = byName(tensors).map(([name, { shape, data }]) => {
    return [name, data.BYTES_PER_ELEMENT, shape, crc32(encodeFloats(data))];
  });
  const text = JSON.stringify([byName(fields), sums]);
  return crc32(new TextEncoder().encode(text)).toString(16).padStart(8, "0");
}

function checkFinite(where: string, name: string, data: Float32Array | Float64Array): void {
  const wrong = data.findIndex((value) => !Number.isFinite(value));
  if (wrong >= 0) throw new NonFiniteError(where, `${name} has a value that is ${data[wrong]}`);
}

/** Deeper nesting is more than every engine's JSON takes. */
const DEEPEST = 500;

/** Refuses what JSON would drop or change, naming the place. `above` are the objects that hold the value. */
function checkJson(where: string, path: string, value: unknown, above: readonly object[] = []): void {
  if (value === null || typeof value === "string" || typeof value === "boolean") return;
  if (typeof value === "number" && Number.isFinite(value)) return;
  const refuse = (what: string) => new ArgumentError(where, `${path} is ${what}, which JSON cannot hold`);
  if (typeof value !== "object") throw refuse(show(value));
  if (![Object.prototype, Array.prototype, null].includes(Object.getPrototypeOf(value))) throw refuse(describe(value));
  if (above.includes(value)) throw refuse("an object inside of itself");
  if (above.length === DEEPEST) throw new ArgumentError(where, `progress is nested more than ${DEEPEST} deep`);
  const inside = [...above, value];
  // not Object.entries of an array, which passes over holes
  const entries: Iterable<readonly [string | number, unknown]> = Array.isArray(value)
    ? value.entries()
    : Object.entries(value);
  for (const [name, item] of entries) checkJson(where, `${path}.${name}`, item, inside);
}
