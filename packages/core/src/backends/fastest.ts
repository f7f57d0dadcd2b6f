// How `useBackend("auto")` takes the fastest of several backends. Loaded when it is asked.

import { BackendError } from "../errors.js";
import type { Backend } from "./backend.js";
import { measureSteps } from "./measure.js";
import { WasmBackend } from "./wasm/index.js";

/** A backend, and how long a step took on it. */
export interface Timed {
  readonly name: string;
  readonly milliseconds: number;
}

/** How many times as fast as the first another must be: less is not worth giving up what the first has. */
const MARGIN = 1.2;

/** The one that is taken, and the numbers that say why. The first is taken unless another is clearly faster. */
export function chooseAmong<T extends Timed>(candidates: readonly [T, ...T[]]): { taken: T; why: string } {
  const [first] = candidates;
  const fastest = candidates.reduce((best, one) => (one.milliseconds < best.milliseconds ? one : best));
  const taken = fastest.milliseconds * MARGIN <= first.milliseconds ? fastest : first;
  const numbers = candidates.map(({ name, milliseconds }) => `${brief(milliseconds)} ms on ${name}`).join(", ");
  const near = taken === fastest ? "" : `; ${fastest.name} is not ${MARGIN} times as fast`;
  return { taken, why: `${numbers}${near}` };
}

/** A positive number with two digits, or all those before its point. */
export function brief(value: number): string {
  return value >= 9.95 ? value.toFixed(0) : value.toPrecision(2);
}

/** Where backends come from. */
export interface Source<Name extends string> {
  /** One that is in use: it is measured, and never disposed of. */
  readonly running: (name: Name) => Backend | undefined;
  /** A new one that nobody else knows of. Rejects with a BackendError where it cannot be had. */
  readonly create: (name: Name) => Promise<Backend>;
}

/** What was taken, not yet known to anybody where it is new, and why. */
export interface Taken {
  readonly backend: Backend;
  readonly reason: string;
}

/** Threads that are not up by then count as they are. */
const READY_MILLISECONDS = 300;

/**
 * Starts those that can be had, measures them where there are several, and disposes of all new ones but the fastest.
 *
 * @throws BackendError where none can be had, with what is missing for each
 */
export async function takeFastest<Name extends string>(names: readonly Name[], source: Source<Name>): Promise<Taken> {
  const created = new Set<Backend>();
  const refusals: string[] = [];
  let taken: Backend | undefined;
  try {
    const found = await collect(names, source, created, refusals);
    const timed =
      found.length > 1
        ? await time(found, refusals)
        : found.map((backend) => ({ backend, name: backend.name, milliseconds: 0 }));
    const [first, ...others] = timed;
    if (!first) throw new BackendError("auto", `none of ${names.join(", ")} works here\n  ${refusals.join("\n  ")}`);
    const choice = chooseAmong([first, ...others]);
    taken = choice.taken.backend;
    const numbers = found.length > 1 ? [`a small training step took ${choice.why}`] : [];
    return {
      backend: taken,
      reason: `auto took ${taken.name}: ${[...numbers, ...refusals].join("; ") || "no other was asked for"}`,
    };
  } finally {
    for (const backend of created) if (backend !== taken) await backend.dispose();
  }
}

async function collect<Name extends string>(
  names: readonly Name[],
  { running, create }: Source<Name>,
  created: Set<Backend>,
  refusals: string[],
): Promise<Backend[]> {
  const found: Backend[] = [];
  for (const name of names) {
    try {
      const used = running(name);
      const backend = used ?? (await create(name));
      if (!used) created.add(backend);
      found.push(backend);
    } catch (error) {
      if (!(error instanceof BackendError)) throw error;
      refusals.push(refusalOf(error));
    }
  }
  return found;
}

async function time(found: readonly Backend[], refusals: string[]): Promise<(Timed & { readonly backend: Backend })[]> {
  for (const backend of found) if (backend instanceof WasmBackend) await threadsOf(backend);
  const outcomes = await measureSteps(found);
  return found.flatMap((backend, i) => {
    const outcome = outcomes[i];
    if (typeof outcome === "number") return [{ backend, name: backend.name, milliseconds: outcome }];
    refusals.push(`${backend.name} fails (${outcome ? refusalOf(outcome) : "it was not measured"})`);
    return [];
  });
}

/** Waits a little for all threads. One that cannot be started is told of by the measurement. */
async function threadsOf(backend: WasmBackend): Promise<void> {
  const timeout = new Promise<void>((resolve) => setTimeout(resolve, READY_MILLISECONDS));
  await Promise.race([backend.ready().catch(() => undefined), timeout]);
}

/** The first line of an error, which says what is missing and how to get it. */
function refusalOf({ message }: Error): string {
  return `${message.split("\n", 1)[0]}`;
}
