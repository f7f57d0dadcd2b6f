// @adjoint/onnx: the public API. Named exports only.

export { OnnxExportError } from "./errors.js";
export { type ExportOnnxOptions, exportOnnx } from "./export-onnx.js";
