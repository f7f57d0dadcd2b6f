// Measuring candidates side by side: every round runs each of them once, in turn, so that what disturbs the machine
// disturbs all, and medians and ratios of one run can be compared. Absolute times cannot.

import { setTimeout as sleep } from "node:timers/promises";

/** Something to be timed. Its results must have been checked for agreement before. */
export interface Candidate {
  readonly name: string;
  /** Calls what is measured that often, after one call that is not counted; the milliseconds that all calls took. */
  readonly time: (calls: number) => Promise<number>;
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
  /** How long a candidate is called before anything counts: engines compile what is called often, in the background. */
  readonly warmUpMilliseconds?: number;
  /** Rounds before those that count, when all have warmed up: a process that was idle since gets its memory back. */
  readonly rehearsals?: number;
  /** Between two turns, in milliseconds, for the threads of the one before to stop spinning and go to sleep. */
  readonly pauseMilliseconds?: number;
}

/** A call that takes longer than this is measured in fewer rounds: it needs no median of many. */
const SLOW_MILLISECONDS = 400;
const ROUNDS_OF_SLOW = 3;
const MOST_CALLS = 10_000;

/** Times all candidates in turn. The first turns, which compile and warm up, are not counted. */
export async function interleave(
  candidates: readonly Candidate[],
  {
    rounds,
    turnMilliseconds = 150,
    warmUpMilliseconds = 600,
    rehearsals = 0,
    pauseMilliseconds = 40,
  }: InterleaveOptions,
): Promise<Measurement[]> {
  const plans = [];
  for (const candidate of candidates) {
    await warmUp(candidate, warmUpMilliseconds);
    const estimate = await estimateCall(candidate, turnMilliseconds);
    const calls = Math.max(1, Math.min(MOST_CALLS, Math.ceil(turnMilliseconds / estimate)));
    const turns = estimate > SLOW_MILLISECONDS ? Math.min(rounds, ROUNDS_OF_SLOW) : rounds;
    plans.push({ candidate, calls, turns, times: [] as number[] });
    await sleep(pauseMilliseconds);
  }
  for (let round = -rehearsals; round < rounds; round++) {
    for (const { candidate, calls, times } of orderOf(plans, round)) {
      const time = (await candidate.time(calls)) / calls;
      if (round >= 0) times.push(time);
      await sleep(pauseMilliseconds);
    }
  }
  return plans.map(({ candidate, calls, times }) => ({
    name: candidate.name,
    median: median(times),
    fastest: Math.min(...times),
    slowest: Math.max(...times),
    rounds: times.length,
    callsPerRound: calls,
  }));
}

/** Who takes part in a round, each time from another one on, so that nobody always follows the same. */
function orderOf<T extends { readonly turns: number }>(plans: readonly T[], round: number): T[] {
  const first = Math.abs(round) % Math.max(1, plans.length);
  return [...plans.slice(first), ...plans.slice(0, first)].filter(({ turns }) => round < turns);
}

async function warmUp({ time }: Candidate, milliseconds: number): Promise<void> {
  let spent = 0;
  for (let calls = 1; spent < milliseconds; calls *= 2) spent += await time(Math.min(calls, MOST_CALLS));
}

/** Milliseconds a call, of calls enough to tell, after the first ones. */
async function estimateCall({ time }: Candidate, turnMilliseconds: number): Promise<number> {
  const first = await time(1);
  if (first > turnMilliseconds) return first;
  const calls = Math.max(1, Math.min(100, Math.ceil(turnMilliseconds / 4 / first)));
  return (await time(calls)) / calls;
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
  if (actual.length !== expected.length) {
    throw new Error(`${what}: ${actual.length} results instead of ${expected.length}: not timed`);
  }
  let [largest, difference] = [0, 0];
  for (let i = 0; i < expected.length; i++) {
    largest = Math.max(largest, Math.abs(expected[i] as number));
    difference = Math.max(difference, Math.abs((actual[i] as number) - (expected[i] as number)));
  }
  // Math.max keeps NaN, which is not at most anything
  if (difference <= tolerance * largest) return;
  throw new Error(`${what}: results differ by ${difference} of ${largest}, more than ${tolerance}: not timed`);
}
