// Safetensors files at paths.

import { readOptions } from "../../options.js";
import type { FileArray } from "../element-types.js";
import { OPEN, openSafetensors, type SafetensorsFile, type SafetensorsOptions } from "../safetensors.js";
import { type NamedFloats, type SafetensorsWriteOptions, safetensorsChunks } from "../safetensors-writer.js";
import { openFile } from "./open-file.js";
import { writeFileAtomically } from "./write-file-atomically.js";

/** The whole of a safetensors file. */
export interface SafetensorsContent {
  readonly metadata: ReadonlyMap<string, string>;
  /** In the order of the data. */
  readonly tensors: ReadonlyMap<string, FileArray>;
}

/**
 * Opens a safetensors file: its header is read and checked, its tensors where they are asked for. `close()` it.
 *
 * @throws FileSystemError where the system does not let it be read, FileFormatError where it breaks the format
 */
export async function openSafetensorsFile(path: string, options: SafetensorsOptions = {}): Promise<SafetensorsFile> {
  const { file = path, ...rest } = readOptions("openSafetensorsFile", options, OPEN);
  return openSafetensors(await openFile(path), { file, ...rest });
}

/** Reads all of a safetensors file as float32 (see `SafetensorsFile.read`). Throws as `openSafetensorsFile` does. */
export async function readSafetensorsFile(path: string, options: SafetensorsOptions = {}): Promise<SafetensorsContent> {
  const file = await openSafetensorsFile(path, options);
  try {
    return { metadata: file.metadata, tensors: await file.readAll() };
  } finally {
    await file.close();
  }
}

/**
 * Writes a safetensors file, all or nothing (see `writeFileAtomically`), with the bytes that
 * `writeSafetensors` gives. Throws as the two do.
 */
export async function writeSafetensorsFile(
  path: string,
  tensors: NamedFloats,
  options: SafetensorsWriteOptions = {},
): Promise<void> {
  await writeFileAtomically(path, safetensorsChunks(tensors, options));
}
