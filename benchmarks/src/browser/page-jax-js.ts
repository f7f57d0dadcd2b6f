// jax-js in the page, on its webgpu device. It is lazy, and does nothing that is thrown away before somebody waits for
// it: each call waits.

import { blockUntilReady, defaultDevice, init, jit, numpy as np } from "@jax-js/jax";
import { noPart, type Prepared } from "../contestants/implementation.js";
import { prepareJaxGan } from "../contestants/jax-js-gan.js";
import type { ProductTask } from "../contestants/protocol.js";
import type { PageLibrary } from "./page.js";

/** jax-js on webgpu. */
export const jaxJs: PageLibrary = {
  select: async () => {
    const devices = await init("webgpu");
    if (!devices.includes("webgpu")) throw new Error("jax-js does not start its webgpu device");
    defaultDevice("webgpu");
  },
  prepare: async (task) => {
    if (task.kind === "product") return prepareProduct(task);
    if (task.kind === "gan") return prepareJaxGan(task);
    throw noPart("jax-js in a page", task);
  },
  settle: async () => {},
};

async function prepareProduct({ m, k, n, transposeA, a, b }: ProductTask): Promise<Prepared> {
  const left = np.array(a, { shape: transposeA ? [k, m] : [m, k] });
  const right = np.array(b, { shape: [k, n] });
  const product = jit((x: np.Array, y: np.Array) => np.matmul(transposeA ? np.transpose(x) : x, y));
  return {
    result: Float32Array.from(await product(left.ref, right.ref).data()),
    call: async () => {
      const result = product(left.ref, right.ref);
      await blockUntilReady(result);
      result.dispose();
    },
    forget: () => {
      left.dispose();
      right.dispose();
    },
  };
}
