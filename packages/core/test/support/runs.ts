// How many random inputs a property gets: fewer than fast-check's own 100, since each is a whole check of a gradient;
// ADJOINT_RUNS (see setup.ts) says another number.

import fc from "fast-check";

const DEFAULT_RUNS = 40;

/** Parameters for `fc.assert`: the usual number of runs, or a part of it for what takes longer. */
export function runs(part = 1): { numRuns: number } {
  const usual = fc.readConfigureGlobal().numRuns ?? DEFAULT_RUNS;
  return { numRuns: Math.max(1, Math.round(usual * part)) };
}
