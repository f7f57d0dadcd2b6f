// @adjoint/core/node: the files of @adjoint/core/io at paths, and writing a file all or not at all. For Node.

export { FileFormatError, FileSystemError } from "../../errors.js";
export {
  openNpzFile,
  readIdxFile,
  readNpyFile,
  readNpzFile,
  writeIdxFile,
  writeNpyFile,
  writeNpzFile,
} from "./array-files.js";
export { loadCheckpoint, readCheckpointFile, saveCheckpoint } from "./checkpoint-file.js";
export type { FileSystem } from "./file-system.js";
export { type OpenFile, openFile } from "./open-file.js";
export {
  openSafetensorsFile,
  readSafetensorsFile,
  type SafetensorsContent,
  writeSafetensorsFile,
} from "./safetensors-file.js";
export { type FileChunks, writeFileAtomically } from "./write-file-atomically.js";
