// The errors that gradient checks found, so that the worst can be told: with ADJOINT_GRADIENT_ERRORS=FILE each test
// file appends a line of JSON for each op and kind of check.

import { appendFileSync } from "node:fs";
import type { CheckReport } from "@adjoint/core/testing";
import { afterAll } from "vitest";

const worst = new Map<string, { op: string; check: string; error: number; comparisons: number }>();

/** Takes down what a check of an op found. */
export function recordError(op: string, check: string, { error, comparisons }: CheckReport): void {
  const key = `${op}, ${check}`;
  const before = worst.get(key) ?? { op, check, error: 0, comparisons: 0 };
  worst.set(key, {
    ...before,
    error: Math.max(before.error, error),
    comparisons: before.comparisons + comparisons,
  });
}

/** Call once in a test file that checks gradients. */
export function reportErrorsAtEnd(): void {
  const file = process.env.ADJOINT_GRADIENT_ERRORS;
  if (!file) return;
  afterAll(() => {
    appendFileSync(file, [...worst.values()].map((line) => `${JSON.stringify(line)}\n`).join(""));
  });
}
