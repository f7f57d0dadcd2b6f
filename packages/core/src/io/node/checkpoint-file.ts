// Checkpoints at paths.

import { readOptions } from "../../options.js";
import type { ReadOptions } from "../byte-source.js";
import { READ } from "../byte-source.js";
import {
  type Checkpoint,
  type CheckpointContent,
  type CheckpointParts,
  checkpointChunks,
  RESTORE,
  type RestoreOptions,
  readCheckpoint,
} from "../checkpoint.js";
import { openFile } from "./open-file.js";
import { writeFileAtomically } from "./write-file-atomically.js";

/**
 * Saves models, optimizers, random generators and where the run stands, as they are when this is called, into one
 * safetensors file, all or nothing (see `writeFileAtomically`): a full disk leaves the former file as it was.
 *
 * @throws NonFiniteError for a value that is infinite or not a number (see `allowNonFinite`); ArgumentError for
 *   `progress` that JSON would not give back as it is; FileSystemError with one line that names the path
 */
export async function saveCheckpoint(path: string, content: CheckpointContent): Promise<void> {
  await writeFileAtomically(path, await checkpointChunks("saveCheckpoint", content));
}

/** `readCheckpoint` of a path. Throws FileSystemError where the system does not let it be read. */
export async function readCheckpointFile(path: string, options: ReadOptions = {}): Promise<Checkpoint> {
  const { file = path } = readOptions("readCheckpointFile", options, READ);
  return readCheckpoint(await openFile(path), { file });
}

/**
 * Reads what `saveCheckpoint` saved and gives it back to the parts, which may live on any backend.
 *
 * @returns the checkpoint: its `progress` is what was saved under that name
 * @throws FileFormatError for a file that is damaged or no checkpoint; FileSystemError where it cannot be read;
 *   StateError that lists every name that is missing, unexpected or of another shape. Nothing was changed then.
 */
export async function loadCheckpoint(
  path: string,
  parts: CheckpointParts,
  options: RestoreOptions = {},
): Promise<Checkpoint> {
  readOptions("loadCheckpoint", options, RESTORE);
  const checkpoint = await readCheckpointFile(path);
  await checkpoint.restore(parts, options);
  return checkpoint;
}
