// Tests of a backend's special values beside PyTorch's. All elements must agree, but those that special-choices.ts names.

import type { Backend, DType } from "@adjoint/core";
import { expect, it } from "vitest";
import { type Choice, choices } from "./special-choices.js";
import { type Element, elementsOf, specialCases } from "./special-grid.js";

/** How exactly a backend computes. */
export interface Precision {
  readonly dtype?: DType;
  /** Whether it may take denormal numbers for 0, as GPUs do: then elements that depend on them are not compared. */
  readonly flushes?: boolean;
}

/** Ops whose zeros have the sign that IEEE 754 gives them, in PyTorch too; elsewhere it depends on its vector code. */
const SIGNED = new Set(["neg", "add", "sub", "mul", "div", "sqrt", "pow", "gather", "where"]);

const SMALLEST_NORMAL = { float32: 2 ** -126, float64: 2 ** -1022 };
/** Relative to the element, and a few of the smallest numbers, which have no digits. */
const TOLERANCE = { float32: [1e-5, 2 ** -147], float64: [1e-12, 2 ** -1072] } as const;

/** Tests of a backend. */
export function describeSpecialValues(name: string, backendOf: () => Backend, precision: Precision = {}): void {
  const { dtype = "float32" } = precision;
  const taken = new Set<Choice>();

  it.each(specialCases(dtype).map((special) => [titleOf(special), special] as const))(
    `${name} gives for %s what PyTorch gives`,
    async (_, special) => {
      for (const element of await elementsOf(backendOf(), special)) compare(element, precision, taken);
    },
  );

  it(`${name} needs every choice that is another than PyTorch's`, () => {
    expect(choices.filter((choice) => !taken.has(choice)).map(({ why }) => why)).toEqual([]);
  });
}

function titleOf({ op, options }: { op: string; options?: object }): string {
  return options ? `${op} ${JSON.stringify(options)}` : op;
}

function compare(element: Element, precision: Precision, taken: Set<Choice>): void {
  if (precision.flushes && involvesDenormals(element, precision)) return;
  const [choice, ...others] = choices.filter(({ applies }) => applies(element));
  expect(others, `one choice at most for ${textOf(element)}`).toEqual([]);
  if (!choice) {
    if (!isSame(element.got, element.torch, element, precision)) expect.fail(textOf(element));
    return;
  }
  taken.add(choice);
  const wanted = choice.value(element);
  if (!isSame(element.got, wanted, element, precision))
    expect.fail(`${textOf(element)}; chosen ${wanted}: ${choice.why}`);
  if (isSame(wanted, element.torch, element, precision)) expect.fail(`${textOf(element)}; not needed: ${choice.why}`);
}

function isSame(got: number, wanted: number, element: Element, { dtype = "float32" }: Precision): boolean {
  if (Object.is(got, wanted)) return true;
  if (got === 0 && wanted === 0) return !(element.of === "y" && SIGNED.has(element.op));
  const [relative, absolute] = TOLERANCE[dtype];
  return Number.isFinite(wanted) && Math.abs(got - wanted) <= relative * Math.abs(wanted) + absolute;
}

function involvesDenormals({ inputs, torch, got }: Element, { dtype = "float32" }: Precision): boolean {
  return [...inputs, torch, got].some((x) => x !== 0 && Math.abs(x) < 2 * SMALLEST_NORMAL[dtype]);
}

function textOf({ op, options, of, dy, place, inputs, torch, got }: Element): string {
  const part = of === "y" ? "y" : `the gradient of input ${of} for dy ${dy ?? "of several values"}`;
  return `${op} ${JSON.stringify(options)}, ${part}, element ${place} of (${inputs.join(", ")}): got ${got}, PyTorch has ${torch}`;
}
