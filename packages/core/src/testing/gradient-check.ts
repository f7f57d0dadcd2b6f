// Checking derivatives against differences, which bound their own error. Everything runs in float64, since finite differences in float32 show
// nothing but rounding: on the backend in use where that is the reference one for float64, so that functions may use
// tensors from outside; on one of its own where it is not.

import { gradients } from "../autodiff.js";
import { currentBackend, withBackend } from "../backends/current.js";
import { ReferenceBackend } from "../backends/reference/index.js";
import { ArgumentError, GradientCheckError } from "../errors.js";
import { mul } from "../ops/arithmetic.js";
import { type NestedArray, tensor } from "../ops/creation.js";
import { sum } from "../ops/reductions.js";
import { numeric, optionsOf, readOptions } from "../options.js";
import { Random } from "../random.js";
import { formatShape, type Shape, sizeOf } from "../shape.js";
import { Tensor } from "../tensor.js";
import { derivativeAlong } from "./numeric-derivative.js";

/** An input of a check: nested arrays, host values with a shape, or a tensor (whose values are converted). */
export type CheckInput = NestedArray | { readonly data: ArrayLike<number>; readonly shape: Shape } | Tensor;

/** The function under check: any tensors to one tensor of any shape. It must give the same for the same inputs. */
export type CheckedFunction = (...inputs: Tensor[]) => Tensor;

/** Options of the checks. */
export interface CheckOptions {
  /** Half the width of the widest central difference, as a rule; 1e-4 by default. It is narrowed until it is accurate. */
  readonly epsilon?: number;
  /** Largest |analytic − numeric| / max(1, |analytic|, |numeric|) that passes; 1e-6 by default. */
  readonly tolerance?: number;
  /** How many random directions are tried; 3 by default. */
  readonly directions?: number;
  /** Inputs of at most so many elements in all are also checked one element at a time; 32 by default. */
  readonly coordinateLimit?: number;
  /** Seeds the random directions; 1 by default. */
  readonly seed?: number;
}

/** The largest error a check found. */
export interface CheckReport {
  /** |analytic − numeric| / max(1, |analytic|, |numeric|) of the worst comparison. */
  readonly error: number;
  readonly analytic: number;
  readonly numeric: number;
  /** How far `numeric` can be from the truth, as estimated from differences of several widths; 0 in `checkAdjoint`. */
  readonly numericError: number;
  /** Where it was: an element, as `input 0, element [1,2]`, or `random direction 1`. */
  readonly where: string;
  /** How many comparisons were made. */
  readonly comparisons: number;
}

const ownBackend = new ReferenceBackend({ dtype: "float64" });

function inFloat64<T>(fn: () => T): T {
  const current = currentBackend();
  const fits = current instanceof ReferenceBackend && current.dtypes[0] === "float64";
  return fits ? fn() : withBackend(ownBackend, fn);
}

const OPTIONS = optionsOf<CheckOptions>({
  epsilon: numeric,
  tolerance: numeric,
  directions: numeric,
  coordinateLimit: numeric,
  seed: numeric,
});

const ADJOINT = optionsOf<{ tolerance?: number; seed?: number }>({ tolerance: numeric, seed: numeric });

interface HostInput {
  readonly data: Float64Array;
  readonly shape: Shape;
}

/**
 * Compares the gradient of `fn` with central differences, along random directions and, on small inputs, element by
 * element. The output is reduced to a number by random weights, so that all of it is checked.
 *
 * Differences of several widths are extrapolated, until their own error is small against the tolerance: a steep function
 * raises no false alarm.
 *
 * @returns the worst comparison
 * @throws GradientCheckError that names the worst element where the error is above the tolerance, or where differences of
 *   any width are too far apart to tell: near a kink or a jump, or where the function is not the same at every call
 */
export function checkGradients(
  fn: CheckedFunction,
  inputs: readonly CheckInput[],
  options: CheckOptions = {},
): CheckReport {
  readOptions("checkGradients", options, OPTIONS);
  return inFloat64(() => check("checkGradients", fn, inputs.map(toHost), options));
}

/**
 * Checks the gradient of the gradient of `fn` in the same way: of ⟨∇⟨fn(x), w⟩, u⟩ for random w and u.
 *
 * @throws GradientCheckError that names the worst element where the error is above the tolerance
 */
export function checkSecondGradients(
  fn: CheckedFunction,
  inputs: readonly CheckInput[],
  options: CheckOptions = {},
): CheckReport {
  readOptions("checkSecondGradients", options, OPTIONS);
  return inFloat64(() => {
    const hosts = inputs.map(toHost);
    const random = new Random(options.seed ?? 1, { stream: 1 });
    const probes = hosts.map(({ shape }) => randomWeights(random, shape));
    const weights = randomWeights(random, fn(...hosts.map(leaf)).shape);
    const slope: CheckedFunction = (...tensors) => {
      const loss = sum(mul(fn(...tensors), weights));
      const found = gradients(loss, tensors, { allowUnused: true });
      return found.map((gradient, i) => sum(mul(gradient, probes[i] as Tensor))).reduce((a, b) => a.add(b));
    };
    return check("checkSecondGradients", slope, hosts, options);
  });
}

/**
 * Checks the adjoint identity ⟨A v, w⟩ = ⟨v, Aᵀ w⟩ of an op that is linear in its one input, for random v and w, to
 * rounding.
 *
 * @param shape the shape of the input
 * @throws GradientCheckError where the two differ by more than the tolerance, 1e-12 by default
 */
export function checkAdjoint(
  fn: (x: Tensor) => Tensor,
  shape: Shape,
  options: { tolerance?: number; seed?: number } = {},
): CheckReport {
  const { tolerance = 1e-12, seed = 1 } = readOptions("checkAdjoint", options, ADJOINT);
  return inFloat64(() => {
    const random = new Random(seed);
    const v = randomWeights(random, shape);
    v.requiresGradient = true;
    const image = fn(v);
    const w = randomWeights(random, image.shape);
    const product = sum(mul(image, w));
    const numeric = product.itemSync();
    const [transposed] = gradients(product, [v], { allowUnused: true }) as [Tensor];
    const analytic = sum(mul(transposed, v)).itemSync();
    const report = {
      ...compare(analytic, numeric),
      numericError: 0,
      where: `an input of shape ${formatShape(shape)}`,
      comparisons: 1,
    };
    return settle("checkAdjoint", report, tolerance);
  });
}

/** The part of the tolerance that a difference may be off, before it is narrowed. */
const GOAL = 0.1;

function check(name: string, fn: CheckedFunction, inputs: readonly HostInput[], options: CheckOptions): CheckReport {
  const { epsilon = 1e-4, tolerance = 1e-6, directions = 3, coordinateLimit = 32, seed = 1 } = options;
  if (inputs.length === 0) throw new ArgumentError(name, "needs at least one input");
  const random = new Random(seed);
  const weights = randomWeights(random, fn(...inputs.map(leaf)).shape);
  const valueAt = (moved: readonly HostInput[]) => sum(mul(fn(...moved.map(leaf)), weights)).itemSync();
  const analytic = gradientsAt(fn, inputs, weights);
  const middle = valueAt(inputs);
  const magnitude = Math.max(0, ...inputs.map(({ data }) => data.reduce((most, x) => Math.max(most, Math.abs(x)), 0)));
  const goal = (value: number) => GOAL * tolerance * Math.max(1, Math.abs(value));
  const along = ({ step, where }: Step): CheckReport => {
    const line = { at: (distance: number) => valueAt(moveBy(inputs, step, distance)), middle, magnitude };
    const { value, error } = derivativeAlong(line, epsilon, goal);
    return { ...compare(dot(analytic, step), value), numericError: error, where, comparisons: 1 };
  };
  const total = inputs.reduce((count, { data }) => count + data.length, 0);
  const elements = () => worstOf(inputs.flatMap((_, i) => unitSteps(inputs, i)).map(along));
  const lines = Array.from({ length: directions }, (_, i) => randomStep(random, inputs, `random direction ${i}`));
  const found = [...lines.map(along), ...(total <= coordinateLimit && total > 0 ? [elements()] : [])];
  if (found.length === 0) {
    throw new ArgumentError(name, `0 directions and more than ${coordinateLimit} elements leave nothing to compare`);
  }
  const worst = worstOf(found);
  // a direction says that something is wrong; an element says what
  const culprit = doubt(worst) > tolerance && total > 0 ? elements() : worst;
  return settle(name, doubt(culprit) > tolerance ? culprit : worst, tolerance);
}

/** How far the two derivatives can be apart, relative to their size, by their values and by what the numeric one leaves open. */
function doubt(report: CheckReport): number {
  return Math.max(report.error, unsure(report));
}

/** What a numeric derivative leaves open, relative to the size of both. */
function unsure({ analytic, numeric, numericError }: CheckReport): number {
  const sizes = [analytic, numeric].filter(Number.isFinite).map(Math.abs);
  return numericError / Math.max(1, ...sizes);
}

/** The most doubtful report, with the number of comparisons of all. */
function worstOf(reports: readonly CheckReport[]): CheckReport {
  const worst = reports.reduce((a, b) => (doubt(b) > doubt(a) ? b : a));
  return { ...worst, comparisons: reports.reduce((count, { comparisons }) => count + comparisons, 0) };
}

function settle(name: string, report: CheckReport, tolerance: number): CheckReport {
  const { error, analytic, numeric, numericError, where } = report;
  const values = `worst at ${where}: analytic ${analytic}, numeric ${numeric}`;
  if (error > tolerance + unsure(report) || !Number.isFinite(analytic) || Number.isNaN(numeric)) {
    throw new GradientCheckError(name, `error ${error.toExponential(2)} > ${tolerance.toExponential(2)}, ${values}`);
  }
  if (doubt(report) <= tolerance) return report;
  throw new GradientCheckError(
    name,
    `differences do not settle, ${values} ± ${numericError.toExponential(2)}; ` +
      "move the input away from kinks and jumps, and give the same output for the same input",
  );
}

function compare(analytic: number, numeric: number) {
  const difference = Math.abs(analytic - numeric) / Math.max(1, Math.abs(analytic), Math.abs(numeric));
  // NaN on both sides is agreement on nothing
  return { analytic, numeric, error: Number.isNaN(difference) ? Infinity : difference };
}

function gradientsAt(fn: CheckedFunction, inputs: readonly HostInput[], weights: Tensor): Float64Array[] {
  const tensors = inputs.map(leaf);
  const found = gradients(sum(mul(fn(...tensors), weights)), tensors, { allowUnused: true });
  return found.map((gradient) => Float64Array.from(gradient.dataSync()));
}

function toHost(input: CheckInput): HostInput {
  if (input instanceof Tensor) return { data: Float64Array.from(input.dataSync()), shape: input.shape };
  if (typeof input === "object" && "data" in input) {
    return { data: Float64Array.from(input.data), shape: input.shape };
  }
  const made = tensor(input);
  return { data: Float64Array.from(made.dataSync()), shape: made.shape };
}

/** An input as `fn` gets it. Always one that gradients can be asked for: `fn` may itself take some, as a penalty does. */
function leaf({ data, shape }: HostInput): Tensor {
  return tensor(data, { shape, requiresGradient: true });
}

function randomWeights(random: Random, shape: Shape): Tensor {
  return tensor(random.fillNormal(new Float64Array(sizeOf(shape))), { shape });
}

interface Step {
  readonly step: readonly Float64Array[];
  readonly where: string;
}

function randomStep(random: Random, inputs: readonly HostInput[], where: string): Step {
  const step = inputs.map(({ data }) => random.fillNormal(new Float64Array(data.length)));
  const length = Math.sqrt(dot(step, step)) || 1;
  return { step: step.map((part) => part.map((x) => x / length)), where };
}

function unitSteps(inputs: readonly HostInput[], which: number): Step[] {
  const { data, shape } = inputs[which] as HostInput;
  return Array.from(data, (_, element) => {
    const step = inputs.map((input) => new Float64Array(input.data.length));
    (step[which] as Float64Array)[element] = 1;
    return { step, where: `input ${which}, element ${formatShape(coordinates(element, shape))}` };
  });
}

function coordinates(element: number, shape: Shape): number[] {
  let rest = element;
  return [...shape]
    .reverse()
    .map((extent) => {
      const at = rest % extent;
      rest = Math.floor(rest / extent);
      return at;
    })
    .reverse();
}

function moveBy(inputs: readonly HostInput[], step: readonly Float64Array[], distance: number): HostInput[] {
  return inputs.map(({ data, shape }, i) => ({
    shape,
    data: data.map((x, j) => x + distance * ((step[i] as Float64Array)[j] as number)),
  }));
}

function dot(a: readonly Float64Array[], b: readonly Float64Array[]): number {
  let total = 0;
  a.forEach((part, i) => {
    part.forEach((x, j) => {
      total += x * ((b[i] as Float64Array)[j] as number);
    });
  });
  return total;
}
