// An optimizer's numbers as entries of its state: counts of steps and settings, and what is wrong with ones from elsewhere.

import { withBackend } from "../backends/current.js";
import { tensor } from "../ops/creation.js";
import type { SettingRule } from "../settings.js";
import type { Shape } from "../shape.js";
import type { Tensor } from "../tensor.js";

/** A double as four numbers of 16 bits: float32 holds each exactly, and so does every file and every backend. */
const WORDS = 4;

/** The shape of a setting in a state. */
export const SETTING_SHAPE: Shape = [WORDS];

/** The 64 bits of a number, 16 to an element, the highest first. */
export function encodeDouble(value: number): number[] {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  return Array.from({ length: WORDS }, (_, i) => view.getUint16(2 * i));
}

/** The number whose bits these are; NaN for what are no bits. */
export function decodeDouble(words: ArrayLike<number>): number {
  const view = new DataView(new ArrayBuffer(8));
  for (let i = 0; i < WORDS; i++) {
    const word = words[i] as number;
    if (!Number.isInteger(word) || word < 0 || word > 0xffff) return Number.NaN;
    view.setUint16(2 * i, word);
  }
  return view.getFloat64(0);
}

/** A tensor for a state, like a parameter in backend and element type, which no scope owns. */
export function stateTensor(like: Tensor, values: number | number[]): Tensor {
  const made = withBackend(like.backend, () => tensor(values, { dtype: like.dtype }));
  made.storage.adopt(undefined);
  return made;
}

/** The values of some tensors: at once where their backends allow that, so that a caller who does not wait has them too. */
export function readNumbers(
  tensors: ReadonlyMap<string, Tensor>,
): ReadonlyMap<string, ArrayLike<number>> | Promise<ReadonlyMap<string, ArrayLike<number>>> {
  const all = [...tensors];
  if (all.every(([, { backend }]) => backend.synchronous)) {
    return new Map(all.map(([name, value]) => [name, value.dataSync()]));
  }
  const reading = all.map(async ([name, value]) => [name, await value.data()] as const);
  return Promise.all(reading).then((pairs) => new Map(pairs));
}

/** What is wrong with a count of steps; undefined for one. */
export function stepProblem(name: string, values: ArrayLike<number>): string | undefined {
  const step = values[0];
  if (values.length === 1 && Number.isSafeInteger(step) && (step as number) >= 0) return undefined;
  return `${name} must be a whole number ≥ 0, got ${step}`;
}

/** What is wrong with a setting that a state has; undefined for what `rule` accepts. */
export function settingProblem(
  name: string,
  values: ArrayLike<number>,
  rule: SettingRule,
  owner: object,
): string | undefined {
  const value = decodeDouble(values);
  const expected = rule(value, owner);
  return expected && `${name} must be ${expected}, got ${value}`;
}
