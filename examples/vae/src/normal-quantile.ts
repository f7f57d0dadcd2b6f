// Quantiles of the standard normal distribution.

const STEPS = 20;

/** The x below which a standard normal number lies with probability p, 0 < p < 1: Newton's method on its distribution. */
export function normalQuantile(p: number): number {
  let x = 0;
  for (let step = 0; step < STEPS; step++) x -= (probabilityBelow(x) - p) / density(x);
  return x;
}

function density(x: number): number {
  return Math.exp(-0.5 * x * x) / Math.sqrt(2 * Math.PI);
}

/** ½ + φ(x)·(x + x³/3 + x⁵/(3·5) + …): Marsaglia, "Evaluating the Normal Distribution", 2004. */
function probabilityBelow(x: number): number {
  let [sum, term] = [0, x];
  for (let i = 3; sum + term !== sum; i += 2) {
    sum += term;
    term *= (x * x) / i;
  }
  return 0.5 + sum * density(x);
}
