// A derivative from differences that knows how far it can be off.

/** A derivative, and a bound on its error: what truncation and rounding are estimated to contribute at most. */
export interface NumericDerivative {
  readonly value: number;
  readonly error: number;
}

/** What a difference is taken of. */
export interface Line {
  /** The function along the line, at a distance from the point. */
  readonly at: (distance: number) => number;
  /** Its value at the point. */
  readonly middle: number;
  /** The largest absolute coordinate of the point, to which a moved point is rounded. */
  readonly magnitude: number;
}

/** How often a step is halved at most. Rounding then outweighs what halving gains. */
const MOST_HALVINGS = 8;
/** How much larger the steps of a second attempt begin, for functions whose rounding hides a small derivative. */
const LARGER = 64;
/** Rounding of a function's value, in units of 2⁻⁵³ of that value: it has more than one operation. */
const OPERATIONS = 8;
const UNIT = 2 ** -53;

/**
 * The derivative of a function along a line, at distance 0, by central differences of halved steps, extrapolated to a
 * step of 0. It stops as soon as the error is below `goal(value)`, most often after two steps.
 *
 * Ridders, "Accurate computation of F′(x) and F′(x) F″(x)", Advances in Engineering Software 4 (1982), with halved steps.
 *
 * @param step the first step: half the width of the first difference
 * @returns the extrapolation with the smallest error; NaN with an infinite error where the function is not finite
 */
export function derivativeAlong(line: Line, step: number, goal: (value: number) => number): NumericDerivative {
  const found = extrapolate(line, step, goal);
  if (found.error <= goal(found.value)) return found;
  const again = extrapolate(line, LARGER * step, goal);
  return again.error < found.error ? again : found;
}

function extrapolate(line: Line, first: number, goal: (value: number) => number): NumericDerivative {
  let best: NumericDerivative = { value: Number.NaN, error: Number.POSITIVE_INFINITY };
  let previous: readonly number[] = [];
  let bendBefore = 0;
  for (let halvings = 0; halvings <= MOST_HALVINGS; halvings++) {
    const { value, rounding, bend } = difference(line, first / 2 ** halvings);
    if (!Number.isFinite(value)) {
      // a step out of the domain: the next may stay inside
      previous = [];
      continue;
    }
    const row = [value];
    // halved with the step where the function is smooth: what remains is the change of slope at a kink, or less
    const kink = 2 * Math.abs(2 * bend - bendBefore);
    // a central difference has only even powers of the step: each column removes one
    for (const [column, before] of previous.entries()) {
      const last = row[column] as number;
      const next = last + (last - before) / (4 ** (column + 1) - 1);
      row.push(next);
      const error = Math.max(Math.abs(next - last), Math.abs(next - before), kink) + 2 * rounding;
      if (error < best.error) best = { value: next, error };
    }
    if (best.error <= goal(best.value)) return best;
    previous = row;
    bendBefore = bend;
  }
  return best;
}

/** A central difference, what rounding may contribute to it, and half the difference between the slopes on both sides. */
function difference({ at, middle, magnitude }: Line, step: number): { value: number; rounding: number; bend: number } {
  const [right, left] = [at(step), at(-step)];
  const value = (right - left) / (2 * step);
  const bend = (right - middle - (middle - left)) / (2 * step);
  const values = (OPERATIONS * UNIT * (Math.abs(right) + Math.abs(left))) / (2 * step);
  return { value, rounding: values + (UNIT * magnitude * Math.abs(value)) / step, bend };
}
