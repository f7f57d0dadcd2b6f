// How an input that a layer does not take is refused.

import { type Shape, ShapeError } from "@adjoint/core";
import type { Value } from "./graph-builder.js";

/** Throws the ShapeError of a layer: what it expects, and what it was offered. */
export function refuse(kind: string, path: string, expected: string, { shape }: Value): never {
  const where = path === "" ? "the model" : `layer ${path}`;
  throw new ShapeError("exportOnnx", `${where} (${kind}) ${expected}, got ${formatBatch(shape)}`);
}

/** `[batch,28,28]`. */
export function formatBatch(shape: Shape): string {
  return `[${["batch", ...shape].join(",")}]`;
}
