// Adam's update of a vector. The operations and their order are those of src/optim, so that a fused update has the bits of
// one made of ops.

// divisions and roots set the pace: more side by side would only take room
const arrays = { reads: ["parameter", "gradient", "m", "v"], writes: ["m", "v", "parameter"], sideBySide: 2 };
const decays = ["beta1", "rest1", "beta2", "rest2"];

function updateOf({ parameter, gradient, m, v, beta1, rest1, beta2, rest2, rate, epsilon, correction }, operations) {
  const { add, sub, mul, div, sqrt } = operations;
  const mean = add(mul(m, beta1), mul(gradient, rest1));
  const square = add(mul(v, beta2), mul(mul(gradient, gradient), rest2));
  const root = correction ? div(sqrt(square), correction) : sqrt(square);
  const step = div(mul(mean, rate), add(root, epsilon));
  return { m: mean, v: square, parameter: sub(parameter, step) };
}

/** m ← m·β₁ + g·(1 − β₁), v ← v·β₂ + g²·(1 − β₂), θ ← θ − (m·rate) / (√v + ε), as `lockstepText` takes it. */
export const adam = { ...arrays, numbers: [...decays, "rate", "epsilon"], formula: updateOf };

/** The same with √v / correction in the place of √v. */
export const correctedAdam = { ...arrays, numbers: [...decays, "rate", "epsilon", "correction"], formula: updateOf };
