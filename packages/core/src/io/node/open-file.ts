// A file as a source that can be read at any offset.

import { FileSystemError } from "../../errors.js";
import type { RandomAccessSource } from "../byte-source.js";
import { type FileHandle, type FileSystem, fileSystemError, nodeFileSystem } from "./file-system.js";

/** An open file, for the readers of @adjoint/core/io. They close it. */
export interface OpenFile extends RandomAccessSource {
  /** The path: what errors call it. */
  readonly name: string;
  /** Reads memory of its own. Fewer bytes than asked for only where the file has become shorter. */
  read(offset: number, length: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** What one call of the system is asked for: it takes no more than 2³¹ − 1. */
const MOST_AT_ONCE = 2 ** 30;

/**
 * Opens a file for reading.
 *
 * @param fileSystem stands in for Node's own
 * @throws FileSystemError where there is none, it may not be read, or it is no ordinary file (a folder, a pipe)
 */
export async function openFile(path: string, fileSystem: FileSystem = nodeFileSystem()): Promise<OpenFile> {
  const failed = (cause: unknown) => {
    throw fileSystemError("openFile", path, cause);
  };
  const status = await fileSystem.stat(path).catch(failed);
  if (!status.isFile()) {
    // before it is opened, since opening a pipe waits for somebody to write
    const problem = status.isDirectory() ? "it is a folder, not a file" : "it is not an ordinary file";
    throw new FileSystemError("openFile", { path, problem, code: undefined });
  }
  const handle = await fileSystem.open(path, "r").catch(failed);
  return {
    name: path,
    size: status.size,
    read: (offset, length) => readAt(handle, offset, length).catch(failed),
    close: () => handle.close(),
  };
}

async function readAt(handle: FileHandle, offset: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let done = 0;
  while (done < length) {
    const wanted = Math.min(length - done, MOST_AT_ONCE);
    const { bytesRead } = await handle.read(bytes, done, wanted, offset + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return bytes.subarray(0, done);
}
