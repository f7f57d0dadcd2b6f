// Computing the same on a backend and in float64, and saying how far apart they are.

import type { Backend } from "../backends/backend.js";
import { withBackend } from "../backends/current.js";
import { ReferenceBackend } from "../backends/reference/index.js";
import type { FloatArray } from "../dtype.js";
import { tensor } from "../ops/creation.js";
import { Random } from "../random.js";
import { scope } from "../scope.js";
import { sizeOf } from "../shape.js";
import type { Tensor } from "../tensor.js";
import type { CheckedInput, OpCheck } from "./op-checks.js";

/** How far something that was computed is from the same in float64. */
export interface Finding {
  /** What was computed: an op, or the part of a network. */
  readonly what: string;
  /** The largest error, relative as the tolerance is; null where it is no finite number. */
  readonly error: number | null;
  readonly tolerance: number;
  /** What is wrong; absent where nothing is. */
  readonly problem?: string;
}

/** Below this a float32 has fewer bits, or is 0 on some devices. */
const SMALLEST_NORMAL = 2 ** -126;

/** Says what ops should come to, in float64; each of them is computed once, however many backends are compared. */
export class Referee {
  readonly backend: Backend = new ReferenceBackend({ dtype: "float64" });
  readonly #expected = new Map<OpCheck, Pick<Comparison, "expected" | "sizes">>();

  /** The values of an op, and what their errors are relative to. */
  async expectedOf(check: OpCheck): Promise<Pick<Comparison, "expected" | "sizes">> {
    const known = this.#expected.get(check);
    if (known) return known;
    const { scale, inputs } = check;
    const expected = await valuesOf(this.backend, check);
    const sizes = scale ? await compute(this.backend, () => scale(...drawInputs(inputs))) : expected;
    this.#expected.set(check, { expected, sizes });
    return { expected, sizes };
  }
}

/** What `make` returns on a backend, read. All that it made is given back. */
export async function compute(backend: Backend, make: () => Tensor): Promise<FloatArray> {
  const result = withBackend(backend, () => scope(make));
  try {
    return await result.data();
  } finally {
    result.dispose();
  }
}

/** A check's inputs on the current backend: the same values on each, rounded to float32. */
export function drawInputs(inputs: readonly CheckedInput[], seed = 1): Tensor[] {
  const random = new Random(seed);
  return inputs.map(({ shape, low, high, requiresGradient = false }) => {
    const values = Float32Array.from(
      random.fillUniform(new Float64Array(sizeOf(shape))),
      (x) => low + x * (high - low),
    );
    return tensor(values, { shape, requiresGradient });
  });
}

/** The values of an op on a backend. Rejects where it fails. */
export function valuesOf(backend: Backend, { inputs, apply }: OpCheck): Promise<FloatArray> {
  return compute(backend, () => apply(...drawInputs(inputs)));
}

/** Compares the values of an op with those in float64. */
export async function compareOp(check: OpCheck, actual: FloatArray, referee: Referee): Promise<Finding> {
  return compareValues(check.op, { actual, ...(await referee.expectedOf(check)), tolerance: check.tolerance });
}

/** Values, and what they should be within `tolerance` of `sizes`, element by element. */
export interface Comparison {
  readonly actual: FloatArray;
  readonly expected: FloatArray;
  readonly sizes: FloatArray;
  readonly tolerance: number;
}

/** The worst element. */
export function compareValues(what: string, { actual, expected, sizes, tolerance }: Comparison): Finding {
  if (actual.length !== expected.length) {
    return { what, error: null, tolerance, problem: `${actual.length} values, expected ${expected.length}` };
  }
  let worst = 0;
  let at = 0;
  for (let i = 0; i < expected.length; i++) {
    const error = relativeError(actual[i] as number, expected[i] as number, Math.abs(sizes[i] as number));
    if (error <= worst) continue;
    [worst, at] = [error, i];
  }
  const error = Number.isFinite(worst) ? worst : null;
  if (worst <= tolerance) return { what, error, tolerance };
  return { what, error, tolerance, problem: `element ${at} is ${actual[at]}, expected ${expected[at]}` };
}

/** |actual − expected| / size; infinite for NaN where a number is expected. */
function relativeError(actual: number, expected: number, size: number): number {
  const difference = Math.abs(actual - expected);
  if (Object.is(actual, expected) || difference <= SMALLEST_NORMAL) return 0;
  return Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference / size;
}

/** Whether two arrays are the same bit for bit. */
export function sameBits(a: FloatArray, b: FloatArray): boolean {
  return a.length === b.length && a.every((value, i) => Object.is(value, b[i]));
}
