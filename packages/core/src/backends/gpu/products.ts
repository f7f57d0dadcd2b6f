// Matrix products by gpu.js: one kernel for each shape and mode, operands as they are stored, results row-major.

import { BackendError, ShapeError } from "../../errors.js";
import type { Epilogue, MatmulSpec } from "../backend.js";
import type { Handle, Values } from "./handle.js";
import { arrangeResults, type ProductPlan, planKey, planOutput, planProduct } from "./product-plan.js";
import { productSource } from "./product-source.js";
import type { Runtime } from "./runtime.js";
import type { StoredValue } from "./stored-value.js";
import type { Launch } from "./value-store.js";

/** webasm counts its loops in float32. */
const LONGEST_LOOP = 2 ** 24;

/** How a product is computed. */
export interface ProductLaunch {
  readonly launch: Launch;
  /** Whether the epilogue is part of it; where it is not, the caller does what it says. */
  readonly epilogueDone: boolean;
}

/** What is multiplied, and what comes after. */
export interface ProductOperands {
  readonly a: StoredValue;
  readonly b: StoredValue;
  readonly bias: StoredValue | undefined;
  readonly activation: Epilogue["activation"];
}

/**
 * What computes the product of A and B as `spec` describes them, none of its sizes 0, and what it is called with.
 *
 * @throws ShapeError for operands of other lengths than `spec` says; BackendError for one too long for the mode
 */
export function productLaunch(runtime: Runtime, operands: ProductOperands, spec: MatmulSpec): ProductLaunch {
  const { a, b, bias, activation } = operands;
  checkLengths(runtime.name, a.size, b.size, spec);
  const { products } = runtime;
  if (!products?.takes(spec, activation)) {
    return { launch: plainLaunch(runtime, operands, spec), epilogueDone: false };
  }
  const run = ([left, right, row]: readonly Handle[]) =>
    products.multiply({ a: left as Handle, b: right as Handle, bias: row }, spec, activation);
  return { launch: { inputs: bias ? [a, b, bias] : [a, b], run }, epilogueDone: true };
}

/** A kernel of gpu.js, without the epilogue. */
function plainLaunch(runtime: Runtime, { a, b }: ProductOperands, spec: MatmulSpec): Launch {
  if (runtime.mode === "webasm" && spec.k > LONGEST_LOOP) {
    throw new BackendError(runtime.name, `matmul: an inner size above 2^24 cannot be counted in this mode: ${spec.k}`);
  }
  const plan = planProduct(runtime.mode, spec);
  return {
    label: planKey(plan),
    inputs: plan.swapped ? [b, a] : [a, b],
    numbers: [],
    describe: () => ({
      source: productSource(plan),
      output: planOutput(plan),
      lengths: plan.lengths,
      results: spec.batch * plan.blocks * plan.columns * plan.tile,
    }),
    prepare: ([left, ...right]) => [padded(left as Handle, plan), ...right],
    arrange: (result) => (result instanceof Float32Array ? arrangeResults(plan, result) : result),
  };
}

function checkLengths(where: string, a: number, b: number, spec: MatmulSpec): void {
  const { batch, m, n, k, sharedA, sharedB } = spec;
  const [left, right] = [(sharedA ? 1 : batch) * m * k, (sharedB ? 1 : batch) * k * n];
  if (a === left && b === right) return;
  const sizes = `${batch}×${m}×${k}×${n}`;
  throw new ShapeError(where, `matmul ${sizes} takes ${left} and ${right} values, got ${a} and ${b}`);
}

/** The first operand, with zeros after its end where the last tile reads beyond it. */
function padded(operand: Handle, { padding, lengths }: ProductPlan): Handle {
  if (padding === 0) return operand;
  const copy = new Float32Array(lengths[0]);
  copy.set(operand as Values);
  return copy;
}
