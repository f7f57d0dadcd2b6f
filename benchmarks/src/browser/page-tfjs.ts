// TensorFlow.js in the page, on its webgpu or its webgl backend.

import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-core/dist/register_all_gradients.js";
import "@tensorflow/tfjs-backend-webgl";
import "@tensorflow/tfjs-backend-webgpu";
import { noPart, type Prepared } from "../contestants/implementation.js";
import type { ProductTask } from "../contestants/protocol.js";
import { prepareTfjsGan } from "../contestants/tfjs-gan.js";
import type { PageLibrary } from "./page.js";

/** tfjs on a backend. */
export function tfjsOn(backend: "webgpu" | "webgl"): PageLibrary {
  return {
    select: async () => {
      if (!(await tf.setBackend(backend))) throw new Error(`tfjs does not start its ${backend} backend`);
      await tf.ready();
    },
    prepare: async (task) => {
      if (task.kind === "product") return prepareProduct(task);
      if (task.kind === "gan") return prepareTfjsGan(tf, task);
      throw noPart("tfjs in a page", task);
    },
    settle: async () => {
      // large enough not to be computed on the processor, as tfjs does with small tensors
      const zeros = tf.tensor1d(new Float32Array(4096));
      const sum = tf.add(zeros, zeros);
      await sum.data();
      tf.dispose([zeros, sum]);
    },
  };
}

async function prepareProduct({ m, k, n, transposeA, a, b }: ProductTask): Promise<Prepared> {
  const left = tf.tensor2d(a, transposeA ? [k, m] : [m, k]);
  const right = tf.tensor2d(b, [k, n]);
  const product = tf.matMul(left, right, transposeA);
  const result = Float32Array.from(await product.data());
  product.dispose();
  return {
    result,
    call: () => tf.matMul(left, right, transposeA).dispose(),
    forget: () => tf.dispose([left, right]),
  };
}
