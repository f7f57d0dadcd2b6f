// The updates of the optimizers in one pass over a parameter and what is remembered of it. The operations and their
// order are those of src/optim, so that a fused update has the bits of one made of ops.

import { loadPart, storePart } from "./lanes";

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

/**
 * m ← m·β₁ + g·(1 − β₁), v ← v·β₂ + g²·(1 − β₂), θ ← θ − (m·rate) / (√v / correction + ε).
 * Keras's form has all corrections in the rate and correction 0, which stands for: no division.
 */
export function adam(
  parameter: usize, gradient: usize, m: usize, v: usize, count: usize, beta1: f32, rest1: f32, beta2: f32, rest2: f32,
  rate: f32, correction: f32, epsilon: f32,
): void {
  for (let i: usize = 0; i < count; i += 4) {
    const left = count - i;
    const g = read(gradient + i * 4, left);
    const mean = f32x4.add(
      f32x4.mul(read(m + i * 4, left), f32x4.splat(beta1)), f32x4.mul(g, f32x4.splat(rest1)));
    const square = f32x4.add(
      f32x4.mul(read(v + i * 4, left), f32x4.splat(beta2)), f32x4.mul(f32x4.mul(g, g), f32x4.splat(rest2)));
    let root = f32x4.sqrt(square);
    if (correction != 0) root = f32x4.div(root, f32x4.splat(correction));
    const step = f32x4.div(f32x4.mul(mean, f32x4.splat(rate)), f32x4.add(root, f32x4.splat(epsilon)));
    write(m + i * 4, mean, left);
    write(v + i * 4, square, left);
    write(parameter + i * 4, f32x4.sub(read(parameter + i * 4, left), step), left);
  }
}

/** s ← s·ρ + g²·(1 − ρ), θ ← θ − (g·rate) / (√s + ε). */
export function rmsprop(
  parameter: usize, gradient: usize, meanSquare: usize, count: usize, decay: f32, rest: f32, rate: f32, epsilon: f32,
): void {
  for (let i: usize = 0; i < count; i += 4) {
    const left = count - i;
    const g = read(gradient + i * 4, left);
    const square = f32x4.add(
      f32x4.mul(read(meanSquare + i * 4, left), f32x4.splat(decay)), f32x4.mul(f32x4.mul(g, g), f32x4.splat(rest)));
    const step = f32x4.div(
      f32x4.mul(g, f32x4.splat(rate)), f32x4.add(f32x4.sqrt(square), f32x4.splat(epsilon)));
    write(meanSquare + i * 4, square, left);
    write(parameter + i * 4, f32x4.sub(read(parameter + i * 4, left), step), left);
  }
}

/** u ← u·μ + g, θ ← θ − u·rate; with `nesterov` θ ← θ − (g + u·μ)·rate. Without a velocity (0): θ ← θ − g·rate. */
export function sgd(
  parameter: usize, gradient: usize, velocity: usize, count: usize, rate: f32, momentum: f32, nesterov: bool,
): void {
  for (let i: usize = 0; i < count; i += 4) {
    const left = count - i;
    const g = read(gradient + i * 4, left);
    let direction = g;
    if (velocity) {
      direction = f32x4.add(f32x4.mul(read(velocity + i * 4, left), f32x4.splat(momentum)), g);
      write(velocity + i * 4, direction, left);
      if (nesterov) direction = f32x4.add(g, f32x4.mul(direction, f32x4.splat(momentum)));
    }
    const step = f32x4.mul(direction, f32x4.splat(rate));
    write(parameter + i * 4, f32x4.sub(read(parameter + i * 4, left), step), left);
  }
}
