// The properties that every differentiable op has, as tests over random calls of it.

import type { Tensor } from "@adjoint/core";
import { checkAdjoint, checkGradients, checkSecondGradients } from "@adjoint/core/testing";
import fc from "fast-check";
import { describe, it } from "vitest";
import { expectClose, inFloat64, read } from "./expectations.js";
import { recordError, reportErrorsAtEnd } from "./gradient-errors.js";
import { toTensor } from "./host-array.js";
import { type OpCall, type OpCase, restrictTo } from "./op-case.js";
import { runs } from "./runs.js";

/**
 * Tests of each op: its values are those of its definition, its first and second gradients those that differences
 * show in float64 (relative 1e-6), and where it is linear its gradient is its adjoint.
 */
export function describeOps(cases: readonly OpCase[]): void {
  reportErrorsAtEnd();
  describe.each(cases.map((opCase) => [opCase.op, opCase] as const))("%s, on random calls", (op, opCase) => {
    const { calls, linearIn = [] } = opCase;

    it("equals its definition, element by element", () => {
      fc.assert(fc.property(calls, checkValues), runs());
    });

    it("has the gradient that differences show", () => {
      const property = fc.property(calls, ({ apply, inputs }) => {
        recordError(op, "first", checkGradients(apply, inputs));
      });
      fc.assert(property, runs());
    });

    it("has the second gradient that differences show", () => {
      const property = fc.property(calls, ({ apply, inputs }) => {
        recordError(op, "second", checkSecondGradients(curved(apply), inputs));
      });
      fc.assert(property, runs(0.5));
    });

    it.each(linearIn.map((linearity) => [linearity.input, linearity] as const))(
      "is linear in input %i, and its gradient the adjoint",
      (input, linearity) => {
        const property = fc.property(calls, (call) => {
          const shape = call.inputs[input]?.shape ?? [];
          recordError(op, "adjoint", checkAdjoint(restrictTo(call, linearity, toTensor), shape));
        });
        fc.assert(property, runs());
      },
    );
  });
}

function checkValues({ inputs, apply, define }: OpCall): void {
  const actual = inFloat64(() => read(apply(...inputs.map((array) => toTensor(array)))));
  expectClose(actual, define(...inputs));
}

/** y + y²: what is linear gets a second gradient too, and the gradient's own gradient rule is used. */
function curved(apply: (...inputs: Tensor[]) => Tensor) {
  return (...inputs: Tensor[]): Tensor => {
    const y = apply(...inputs);
    return y.add(y.square());
  };
}
