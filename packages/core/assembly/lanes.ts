// Vectors of four float32 lanes: partial loads and stores for the ends of arrays, and the sum of lanes in a fixed order.
// The ends go through the same vector code as the middle, so that an element's bits do not depend on where it lies.

/** The first `count` (1 to 3) floats at `at`; the other lanes are 0. */
export function loadPart(at: usize, count: usize): v128 {
  if (count == 1) return v128.load32_zero(at);
  const two = v128.load64_zero(at);
  if (count == 2) return two;
  return v128.load_lane<f32>(at, two, 2, 8);
}

/** Writes the first `count` (1 to 3) lanes to `at`. */
export function storePart(at: usize, value: v128, count: usize): void {
  if (count == 1) {
    v128.store_lane<f32>(at, value, 0);
    return;
  }
  v128.store_lane<f64>(at, value, 0);
  if (count == 3) v128.store_lane<f32>(at, value, 2, 8);
}

/** (l0 + l2) + (l1 + l3). */
// @ts-ignore: decorator
@inline
export function sumOfLanes(x: v128): f32 {
  const halves = f32x4.add(x, v128.shuffle<f32>(x, x, 2, 3, 0, 1));
  return f32x4.extract_lane(halves, 0) + f32x4.extract_lane(halves, 1);
}

/** a·b + c, rounded twice. */
// @ts-ignore: decorator
@inline
export function multiplyAdd(a: v128, b: v128, c: v128): v128 {
  return f32x4.add(f32x4.mul(a, b), c);
}
