// The worst errors of the wasm backend's exp, log, tanh, sigmoid and softplus against float64, in units in the last
// place (ulp) of the float32 result. `node packages/core/scripts/measure-ulp.mjs [stride]` goes over every stride-th of
// all 2³² floats, every one of them by default, after `npm run build`; a test goes over some.

import { realpathSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { useBackend } from "@adjoint/core";

/** @typedef {"exp" | "log" | "tanh" | "sigmoid" | "softplus"} MeasuredName */
/** @typedef {Pick<import("@adjoint/core").Backend, "upload" | "unary" | "readSync" | "free">} Measured */
/** @typedef {{ inputs: number, worst: number, at: number, wrong: number[] }} Errors */

const FLOATS = 2 ** 32;
const BATCH = 2 ** 18;
const LARGEST = 2 ** 128 - 2 ** 104;

/** @type {Readonly<Record<MeasuredName, (x: number) => number>>} */
const truths = {
  exp: Math.exp,
  log: Math.log,
  tanh: Math.tanh,
  sigmoid: (x) => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x))),
  softplus: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
};

/** The functions that are measured. */
export const measuredNames = /** @type {MeasuredName[]} */ (Object.keys(truths));

/**
 * The errors over every stride-th bit pattern of a float32.
 *
 * @param {Measured} backend
 * @param {MeasuredName} name
 * @param {number} stride
 * @returns {Errors} `worst`: the largest |computed − true| / ulp(true), found at the input `at`; `wrong`: inputs, a few
 *   at most, where NaN, ±∞ or the sign of a zero is not what it should be
 */
export function measureErrors(backend, name, stride) {
  /** @type {Errors} */
  const errors = { inputs: 0, worst: 0, at: 0, wrong: [] };
  for (let start = 0; start < FLOATS; start += BATCH * stride) {
    const count = Math.min(BATCH, Math.ceil((FLOATS - start) / stride));
    const inputs = new Float32Array(Uint32Array.from({ length: count }, (_, i) => start + i * stride).buffer);
    const x = backend.upload(inputs);
    const y = backend.unary(name, x, []);
    compare(inputs, backend.readSync(y), truths[name], errors);
    backend.free(x);
    backend.free(y);
  }
  return errors;
}

/**
 * @param {Float32Array} inputs
 * @param {Float32Array | Float64Array} results
 * @param {(x: number) => number} truth
 * @param {Errors} errors
 */
function compare(inputs, results, truth, errors) {
  errors.inputs += inputs.length;
  for (let i = 0; i < inputs.length; i++) {
    const x = /** @type {number} */ (inputs[i]);
    const error = errorOf(/** @type {number} */ (results[i]), truth(x));
    if (error === Infinity && errors.wrong.length < 8) errors.wrong.push(x);
    else if (error > errors.worst) [errors.worst, errors.at] = [error, x];
  }
}

/**
 * In ulp of the true value; Infinity for what is wrong in kind.
 *
 * @param {number} result
 * @param {number} exact
 */
function errorOf(result, exact) {
  if (Object.is(result, Math.fround(exact))) return Number.isFinite(result) ? distance(result, exact) : 0;
  if (Number.isNaN(result) || Number.isNaN(exact) || exact === 0 || !Number.isFinite(exact)) return Infinity;
  if (result === 0 && Object.is(result, -0) !== exact < 0) return Infinity;
  // beside the largest float, infinity is as far as the next float would be
  return distance(Math.abs(result) === Infinity ? Math.sign(result) * 2 ** 128 : result, exact);
}

/**
 * @param {number} result
 * @param {number} exact
 */
function distance(result, exact) {
  const size = Math.min(Math.abs(exact), LARGEST);
  if (size < 2 ** -126) return Math.abs(result - exact) / 2 ** -149;
  // log2 may round up beside a power of two
  let power = 2 ** Math.floor(Math.log2(size));
  if (power > size) power /= 2;
  return Math.abs(result - exact) / (power * 2 ** -23);
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const stride = Number(process.argv[2] ?? 1);
  if (!Number.isInteger(stride) || stride < 1) throw new Error(`the stride must be a whole number ≥ 1, got ${stride}`);
  const { backend } = await useBackend("wasm");
  for (const name of measuredNames) {
    const { inputs, worst, at, wrong } = measureErrors(backend, name, stride);
    const kinds = wrong.length > 0 ? `; NaN, ±∞ or ±0 wrong at ${wrong.join(", ")}` : "";
    console.log(`${name}: worst error ${worst.toFixed(3)} ulp, at ${at}; ${inputs} inputs${kinds}`);
  }
}
