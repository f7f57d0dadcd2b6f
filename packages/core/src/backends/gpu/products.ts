// Matrix products by gpu.js: one kernel for each shape and mode, operands as they are stored, results row-major.

import { BackendError } from "../../errors.js";
import type { MatmulSpec } from "../backend.js";
import type { Pending, Values } from "./gpu-buffer.js";
import { arrangeResults, type ProductPlan, planKey, planOutput, planProduct } from "./product-plan.js";
import { productSource } from "./product-source.js";
import type { Runtime } from "./runtime.js";

/** webasm counts its loops in float32. */
const LONGEST_LOOP = 2 ** 24;

/**
 * The product of A and B as `spec` describes them, batch × m × n, in an array of its own.
 *
 * @throws ShapeError for operands of other lengths than `spec` says; BackendError where gpu.js fails
 */
export function multiply(runtime: Runtime, a: Values, b: Values, spec: MatmulSpec): Pending<Values> {
  const { batch, m, n, k } = spec;
  if (batch * m * n * k === 0) return new Float32Array(batch * m * n);
  if (runtime.mode === "webasm" && k > LONGEST_LOOP) {
    throw new BackendError(runtime.name, `matmul: an inner size above 2^24 cannot be counted in this mode: ${k}`);
  }
  const plan = planProduct(runtime.mode, spec);
  const [left, right] = plan.swapped ? [b, a] : [a, b];
  const inputs = [padded(left, plan), right];
  const results = runtime.kernels.run(planKey(plan), inputs, () => ({
    source: productSource(plan),
    output: planOutput(plan),
    lengths: plan.lengths,
    results: spec.batch * plan.blocks * plan.columns * plan.tile,
  }));
  return results instanceof Promise
    ? results.then((flat) => arrangeResults(plan, flat))
    : arrangeResults(plan, results);
}

/** The first operand, with zeros after its end where the last tile reads beyond it. */
function padded(operand: Values, { padding, lengths }: ProductPlan): Values {
  // an operand of the wrong length stays wrong: the kernel refuses it
  if (padding === 0 || operand.length !== lengths[0] - padding) return operand;
  const copy = new Float32Array(lengths[0]);
  copy.set(operand);
  return copy;
}
