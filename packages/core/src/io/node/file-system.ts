// The little of Node's file system that is needed here, typed as it behaves, so that the core is compiled without the
// types of Node; and its failures in words.

import { BackendError, FileSystemError } from "../../errors.js";

/** An open file. */
export interface FileHandle {
  read(buffer: Uint8Array, offset: number, length: number, position: number): Promise<{ readonly bytesRead: number }>;
  write(buffer: Uint8Array, offset: number, length: number): Promise<{ readonly bytesWritten: number }>;
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** What is known about a path. */
export interface FileStatus {
  readonly size: number;
  isFile(): boolean;
  isDirectory(): boolean;
}

/** Node's fs/promises. */
export interface FileSystem {
  open(path: string, flags: string): Promise<FileHandle>;
  stat(path: string): Promise<FileStatus>;
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
}

/** Node's path. */
export interface Paths {
  dirname(path: string): string;
  basename(path: string): string;
  join(...parts: string[]): string;
}

interface NodeProcess {
  getBuiltinModule?(name: string): unknown;
}

/** Node's own file system. Throws where there is none. */
export function nodeFileSystem(): FileSystem {
  return nodeModule<FileSystem>("node:fs/promises");
}

/** Node's own path functions. Throws where there are none. */
export function nodePaths(): Paths {
  return nodeModule<Paths>("node:path");
}

function nodeModule<Module>(name: string): Module {
  const { process } = globalThis as { process?: NodeProcess };
  const module = process?.getBuiltinModule?.(name) as Module | undefined;
  if (!module) throw new BackendError("@adjoint/core/node", `there is no ${name} here; Node ≥ 20.19 has it`);
  return module;
}

const PROBLEMS: Readonly<Record<string, string>> = {
  EACCES: "there is no permission",
  EDQUOT: "the disk quota is used up",
  EEXIST: "there is something of that name",
  EFBIG: "the file is larger than the file system takes",
  EIO: "the device failed",
  EISDIR: "it is a folder, not a file",
  EMFILE: "too many files are open",
  ENAMETOOLONG: "the name is too long",
  ENOENT: "there is no such file or folder",
  ENOSPC: "the disk is full",
  ENOTDIR: "a part of the path is not a folder",
  EPERM: "there is no permission",
  EROFS: "the file system is read-only",
};

/** The system's code of a failure, where it has one. */
export function codeOf(error: unknown): string | undefined {
  const { code } = (error ?? {}) as { readonly code?: unknown };
  return typeof code === "string" ? code : undefined;
}

/** A failure of the system as one line that names the path. */
export function fileSystemError(where: string, path: string, cause: unknown): FileSystemError {
  const code = codeOf(cause);
  const said = cause instanceof Error ? cause.message : String(cause);
  const problem = code !== undefined && PROBLEMS[code] ? `${PROBLEMS[code]} (${code})` : said;
  return new FileSystemError(where, { path, problem, code }, { cause });
}
