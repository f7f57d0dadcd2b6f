// Reading NumPy's .npz files: zip files of .npy files, stored or deflated.

import { ArgumentError } from "../errors.js";
import {
  type ByteSource,
  type FileInput,
  fromBytes,
  type ReadOptions,
  readName,
  readWhole,
  toByteSource,
} from "./byte-source.js";
import { type ExactFileArray, type FileArray, toFloat32 } from "./element-types.js";
import { FormatCheck, quote } from "./format-check.js";
import { readNpySource } from "./npy.js";
import { readZipDirectory, type ZipEntry } from "./zip-directory.js";
import { readZipEntry } from "./zip-entry.js";

/** What NumPy adds to an array's name. */
export const NPY_ENDING = ".npy";

/** An open .npz file, of which the directory has been read and checked. */
export class NpzFile {
  readonly #check: FormatCheck;
  readonly #source: ByteSource;
  readonly #entries: ReadonlyMap<string, ZipEntry>;

  /** For `openNpz`. */
  constructor(check: FormatCheck, source: ByteSource, entries: ReadonlyMap<string, ZipEntry>) {
    this.#check = check;
    this.#source = source;
    this.#entries = entries;
  }

  /** The arrays that there are, in the order of their data. */
  get names(): string[] {
    return [...this.#entries.keys()];
  }

  /** One array as float32, by `readNpy`'s rules. Throws as `readExact` does. */
  async read(name: string): Promise<FileArray> {
    const { shape, type, data } = await this.readExact(name);
    return { shape, data: toFloat32(data, type) };
  }

  /**
   * One array in its own element type, row-major.
   *
   * @throws ArgumentError for a name that is not in `names`; FileFormatError where the entry, its checksum or the array
   *   in it is wrong, and where it inflates to more than the directory says, as soon as it does
   */
  async readExact(name: string): Promise<ExactFileArray> {
    const entry = this.#entries.get(name);
    if (!entry) throw new ArgumentError(this.#check.where, `${this.#check.file}: there is no array ${quote(name)}`);
    const check = new FormatCheck(this.#check.where, `${this.#check.file}: ${quote(entry.name)}`);
    return readNpySource(check, fromBytes(await readZipEntry(check, this.#source, entry)));
  }

  /** Several arrays as float32, by name: all of them by default. */
  async readAll(names: Iterable<string> = this.names): Promise<Map<string, FileArray>> {
    const arrays = new Map<string, FileArray>();
    for (const name of names) arrays.set(name, await this.read(name));
    return arrays;
  }

  /** Gives back what it reads from. */
  async close(): Promise<void> {
    await this.#source.close();
  }
}

/**
 * Reads and checks the directory of an .npz file. The arrays are read when they are asked for; of a response, all of it
 * is received first, since the directory stands at its end. Folders, and files that are no .npy files, are left alone.
 *
 * @param input it belongs to the file from here on, and is closed with it, or where the file is refused
 * @throws FileFormatError that names the file, the field, what was expected and what was found: also for an
 *   .npy file that is encrypted, or neither stored nor deflated
 */
export async function openNpz(input: FileInput, options: ReadOptions = {}): Promise<NpzFile> {
  const check = new FormatCheck("openNpz", readName("openNpz", input, options, "npz file"));
  const given = toByteSource(check, input);
  try {
    const source = given.size === undefined ? fromBytes(await readWhole(check, given)) : given;
    const entries = new Map<string, ZipEntry>();
    for (const entry of await readZipDirectory(check, source, (name) => name.endsWith(NPY_ENDING))) {
      entries.set(entry.name.slice(0, -NPY_ENDING.length), entry);
    }
    return new NpzFile(check, source, entries);
  } catch (error) {
    await given.close();
    throw error;
  }
}
