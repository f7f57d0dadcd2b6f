// One backend under examination: values, gradients, whether twice the same is the same, and speed.

import type { Backend } from "../backends/backend.js";
import type { FloatArray } from "../dtype.js";
import { messageOf } from "./candidates.js";
import { compareOp, type Finding, sameBits, valuesOf } from "./comparison.js";
import { OP_CHECKS, type OpCheck } from "./op-checks.js";
import { compareNetwork, type NetworkValues, runNetwork } from "./small-network.js";
import { measureSpeed, type Speed } from "./speed.js";

/** What an examination found. */
export interface Examination {
  /** Each op's values against float64. */
  readonly ops: readonly Finding[];
  /** The gradients of a small network and its losses while it learns, against float64. */
  readonly network: readonly Finding[];
  /** What was not the same bit for bit when it was computed again; empty where all was. */
  readonly differing: readonly string[];
  /** Absent where measuring failed: `problems` says why. */
  readonly speed?: Speed;
  /** All that is wrong, in words; empty where nothing is. */
  readonly problems: readonly string[];
}

/** Options of `examine`. */
export interface ExamineOptions {
  /** Measures less, for about a quarter of the time. Default: no. */
  readonly quick?: boolean;
}

/**
 * Examines a backend: the values of every op, gradients and some steps of learning against float64, whether the same
 * bits come out twice, and speed. The backend stays open, and the current one is not changed.
 *
 * Tolerances: 1e-5 of a value; 4·√k·2⁻²⁴ of ‖row‖·‖column‖ for a product of inner size k; 1e-5 of the largest gradient
 * of a tensor. A backend that fails is a problem in what is returned, never an error.
 */
export async function examine(backend: Backend, options: ExamineOptions = {}): Promise<Examination> {
  return addSpeed(await examineValues(backend), backend, options);
}

/** All but the speed. */
export async function examineValues(backend: Backend): Promise<Examination> {
  const differing: string[] = [];
  const ops: Finding[] = [];
  for (const check of OP_CHECKS) ops.push(await examineOp(backend, check, differing));
  const network = await examineNetwork(backend, differing);
  const wrong = [...ops, ...network].flatMap(({ what, problem }) => (problem ? [`${what}: ${problem}`] : []));
  const problems = [...wrong, ...differing.map((what) => `${what}: not the same bits when computed again`)];
  return { ops, network, differing, problems };
}

/** What was found, and the speed of a backend; that it cannot be measured is a problem. */
export async function addSpeed(
  found: Examination,
  backend: Backend,
  { quick = false }: ExamineOptions,
): Promise<Examination> {
  try {
    return { ...found, speed: await measureSpeed(backend, { quick }) };
  } catch (error) {
    return { ...found, problems: [...found.problems, `measuring its speed: ${messageOf(error)}`] };
  }
}

async function examineOp(backend: Backend, check: OpCheck, differing: string[]): Promise<Finding> {
  const { op, tolerance } = check;
  try {
    const actual = await valuesOf(backend, check);
    if (!sameBits(actual, await valuesOf(backend, check))) differing.push(op);
    return await compareOp(check, actual);
  } catch (error) {
    return { what: op, error: null, tolerance, problem: messageOf(error) };
  }
}

async function examineNetwork(backend: Backend, differing: string[]): Promise<readonly Finding[]> {
  try {
    const values = await runNetwork(backend);
    const again = numbersOf(await runNetwork(backend));
    if (!numbersOf(values).every((part, i) => sameBits(part, again[i] as FloatArray)))
      differing.push("a small network");
    return await compareNetwork(values);
  } catch (error) {
    return [{ what: "a small network", error: null, tolerance: 0, problem: messageOf(error) }];
  }
}

function numbersOf({ gradients, losses }: NetworkValues): readonly FloatArray[] {
  return [...gradients, losses];
}
