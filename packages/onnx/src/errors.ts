// The error of a model that has no ONNX form.

import { AdjointError } from "@adjoint/core";

/** A layer that cannot be exported: which one, and where in the model. */
export class OnnxExportError extends AdjointError {
  override readonly name = "OnnxExportError";
  /** The layer's kind, as a summary names it. */
  readonly kind: string;
  /** The layer's place in the model, `2` or `1.0` inside a nested Sequential; empty for the model itself. */
  readonly path: string;

  constructor(problem: string, { kind, path }: { readonly kind: string; readonly path: string }) {
    super("exportOnnx", `${path === "" ? "the model" : `layer ${path}`} (${kind}) ${problem}`);
    this.kind = kind;
    this.path = path;
  }
}
