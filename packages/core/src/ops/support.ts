// What ops share: turning arguments into tensors, and refusing what does not go together.

import type { Backend } from "../backends/backend.js";
import { currentBackend } from "../backends/current.js";
import { describe } from "../describe.js";
import type { DType } from "../dtype.js";
import { BackendError, DTypeError } from "../errors.js";
import type { OptionKind } from "../options.js";
import { Tensor, wrap } from "../tensor.js";

export { describe };

/** Where a tensor is expected, a number will do: it broadcasts. */
export type TensorLike = Tensor | number;

/** The arguments of an op as tensors of one backend and one element type; numbers take theirs from the tensors. */
export function operands<const Values extends readonly TensorLike[]>(
  where: string,
  values: Values,
): { -readonly [K in keyof Values]: Tensor } {
  const first = values.find((value) => value instanceof Tensor);
  const backend = first?.backend ?? currentBackend();
  const dtype = first?.dtype ?? (backend.dtypes[0] as DType);
  return values.map((value) => {
    if (!(value instanceof Tensor)) return constant(where, value, backend, dtype);
    checkTogether(where, first as Tensor, value);
    return value;
  }) as { -readonly [K in keyof Values]: Tensor };
}

function constant(where: string, value: unknown, backend: Backend, dtype: DType): Tensor {
  if (typeof value !== "number") {
    throw new DTypeError(where, `expected a tensor or a number, got ${describe(value)}; make tensors with tensor(…)`);
  }
  return wrap(backend, backend.fill(dtype, 1, value), [], "a number");
}

/** An option that is a tensor. */
export const tensorOption: OptionKind = { expected: "a tensor", accepts: (value) => value instanceof Tensor };

/** Throws unless two tensors live on the same backend and have the same element type. */
export function checkTogether(where: string, a: Tensor, b: Tensor): void {
  if (a.backend !== b.backend) {
    throw new BackendError(
      where,
      `operands live on different backends: ${a.backend.name} × ${b.backend.name}; make both after the same useBackend`,
    );
  }
  if (a.dtype !== b.dtype) throw new DTypeError(where, `element types differ: ${a.dtype} × ${b.dtype}`);
}
