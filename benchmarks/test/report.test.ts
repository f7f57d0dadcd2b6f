// What a report says about the machine.

import { expect, it } from "vitest";
import { describeMachine, formatConditions } from "../src/report.js";

it("tells what the environment has set for the libraries that contestants use, and nothing else of it", () => {
  const environment = { OPENBLAS_CORETYPE: "Haswell", OMP_NUM_THREADS: "1", HOME: "/home/somebody", MY_OMP_: "2" };
  const machine = describeMachine(environment);
  expect(machine.settings).toEqual({ OPENBLAS_CORETYPE: "Haswell", OMP_NUM_THREADS: "1" });
  const conditions = formatConditions({ machine, versions: { node: "20" } });
  expect(conditions).toContain(`${machine.platform}, OPENBLAS_CORETYPE=Haswell, OMP_NUM_THREADS=1; node 20`);
});
