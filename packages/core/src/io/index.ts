// @adjoint/core/io: files of arrays, read strictly and written to the byte, in Node and in browsers.

export { FileFormatError, type FileProblem } from "../errors.js";
export type { FileInput, RandomAccessSource, ReadOptions } from "./byte-source.js";
export {
  Checkpoint,
  type CheckpointContent,
  type CheckpointParts,
  type RestoreOptions,
  readCheckpoint,
  writeCheckpoint,
} from "./checkpoint.js";
export type { ElementType, ExactData, ExactFileArray, FileArray, Float64FileArray } from "./element-types.js";
export { readIdx, readIdxExact, writeIdx } from "./idx.js";
export { fromLayout, type Layout, layouts, toLayout } from "./layouts.js";
export { readNpy, readNpyExact, writeNpy } from "./npy.js";
export { type NpzFile, openNpz } from "./npz.js";
export { type NpzWriteOptions, writeNpz } from "./npz-writer.js";
export { openSafetensors, type SafetensorsFile, type SafetensorsOptions } from "./safetensors.js";
export type { SafetensorsEntry } from "./safetensors-header.js";
export {
  type NamedArrays,
  type NamedFloats,
  type SafetensorsWriteOptions,
  safetensorsChunks,
  writeSafetensors,
} from "./safetensors-writer.js";
export { fromArrays, toArrays } from "./state-arrays.js";
