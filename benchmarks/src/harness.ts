// Measuring candidates side by side: every round runs each of them once, in turn, so that what disturbs the machine
// disturbs all, and medians and ratios of one run can be compared. Absolute times cannot.

/** Something to be timed. */
export interface Candidate {
  readonly name: string;
  /** One call of what is measured. Results must have been checked for agreement before. */
  readonly run: () => void | Promise<void>;
}

/** Times of one candidate, in milliseconds a call. */
export interface Measurement {
  readonly name: string;
  readonly median: number;
  readonly fastest: number;
  readonly slowest: number;
  readonly rounds: number;
  readonly callsPerRound: number;
}

/** Options of `interleave`. */
export interface InterleaveOptions {
  /** How often each candidate takes its turn. */
  readonly rounds: number;
  /** A turn calls the candidate as often as it takes to fill this time, in milliseconds. */
  readonly turnMilliseconds?: number;
}

/** Times all candidates in turn. The first turns, which compile and warm up, are not counted. */
export async function interleave(
  candidates: readonly Candidate[],
  { rounds, turnMilliseconds = 30 }: InterleaveOptions,
): Promise<Measurement[]> {
  const plans = [];
  for (const candidate of candidates) {
    await timePerCall(candidate, 2);
    const estimate = await timePerCall(candidate, 1);
    const calls = Math.max(1, Math.min(10_000, Math.ceil(turnMilliseconds / estimate)));
    plans.push({ candidate, calls, times: [] as number[] });
  }
  for (let round = 0; round < rounds; round++) {
    for (const { candidate, calls, times } of plans) times.push(await timePerCall(candidate, calls));
  }
  return plans.map(({ candidate, calls, times }) => ({
    name: candidate.name,
    median: median(times),
    fastest: Math.min(...times),
    slowest: Math.max(...times),
    rounds,
    callsPerRound: calls,
  }));
}

async function timePerCall({ run }: Candidate, calls: number): Promise<number> {
  const start = performance.now();
  for (let i = 0; i < calls; i++) {
    const pending = run();
    // awaiting what is no promise would measure the event loop
    if (pending) await pending;
  }
  return (performance.now() - start) / calls;
}

/** The middle of sorted values, or the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const [low, high] = [sorted[sorted.length % 2 ? middle : middle - 1], sorted[middle]];
  return ((low ?? Number.NaN) + (high ?? Number.NaN)) / 2;
}

/** Throws unless two results agree: the largest difference over the largest element is at most `tolerance`. */
export function checkAgreement(
  what: string,
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: number,
): void {
  let [largest, difference] = [0, Math.abs(actual.length - expected.length)];
  for (let i = 0; i < expected.length; i++) {
    largest = Math.max(largest, Math.abs(expected[i] as number));
    difference = Math.max(difference, Math.abs((actual[i] as number) - (expected[i] as number)));
  }
  if (difference <= tolerance * largest) return;
  throw new Error(`${what}: results differ by ${difference} of ${largest}, more than ${tolerance}: nothing was timed`);
}
