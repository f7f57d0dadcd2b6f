// New tensors, on the current backend: from values, of one value, in steps, and at random.

import { currentBackend } from "../backends/current.js";
import { describe } from "../describe.js";
import { allocate, type DType, type FloatArray } from "../dtype.js";
import { ArgumentError, DTypeError, ShapeError } from "../errors.js";
import { anything, flag, numeric, optionsOf, readOptions, required, text } from "../options.js";
import { generator, type Random } from "../random.js";
import { checkShape, formatShape, type Shape, sizeOf } from "../shape.js";
import { type Tensor, wrap } from "../tensor.js";
import { operands } from "./support.js";

/** Numbers in arrays in arrays, as deep as the tensor has axes. */
export type NestedArray = number | readonly NestedArray[];

/** Host arrays that hold numbers. */
export type NumberArray =
  | FloatArray
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array;

/** Options of the functions that make tensors. */
export interface CreationOptions {
  /** The element type; by default that of the current backend, which is float32 but on `reference:float64`. */
  readonly dtype?: DType;
  /** Records ops on the tensor, so that `gradients` can be asked for with respect to it. */
  readonly requiresGradient?: boolean;
}

const CREATION = { dtype: text, requiresGradient: flag };

const CREATE = optionsOf<CreationOptions>(CREATION);

const TENSOR = optionsOf<CreationOptions & { shape?: Shape }>({ ...CREATION, shape: anything });

function make(where: string, data: FloatArray, shape: Shape, requiresGradient = false): Tensor {
  const result = wrap(currentBackend(), currentBackend().upload(data), shape, where);
  result.requiresGradient = requiresGradient;
  return result;
}

function resolveDType(where: string, dtype: DType | undefined): DType {
  const { dtypes, name } = currentBackend();
  if (dtype === undefined) return dtypes[0] as DType;
  if (!dtypes.includes(dtype)) {
    throw new DTypeError(where, `${name} has ${dtypes.join(" and ")}, not ${String(dtype)}; float64 is on reference`);
  }
  return dtype;
}

/**
 * A tensor of the given values, which are copied.
 *
 * @param values a number, nested arrays, or a typed array
 * @param options.shape the shape; by default that of the nesting, or one axis for a typed array
 * @throws ShapeError for ragged nesting, or values that do not fill the shape; DTypeError for what is not a number
 */
export function tensor(values: NestedArray | NumberArray, options: CreationOptions & { shape?: Shape } = {}): Tensor {
  readOptions("tensor", options, TENSOR);
  const dtype = resolveDType("tensor", options.dtype);
  const { data, shape: found } = ArrayBuffer.isView(values) ? flat(values, dtype) : nested(values, dtype);
  const shape = options.shape ?? found;
  checkShape("tensor", shape);
  if (sizeOf(shape) !== data.length) {
    throw new ShapeError("tensor", `${data.length} values do not fill ${formatShape(shape)}`);
  }
  return make("tensor", data, shape, options.requiresGradient);
}

function flat(values: NumberArray, dtype: DType): { data: FloatArray; shape: Shape } {
  if (values instanceof DataView || values instanceof BigInt64Array || values instanceof BigUint64Array) {
    throw new DTypeError("tensor", `takes arrays of numbers, got ${describe(values)}`);
  }
  const data = allocate(dtype, values.length);
  data.set(values);
  return { data, shape: [values.length] };
}

function nested(values: NestedArray, dtype: DType): { data: FloatArray; shape: Shape } {
  const shape: number[] = [];
  for (let level = values; Array.isArray(level); level = level[0]) {
    shape.push(level.length);
    if (level.length === 0) break;
  }
  const data = allocate(dtype, sizeOf(shape));
  let at = 0;
  const fill = (value: NestedArray, depth: number, path: string): void => {
    if (Array.isArray(value) && value.length === shape[depth]) {
      // not forEach, which passes over holes
      for (let i = 0; i < value.length; i++) fill(value[i], depth + 1, `${path}[${i}]`);
      return;
    }
    if (depth < shape.length || Array.isArray(value)) {
      const expected = depth < shape.length ? `${shape[depth]} entries` : "a number";
      const got = Array.isArray(value) ? `${value.length} entries` : describe(value);
      throw new ShapeError("tensor", `ragged nesting: values${path} must be ${expected}, got ${got}`);
    }
    if (typeof value !== "number") {
      throw new DTypeError("tensor", `values${path} must be a number, got ${describe(value)}`);
    }
    data[at++] = value;
  };
  fill(values, 0, "");
  return { data, shape };
}

function filled(where: string, shape: Shape, value: number, options: CreationOptions): Tensor {
  readOptions(where, options, CREATE);
  checkShape(where, shape);
  if (typeof value !== "number") throw new DTypeError(where, `the value must be a number, got ${describe(value)}`);
  const backend = currentBackend();
  const buffer = backend.fill(resolveDType(where, options.dtype), sizeOf(shape), value);
  const result = wrap(backend, buffer, shape, where);
  result.requiresGradient = options.requiresGradient ?? false;
  return result;
}

/** Zeros. Throws ShapeError for sizes that are not whole numbers ≥ 0. */
export function zeros(shape: Shape, options: CreationOptions = {}): Tensor {
  return filled("zeros", shape, 0, options);
}

/** Ones. Throws ShapeError for sizes that are not whole numbers ≥ 0. */
export function ones(shape: Shape, options: CreationOptions = {}): Tensor {
  return filled("ones", shape, 1, options);
}

/** One value everywhere. Throws ShapeError for sizes that are not whole numbers ≥ 0, DTypeError for no number. */
export function full(shape: Shape, value: number, options: CreationOptions = {}): Tensor {
  return filled("full", shape, value, options);
}

/** Zeros of the shape, element type and backend of `x`. */
export function zerosLike(x: Tensor): Tensor {
  const [{ backend, dtype, size, shape }] = operands("zerosLike", [x]);
  return wrap(backend, backend.fill(dtype, size, 0), shape, "zerosLike");
}

/** Ones of the shape, element type and backend of `x`. */
export function onesLike(x: Tensor): Tensor {
  const [{ backend, dtype, size, shape }] = operands("onesLike", [x]);
  return wrap(backend, backend.fill(dtype, size, 1), shape, "onesLike");
}

/**
 * Numbers from `start` (0 where only `stop` is given) up to, not including, `stop`, in steps of `step`. Each is rounded to
 * the element type: float32 skips odd numbers beyond 2²⁴.
 *
 * @throws ArgumentError for a step of 0, or numbers that are not finite
 */
export function arange(start: number, stop?: number, step = 1, options: CreationOptions = {}): Tensor {
  readOptions("arange", options, CREATE);
  const [from, to] = stop === undefined ? [0, start] : [start, stop];
  if (![from, to, step].every(Number.isFinite) || step === 0) {
    throw new ArgumentError("arange", `needs finite numbers and a step other than 0, got ${from}, ${to}, ${step}`);
  }
  const count = Math.max(0, Math.ceil((to - from) / step));
  const data = allocate(resolveDType("arange", options.dtype), count);
  for (let i = 0; i < count; i++) data[i] = from + i * step;
  return make("arange", data, [count], options.requiresGradient);
}

/**
 * `count` numbers at equal distances from `start` to `stop`, both included.
 *
 * @throws ArgumentError for a count that is no whole number ≥ 0
 */
export function linspace(start: number, stop: number, count: number, options: CreationOptions = {}): Tensor {
  readOptions("linspace", options, CREATE);
  if (!Number.isSafeInteger(count) || count < 0) {
    throw new ArgumentError("linspace", `the count must be a whole number ≥ 0, got ${count}`);
  }
  const data = allocate(resolveDType("linspace", options.dtype), count);
  for (let i = 0; i < count; i++) data[i] = start + ((stop - start) * i) / (count - 1 || 1);
  // exactly the end, whatever the rounding on the way
  if (count > 1) data[count - 1] = stop;
  return make("linspace", data, [count], options.requiresGradient);
}

/** Options of random tensors: the generator is always named, so that a run can be repeated. */
export interface RandomOptions extends CreationOptions {
  readonly random: Random;
}

const RANDOM = { ...CREATION, random: required(generator) };

const UNIFORM = optionsOf<RandomOptions & { low?: number; high?: number }>({ ...RANDOM, low: numeric, high: numeric });

const NORMAL = optionsOf<RandomOptions & { mean?: number; standardDeviation?: number }>({
  ...RANDOM,
  mean: numeric,
  standardDeviation: numeric,
});

/**
 * Uniform random numbers in [low, high), [0, 1) by default, from the given generator; rounded to the element type,
 * which in float32 can give `high` itself.
 *
 * @throws ShapeError for a bad shape; ArgumentError unless low ≤ high and both are finite, or for no generator
 */
export function randomUniform(shape: Shape, options: RandomOptions & { low?: number; high?: number }): Tensor {
  const { random, low = 0, high = 1 } = readOptions("randomUniform", options, UNIFORM);
  if (!(low <= high) || !Number.isFinite(high - low)) {
    throw new ArgumentError("randomUniform", `needs finite low ≤ high, got ${low} and ${high}`);
  }
  checkShape("randomUniform", shape);
  const data = random.fillUniform(allocate(resolveDType("randomUniform", options.dtype), sizeOf(shape)));
  for (let i = 0; i < data.length; i++) data[i] = low + (high - low) * (data[i] as number);
  return make("randomUniform", data, shape, options.requiresGradient);
}

/**
 * Normal random numbers, of mean 0 and standard deviation 1 by default, from the given generator.
 *
 * @throws ShapeError for a bad shape; ArgumentError for a standard deviation below 0, or for no generator
 */
export function randomNormal(
  shape: Shape,
  options: RandomOptions & { mean?: number; standardDeviation?: number },
): Tensor {
  const { random, mean = 0, standardDeviation = 1 } = readOptions("randomNormal", options, NORMAL);
  if (!(standardDeviation >= 0)) {
    throw new ArgumentError("randomNormal", `the standard deviation must be ≥ 0, got ${standardDeviation}`);
  }
  checkShape("randomNormal", shape);
  const fast = standardNormal(shape, mean === 0 && standardDeviation === 1, options);
  if (fast) return fast;
  const data = random.fillNormal(allocate(resolveDType("randomNormal", options.dtype), sizeOf(shape)));
  if (mean !== 0 || standardDeviation !== 1) {
    for (let i = 0; i < data.length; i++) data[i] = mean + standardDeviation * (data[i] as number);
  }
  return make("randomNormal", data, shape, options.requiresGradient);
}

/** Standard normal numbers from a backend that makes them itself, the same ones. */
function standardNormal(shape: Shape, standard: boolean, options: RandomOptions): Tensor | undefined {
  const backend = currentBackend();
  if (!standard || !backend.normal || resolveDType("randomNormal", options.dtype) !== "float32") return undefined;
  const size = sizeOf(shape);
  const result = wrap(backend, backend.normal(size, options.random.skip(size, 2)), shape, "randomNormal");
  result.requiresGradient = options.requiresGradient ?? false;
  return result;
}
