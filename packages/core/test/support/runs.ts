// How much is tested: how many random inputs a property gets, fewer than fast-check's own 100, since each is a whole
// check of a gradient, where ADJOINT_RUNS (see setup.ts) says no other number; and whether a run may take long.

import fc from "fast-check";

const DEFAULT_RUNS = 40;

/**
 * Whether ADJOINT_LONG=1 asks for everything. Without it, tests whose every kernel takes a program that plays a GPU up to
 * two seconds to compile leave out combinations of what does not influence each other.
 */
export const LONG = process.env.ADJOINT_LONG === "1";

/** Parameters for `fc.assert`: the usual number of runs, or a part of it for what takes longer. */
export function runs(part = 1): { numRuns: number } {
  const usual = fc.readConfigureGlobal().numRuns ?? DEFAULT_RUNS;
  return { numRuns: Math.max(1, Math.round(usual * part)) };
}
