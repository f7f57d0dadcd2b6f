// Writing a file so that at every moment, also when the machine stops, there is the whole old file or the whole new one.

import { codeOf, type FileHandle, type FileSystem, fileSystemError, nodeFileSystem, nodePaths } from "./file-system.js";

/** The bytes of a file: as one, in pieces, or in pieces that come with time. */
export type FileChunks = Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

/** What one call of the system is given: it takes no more than 2³¹ − 1. */
const MOST_AT_ONCE = 2 ** 30;

/** What flushing a folder fails with where the system or the kind of file system does not do that at all. */
const NOT_FLUSHABLE = ["EACCES", "EBADF", "EINVAL", "EISDIR", "ENOTSUP", "EPERM"];

/**
 * Writes a file, or leaves it as it is: into a temporary file in the same folder (`.name.….tmp`), which is flushed to
 * the disk and takes the old file's place in one step; then the folder is flushed. Where anything fails, the temporary
 * file is removed. A process that is killed while it writes leaves it behind. A symbolic link is replaced, not followed.
 *
 * @param chunks what it throws is thrown on
 * @param fileSystem stands in for Node's own
 * @throws FileSystemError with one line that names the path: a full disk, no permission, a part that is no folder, …
 */
export async function writeFileAtomically(
  path: string,
  chunks: FileChunks,
  fileSystem: FileSystem = nodeFileSystem(),
): Promise<void> {
  const { basename, dirname, join } = nodePaths();
  const folder = dirname(path);
  const temporary = join(folder, `.${basename(path)}.${randomName()}.tmp`);
  const failed = (cause: unknown) => {
    throw fileSystemError("writeFileAtomically", path, cause);
  };
  const handle = await fileSystem.open(temporary, "wx").catch(failed);
  try {
    await writeAndClose(handle, chunks, failed);
    await fileSystem.rename(temporary, path).catch(failed);
  } catch (error) {
    // the first failure is the one to tell of
    await fileSystem.unlink(temporary).catch(() => undefined);
    throw error;
  }
  await flushFolder(folder, fileSystem).catch(failed);
}

async function writeAndClose(handle: FileHandle, chunks: FileChunks, failed: (cause: unknown) => never): Promise<void> {
  try {
    for await (const chunk of chunks instanceof Uint8Array ? [chunks] : chunks) {
      await writeAll(handle, chunk).catch(failed);
    }
    await handle.sync().catch(failed);
  } catch (error) {
    await handle.close().catch(() => undefined);
    throw error;
  }
  // some file systems tell of a full disk only here
  await handle.close().catch(failed);
}

async function writeAll(handle: FileHandle, chunk: Uint8Array): Promise<void> {
  let done = 0;
  while (done < chunk.length) {
    const { bytesWritten } = await handle.write(chunk, done, Math.min(chunk.length - done, MOST_AT_ONCE));
    done += bytesWritten;
  }
}

async function flushFolder(folder: string, fileSystem: FileSystem): Promise<void> {
  try {
    const handle = await fileSystem.open(folder, "r");
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (!NOT_FLUSHABLE.includes(codeOf(error) ?? "")) throw error;
  }
}

/** For two that write the same file at once. */
function randomName(): string {
  const [a = 0, b = 0] = crypto.getRandomValues(new Uint32Array(2));
  return a.toString(36) + b.toString(36);
}
