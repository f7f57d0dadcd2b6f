// adjoint in the page, in one of the modes of its gpu backend.

import { type BackendName, matmul, noGradient, scope, tensor, useBackend } from "@adjoint/core";
import { prepareGan } from "../contestants/adjoint-gan.js";
import { resident } from "../contestants/adjoint-resident.js";
import { noPart, type Prepared } from "../contestants/implementation.js";
import type { ProductTask } from "../contestants/protocol.js";
import type { PageLibrary } from "./page.js";

/** adjoint on a backend. */
export function adjointIn(name: BackendName): PageLibrary {
  return {
    select: async () => void (await useBackend(name)),
    prepare: async (task) => {
      if (task.kind === "product") return prepareProduct(task);
      if (task.kind === "gan") return prepareGan(task);
      throw noPart("adjoint in a page", task);
    },
    settle: async () => void (await tensor([1]).add(1).data()),
  };
}

async function prepareProduct({ m, k, n, transposeA, a, b }: ProductTask): Promise<Prepared> {
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
