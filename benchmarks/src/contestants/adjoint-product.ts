// adjoint's product, on any backend: the operands stay in the backend's own memory, and each call is a scope, as in a
// step of training.

import { matmul, noGradient, scope } from "@adjoint/core";
import { resident } from "./adjoint-resident.js";
import type { Prepared } from "./implementation.js";
import type { ProductTask } from "./protocol.js";

/** The product of a task's matrices. */
export async function prepareProduct({ m, k, n, transposeA, a, b }: ProductTask): Promise<Prepared> {
  const left = resident(a, transposeA ? [k, m] : [m, k]);
  const right = resident(b, [k, n]);
  const multiply = () => noGradient(() => matmul(left, right, { transposeA }));
  return {
    result: Float32Array.from(await multiply().data()),
    call: () => {
      scope(() => {
        multiply();
      });
    },
  };
}
