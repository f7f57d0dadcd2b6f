// One backend under examination: values, gradients, whether twice the same is the same, and speed.

import type { Backend } from "../backends/backend.js";
import type { FloatArray } from "../dtype.js";
import { flag, optionsOf, readOptions } from "../options.js";
import { messageOf } from "./candidates.js";
import { compareOp, type Finding, Referee, sameBits, valuesOf } from "./comparison.js";
import { IMAGE_CHECKS } from "./image-checks.js";
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

const OPTIONS = optionsOf<ExamineOptions>({ quick: flag });

/**
 * Examines a backend: the values of every op, gradients and some steps of learning against float64, whether the same
 * bits come out twice, and speed. The backend stays open, and the current one is not changed.
 *
 * Tolerances: 1e-5 of a value; 4·√k·2⁻²⁴ of ‖row‖·‖column‖ for a product of inner size k; 1e-5 of the largest gradient
 * of a tensor, and of the largest value of an op on images. A backend that fails is a problem in what is returned, never
 * an error.
 */
export async function examine(backend: Backend, options: ExamineOptions = {}): Promise<Examination> {
  const { quick = false } = readOptions("examine", options, OPTIONS);
  return examineParts((use) => use(backend), { quick, referee: new Referee() });
}

/** Calls `use` with a backend. Rejects where there is none. */
export type Lend = (use: (backend: Backend) => Promise<void>) => Promise<void>;

/**
 * Examines the backends that it is lent, one for each part: the kernels of all ops would be in the way of a program's
 * own, and in browsers, those of gpu:webasm, each with a memory of its own, take all the address space there is.
 */
export async function examineParts(
  lend: Lend,
  { quick, referee }: { readonly quick: boolean; readonly referee: Referee },
): Promise<Examination> {
  const found = { ops: [] as Finding[], network: [] as Finding[], differing: [] as string[] };
  const failures: string[] = [];
  const speeds: Speed[] = [];
  const part = (use: (backend: Backend) => Promise<void>): Promise<void> =>
    lend(use).catch((error: unknown) => void failures.push(`starting it again: ${messageOf(error)}`));
  const examineOps = async (checks: readonly OpCheck[], backend: Backend): Promise<void> => {
    for (const check of checks) found.ops.push(await examineOp(check, { backend, referee, ...found }));
  };
  await part((backend) => examineOps(OP_CHECKS, backend));
  await part(async (backend) => {
    await examineOps(IMAGE_CHECKS, backend);
    found.network.push(...(await examineNetwork({ backend, referee, ...found })));
  });
  await part(async (backend) => {
    try {
      speeds.push(await measureSpeed(backend, { quick }));
    } catch (error) {
      failures.push(`measuring its speed: ${messageOf(error)}`);
    }
  });
  const wrong = [...found.ops, ...found.network].flatMap(({ what, problem }) =>
    problem ? [`${what}: ${problem}`] : [],
  );
  const differing = found.differing.map((what) => `${what}: not the same bits when computed again`);
  const [speed] = speeds;
  return { ...found, ...(speed && { speed }), problems: [...wrong, ...differing, ...failures] };
}

/** What is examined, by whom, and where it is noted that something differs. */
interface Context {
  readonly backend: Backend;
  readonly referee: Referee;
  readonly differing: string[];
}

async function examineOp(check: OpCheck, { backend, referee, differing }: Context): Promise<Finding> {
  const { op, tolerance } = check;
  try {
    const actual = await valuesOf(backend, check);
    if (!sameBits(actual, await valuesOf(backend, check))) differing.push(op);
    return await compareOp(check, actual, referee);
  } catch (error) {
    return { what: op, error: null, tolerance, problem: messageOf(error) };
  }
}

async function examineNetwork({ backend, referee, differing }: Context): Promise<readonly Finding[]> {
  try {
    const values = await runNetwork(backend);
    const again = numbersOf(await runNetwork(backend));
    if (!numbersOf(values).every((part, i) => sameBits(part, again[i] as FloatArray)))
      differing.push("a small network");
    return await compareNetwork(values, referee);
  } catch (error) {
    return [{ what: "a small network", error: null, tolerance: 0, problem: messageOf(error) }];
  }
}

function numbersOf({ gradients, losses }: NetworkValues): readonly FloatArray[] {
  return [...gradients, losses];
}
