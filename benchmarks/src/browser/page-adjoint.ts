// adjoint in the page, in one of the modes of its gpu backend.

import { type BackendName, tensor, useBackend } from "@adjoint/core";
import * as gpuJs from "gpu.js";
import { prepareGan } from "../contestants/adjoint-gan.js";
import { prepareProduct } from "../contestants/adjoint-product.js";
import { noPart } from "../contestants/implementation.js";
import type { PageLibrary } from "./page.js";

/** adjoint on a backend. */
export function adjointIn(name: BackendName): PageLibrary {
  return {
    select: async () => void (await useBackend(name, { gpuJs })),
    prepare: async (task) => {
      if (task.kind === "product") return prepareProduct(task);
      if (task.kind === "gan") return prepareGan(task);
      throw noPart("adjoint in a page", task);
    },
    settle: async () => void (await tensor([1]).add(1).data()),
  };
}
