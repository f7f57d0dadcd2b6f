// The updates of the optimizers in one pass over a parameter and what is remembered of it. The operations and their
// order are those of src/optim, so that a fused update has the bits of one made of ops.

import { loadPart, storePart } from "./lanes";
import { ownPlace } from "./thread";

/** The first `count` of four floats; all of them where the count is a constant 4. */
// @ts-ignore: decorator
@inline
function read(at: usize, count: usize): v128 {
  return count >= 4 ? v128.load(at) : loadPart(at, count);
}

// @ts-ignore: decorator
@inline
function write(at: usize, value: v128, count: usize): void {
  if (count >= 4) v128.store(at, value);
  else storePart(at, value, count);
}

/** Bytes of a line of the cache, and of those that are claimed at once: about as many as a processor can wait for. */
// @ts-ignore: decorator
@inline const LINE: usize = 64;
// @ts-ignore: decorator
@inline const CLAIMED: usize = 32 * LINE;

/**
 * Makes the next lines of a parameter this thread's own, and returns where they end, `end` at the latest. All threads have
 * read the parameter, so the first store to each line waits until the others have given it up. Stores wait in order, and
 * a processor holds only so many: those of an update, with what is remembered of it, would have few lines come at once.
 */
function claim(at: usize, end: usize): usize {
  const stop = min(at + CLAIMED, end);
  for (; at < stop; at += LINE) store<i32>(at, load<i32>(at));
  return stop;
}

// @ts-ignore: decorator
@external("assembly", "adam")
declare function adamVectors(
  parameter: usize, gradient: usize, m: usize, v: usize, vectors: usize, beta1: f32, rest1: f32, beta2: f32, rest2: f32,
  rate: f32, epsilon: f32,
): void;

// @ts-ignore: decorator
@external("assembly", "correctedAdam")
declare function correctedAdamVectors(
  parameter: usize, gradient: usize, m: usize, v: usize, vectors: usize, beta1: f32, rest1: f32, beta2: f32, rest2: f32,
  rate: f32, epsilon: f32, correction: f32,
): void;

/**
 * m ← m·β₁ + g·(1 − β₁), v ← v·β₂ + g²·(1 − β₂), θ ← θ − (m·rate) / (√v / correction + ε): see adam.mjs.
 * Keras's form has all corrections in the rate and correction 0, which stands for: no division.
 */
export function adam(
  parameter: usize, gradient: usize, m: usize, v: usize, count: usize, beta1: f32, rest1: f32, beta2: f32, rest2: f32,
  rate: f32, correction: f32, epsilon: f32,
): void {
  const end = parameter + (count & ~3) * 4;
  while (parameter < end) {
    const bytes = claim(parameter, end) - parameter;
    if (correction != 0) {
      correctedAdamVectors(
        parameter, gradient, m, v, bytes / 16, beta1, rest1, beta2, rest2, rate, epsilon, correction);
    } else adamVectors(parameter, gradient, m, v, bytes / 16, beta1, rest1, beta2, rest2, rate, epsilon);
    parameter += bytes;
    gradient += bytes;
    m += bytes;
    v += bytes;
  }
  const left = count & 3;
  if (!left) return;
  // the last ones beside, filled up to a vector
  const place = ownPlace();
  v128.store(place, loadPart(parameter, left));
  v128.store(place + 16, loadPart(gradient, left));
  v128.store(place + 32, loadPart(m, left));
  v128.store(place + 48, loadPart(v, left));
  adam(place, place + 16, place + 32, place + 48, 4, beta1, rest1, beta2, rest2, rate, correction, epsilon);
  storePart(parameter, v128.load(place), left);
  storePart(m, v128.load(place + 32), left);
  storePart(v, v128.load(place + 48), left);
}

// @ts-ignore: decorator
@inline
function rmspropStep(
  parameter: usize, gradient: usize, meanSquare: usize, count: usize, decay: f32, rest: f32, rate: f32, epsilon: f32,
): void {
  const g = read(gradient, count);
  const square = f32x4.add(
    f32x4.mul(read(meanSquare, count), f32x4.splat(decay)), f32x4.mul(f32x4.mul(g, g), f32x4.splat(rest)));
  const step = f32x4.div(f32x4.mul(g, f32x4.splat(rate)), f32x4.add(f32x4.sqrt(square), f32x4.splat(epsilon)));
  write(meanSquare, square, count);
  write(parameter, f32x4.sub(read(parameter, count), step), count);
}

/** s ← s·ρ + g²·(1 − ρ), θ ← θ − (g·rate) / (√s + ε). */
export function rmsprop(
  parameter: usize, gradient: usize, meanSquare: usize, count: usize, decay: f32, rest: f32, rate: f32, epsilon: f32,
): void {
  const end = parameter + (count & ~3) * 4;
  while (parameter < end) {
    const stop = claim(parameter, end);
    do {
      rmspropStep(parameter, gradient, meanSquare, 4, decay, rest, rate, epsilon);
      parameter += 16;
      gradient += 16;
      meanSquare += 16;
    } while (parameter < stop);
  }
  const left = count & 3;
  if (left) rmspropStep(parameter, gradient, meanSquare, left, decay, rest, rate, epsilon);
}

// @ts-ignore: decorator
@inline
function sgdStep(
  parameter: usize, gradient: usize, velocity: usize, count: usize, rate: f32, momentum: f32, nesterov: bool,
): void {
  const g = read(gradient, count);
  let direction = g;
  if (velocity) {
    direction = f32x4.add(f32x4.mul(read(velocity, count), f32x4.splat(momentum)), g);
    write(velocity, direction, count);
    if (nesterov) direction = f32x4.add(g, f32x4.mul(direction, f32x4.splat(momentum)));
  }
  write(parameter, f32x4.sub(read(parameter, count), f32x4.mul(direction, f32x4.splat(rate))), count);
}

/** u ← u·μ + g, θ ← θ − u·rate; with `nesterov` θ ← θ − (g + u·μ)·rate. Without a velocity (0): θ ← θ − g·rate. */
export function sgd(
  parameter: usize, gradient: usize, velocity: usize, count: usize, rate: f32, momentum: f32, nesterov: bool,
): void {
  const end = parameter + (count & ~3) * 4;
  while (parameter < end) {
    const stop = claim(parameter, end);
    do {
      sgdStep(parameter, gradient, velocity, 4, rate, momentum, nesterov);
      parameter += 16;
      gradient += 16;
      if (velocity) velocity += 16;
    } while (parameter < stop);
  }
  const left = count & 3;
  if (left) sgdStep(parameter, gradient, velocity, left, rate, momentum, nesterov);
}
