// What an out-of-memory error says of the linear memory: how much is held by what, and which blocks are the largest.

import { inMiB } from "./linear-memory.js";

/** One buffer. */
export interface Held {
  /** In elements. */
  readonly size: number;
  /** What made it. */
  readonly madeBy: string;
}

/** All buffers whose holders are known. */
export interface HeldMemory {
  /** Of parameters, optimizers and other variables. */
  readonly pinned: readonly Held[];
  /** Of open scopes. */
  readonly scoped: readonly Held[];
  /** How many scopes are open. */
  readonly scopes: number;
}

/** How many of the largest blocks are named. */
const MOST_NAMED = 3;

/** `parameters 12 MiB (4), …; largest: 10 MiB by matmul, …`; empty where nobody holds anything. */
export function describeHeld({ pinned, scoped, scopes }: HeldMemory): string {
  const of = (kind: string) => pinned.filter(({ madeBy }) => madeBy === kind);
  const others = pinned.filter(({ madeBy }) => madeBy !== "Parameter" && madeBy !== "optimizer state");
  const totals = [
    total("parameters", of("Parameter")),
    total("optimizer state", of("optimizer state")),
    total("other variables", others),
    total(scopes === 1 ? "1 open scope" : `${scopes} open scopes`, scoped),
  ].filter((text) => text !== "");
  const largest = [...pinned, ...scoped].sort((a, b) => b.size - a.size).slice(0, MOST_NAMED);
  if (largest.length === 0) return "";
  return `${totals.join(", ")}; largest: ${largest.map(({ size, madeBy }) => `${inMiB(4 * size)} by ${madeBy}`).join(", ")}`;
}

function total(what: string, held: readonly Held[]): string {
  if (held.length === 0) return "";
  const bytes = held.reduce((sum, { size }) => sum + 4 * size, 0);
  return `${what} ${inMiB(bytes)} (${held.length === 1 ? "1 tensor" : `${held.length} tensors`})`;
}
