// Files of NumPy and IDX files at paths.

import type { ExactFileArray, FileArray } from "../element-types.js";
import { readIdxExact, writeIdx } from "../idx.js";
import { npyChunks, readNpy } from "../npy.js";
import { type NpzFile, openNpz } from "../npz.js";
import { type NpzWriteOptions, npzChunks } from "../npz-writer.js";
import type { NamedArrays } from "../safetensors-writer.js";
import { openFile } from "./open-file.js";
import { writeFileAtomically } from "./write-file-atomically.js";

/** `readNpy` of a path. Throws FileSystemError where the system does not let it be read. */
export async function readNpyFile(path: string): Promise<FileArray> {
  return readNpy(await openFile(path));
}

/** Writes what `writeNpy` gives, all or nothing (see `writeFileAtomically`). */
export async function writeNpyFile(path: string, array: FileArray): Promise<void> {
  await writeFileAtomically(path, npyChunks("writeNpy", array));
}

/** `openNpz` of a path; `close()` it. Throws FileSystemError where the system does not let it be read. */
export async function openNpzFile(path: string): Promise<NpzFile> {
  return openNpz(await openFile(path));
}

/** All arrays of an .npz file, as float32. Throws as `openNpzFile` and `NpzFile.read` do. */
export async function readNpzFile(path: string): Promise<Map<string, FileArray>> {
  const file = await openNpzFile(path);
  try {
    return await file.readAll();
  } finally {
    await file.close();
  }
}

/** Writes what `writeNpz` gives, all or nothing (see `writeFileAtomically`). */
export async function writeNpzFile(path: string, arrays: NamedArrays, options: NpzWriteOptions = {}): Promise<void> {
  await writeFileAtomically(path, await npzChunks(arrays, options));
}

/** `readIdxExact` of a path: gzipped or not, in its own element type. Throws FileSystemError as `readNpyFile` does. */
export async function readIdxFile(path: string): Promise<ExactFileArray> {
  return readIdxExact(await openFile(path));
}

/** Writes what `writeIdx` gives, all or nothing (see `writeFileAtomically`). */
export async function writeIdxFile(path: string, array: Parameters<typeof writeIdx>[0]): Promise<void> {
  await writeFileAtomically(path, writeIdx(array));
}
