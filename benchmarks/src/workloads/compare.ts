// The same work on several contestants: prepared by all, compared, and only then timed in turn.

import type { Contestant } from "../contestants/contestant.js";
import type { Task } from "../contestants/protocol.js";
import type { NotRun } from "../contestants/roster.js";
import { checkAgreement, type InterleaveOptions, interleave } from "../harness.js";
import type { Comparison } from "../report.js";

/** What is compared: a process of its own, or a library in a page. */
export type Competitor = Pick<Contestant, "name" | "prepare" | "time" | "forget">;

/** Work to be compared. */
export interface Work {
  readonly title: string;
  readonly task: Task;
  /** How far results may lie apart, over the largest element. */
  readonly tolerance: number;
  /** Floating-point operations of one call, where a rate says something. */
  readonly operations?: number;
  readonly note?: string;
}

const ORACLE = "adjoint reference";

/**
 * Times work on each contestant that can do it and whose result agrees with that of adjoint's reference backend, or,
 * where that takes no part, of the first contestant. The others are listed with the reason.
 */
export async function compare(
  contestants: readonly Competitor[],
  { title, task, tolerance, operations, note }: Work,
  options: InterleaveOptions,
): Promise<Comparison> {
  const { results, notRun } = await prepareAll(contestants, title, task);
  const expected = [...results].find(([{ name }]) => name === ORACLE)?.[1] ?? [...results.values()][0];
  const taking: Competitor[] = [];
  for (const [contestant, result] of results) {
    try {
      checkAgreement(`${title} on ${contestant.name}`, result, expected ?? [], tolerance);
      taking.push(contestant);
    } catch (error) {
      notRun.push({ name: contestant.name, reason: messageOf(error), disagrees: true });
    }
  }
  const candidates = taking.map((contestant) => ({
    name: contestant.name,
    time: (calls: number) => contestant.time(title, calls),
  }));
  const measurements = await interleave(candidates, options);
  for (const contestant of results.keys()) await contestant.forget(title);
  return { title, measurements, notRun, ...(operations ? { operations } : {}), ...(note ? { note } : {}) };
}

async function prepareAll(contestants: readonly Competitor[], key: string, task: Task) {
  const results = new Map<Competitor, Float32Array>();
  const notRun: NotRun[] = [];
  for (const contestant of contestants) {
    try {
      results.set(contestant, await contestant.prepare(key, task));
    } catch (error) {
      notRun.push({ name: contestant.name, reason: messageOf(error) });
    }
  }
  return { results, notRun };
}

/** What an error says. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
