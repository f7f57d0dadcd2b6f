// Settings: public fields that may be changed at any time, and are checked whenever they are, as options are.

import { ArgumentError } from "./errors.js";

/**
 * What a setting takes: returns undefined for a right value, else what was expected, `a number in [0, 1)`. `owner` is the
 * object that has the setting, whose other fields may decide.
 */
export type SettingRule<Owner = object> = (value: unknown, owner: Owner) => string | undefined;

/** Rules by prototype, so that a subclass has its base's. */
const RULES = new WeakMap<object, ReadonlyMap<string, SettingRule>>();

/**
 * Makes fields of a class checked ones: an assignment that a rule refuses throws an ArgumentError and changes nothing.
 * To be called first in the constructor of the class, which `declare`s the fields and assigns them after; the second call
 * for a class does nothing. (Not in a static block: no bundler would leave out a class that has one.)
 *
 * @param where what errors call the class
 */
export function defineSettings<Owner extends object>(
  type: { readonly prototype: Owner },
  where: string,
  rules: Readonly<Record<string, SettingRule<Owner>>>,
): void {
  if (RULES.has(type.prototype)) return;
  const all = new Map<string, SettingRule>();
  for (const [name, rule] of Object.entries(rules)) {
    all.set(name, (value, owner) => rule(value, owner as Owner));
    const slot = Symbol(name);
    Object.defineProperty(type.prototype, name, {
      get(this: { [slot]: unknown }) {
        return this[slot];
      },
      set(this: Owner & { [slot]: unknown }, value: unknown) {
        const expected = rule(value, this);
        if (expected) throw new ArgumentError(where, `${name} must be ${expected}, got ${describeValue(value)}`);
        this[slot] = value;
      },
    });
  }
  RULES.set(type.prototype, all);
}

/** The rules of an object's settings, by name. */
export function settingsOf(owner: object): ReadonlyMap<string, SettingRule> {
  for (let type: object | null = owner; type; type = Object.getPrototypeOf(type)) {
    const rules = RULES.get(type);
    if (rules) return rules;
  }
  return new Map();
}

/** A number from `low` on and below `high`. */
export function numberIn(low: number, high: number): SettingRule {
  const expected = `a number in [${low}, ${high})`;
  return (value) => (typeof value === "number" && value >= low && value < high ? undefined : expected);
}

/** A number from `low` to `high`, both included. */
export function numberUpTo(low: number, high: number): SettingRule {
  const expected = `a number in [${low}, ${high}]`;
  return (value) => (typeof value === "number" && value >= low && value <= high ? undefined : expected);
}

/** Any number but NaN and the infinities. */
export const finiteNumber: SettingRule = (value) => (Number.isFinite(value) ? undefined : "a finite number");

/** One of a few values. */
export function oneOf(values: readonly unknown[]): SettingRule {
  const expected = values.map((value) => JSON.stringify(value)).join(" or ");
  return (value) => (values.includes(value) ? undefined : expected);
}

/** A value as a message shows it. */
function describeValue(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "bigint") return `${value}n`;
  if (typeof value === "function") return "a function";
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "an array" : "an object";
  return String(value);
}
